/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where an image comes from: every byte is read once, counted, hashed when
 * asked for, and reading can be cancelled.  Holes of a sparse file are told
 * as such.
 */
#ifndef PREP_FETCH_SOURCE_H
#define PREP_FETCH_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetch_sum.h"
#include "reason.h"

/* Enough to tell an archive by. */
#define PREP_HEAD_BYTES 1024u

struct prep_source {
	int fd;
	bool is_file;	      /* regular, and at its beginning */
	uint64_t total_bytes; /* 0: not known */
	uint64_t done_bytes;
	struct prep_hasher *hasher; /* borrowed, or NULL */
	void (*progress)(void *context, uint64_t done_bytes,
			 uint64_t total_bytes); /* or NULL */
	bool (*is_cancelled)(void *context);	/* or NULL */
	void *context;
	struct pbf_reason *why;
	unsigned char *buffer;
	size_t pending_bytes; /* read, and not yet given */
	size_t given_bytes;   /* last time */
};

/*
 * Fills in what does not depend on the caller's wishes, which are there.  0,
 * -ENOMEM or the negative errno of fstat(2).
 */
int prep_source_start(struct prep_source *source);
void prep_source_release(struct prep_source *source);

/*
 * Lends the first bytes without taking them, PREP_HEAD_BYTES unless the source
 * ends before.  Only to be called before the first prep_source_next().  Errors
 * as there.
 */
int prep_source_peek(struct prep_source *source,
		     const unsigned char **ret_bytes, size_t *ret_length);

/*
 * Lends the next bytes until the next call; none at the end.  -ECANCELED, or
 * the negative errno of reading.  Fit for a struct prep_feed.
 */
int prep_source_next(void *source, const unsigned char **ret_bytes,
		     size_t *ret_length);

/*
 * Passes over a hole, if there is one here: how many zero bytes that is.
 * Errors as prep_source_next().
 */
int prep_source_skip_hole(struct prep_source *source, uint64_t *ret_length);

/*
 * Counts bytes that were read in another way, and hashes them when there is a
 * hasher.  0 or -ECANCELED.
 */
int prep_source_account(struct prep_source *source, const void *bytes,
			size_t length);

#define _cleanup_fetch_source_ _cleanup_(prep_source_release)

#endif
