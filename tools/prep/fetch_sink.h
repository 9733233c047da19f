/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An image being written from its beginning to its end, with holes where its
 * bytes are zero, and no further than it may go.
 */
#ifndef PREP_FETCH_SINK_H
#define PREP_FETCH_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "reason.h"

struct prep_sink {
	int fd; /* an empty file */
	uint64_t size_bytes_max;
	uint64_t size_bytes; /* of what has been written or left out */
	unsigned char *buffer;
	size_t buffered_bytes;
	bool has_failed; /* it was not to be written, or is too large */
	struct pbf_reason *why;
};

/* 0 or -ENOMEM. */
int prep_sink_start(struct prep_sink *sink);
void prep_sink_release(struct prep_sink *sink);

/*
 * Takes the next bytes.  -EFBIG when it becomes larger than it may, the
 * negative errno of writing, or -EOPNOTSUPP: what prep_refuse_foreign() says
 * about the first bytes.
 */
int prep_sink_put(struct prep_sink *sink, const void *bytes, size_t length);

/* Takes zero bytes.  Errors likewise. */
int prep_sink_put_zeroes(struct prep_sink *sink, uint64_t length);

/* Writes what is left, and gives the file its size.  Errors likewise. */
int prep_sink_finish(struct prep_sink *sink);

/*
 * -EOPNOTSUPP when these are the first bytes of something that is mistaken
 * for a raw disk image: an archive, the image of a virtual machine, a web
 * page.  WHY says what to do about it.
 */
int prep_refuse_foreign(const unsigned char *head, size_t length,
			struct pbf_reason *why);

#define _cleanup_sink_ _cleanup_(prep_sink_release)

#endif
