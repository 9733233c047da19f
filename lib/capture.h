/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking the photograph: the whole content of one file as of one instant,
 * while others may be writing to its image.
 *
 * The content is read once and handed on as it comes, then *sealed*: what was
 * read is known to have been on the disk at one time.  That is so when
 * directory entry, chain and image stamp are the same after reading as before
 * and the stamp was settled; on an image that has no such stamp, or that was
 * written in the last seconds, when a second look at least PBF_BURST_MS later
 * finds the same bytes.
 */
#ifndef PBF_CAPTURE_H
#define PBF_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "digest.h"
#include "location.h"
#include "reason.h"
#include "stamp.h"

/* Who wants the content. */
struct pbf_capture {
	struct pbf_address address;
	uint64_t size_bytes;
	unsigned char *content; /* SIZE_BYTES, filled here */

	/* The first FILLED_BYTES of the content are there. */
	void (*advance)(void *context, uint64_t filled_bytes);
	/* Work goes on: so many bytes were looked at again. */
	void (*progress)(void *context, uint64_t compared_bytes);
	/*
	 * The content must be read again.  False when bytes of it were handed
	 * out, so that it is too late for that.
	 */
	bool (*withdraw)(void *context);
	void *context;
};

/*
 * Takes the photograph of the file that lies at FIRST now.  *ret_stamp is a
 * stamp that proves the content, or not provable.  -ESTALE when the file
 * changed and is not the one that was asked for; -EIO, -EUCLEAN and others
 * from reading.
 */
int pbf_capture_take(const struct pbf_capture *capture,
		     struct pbf_location *first, struct pbf_digest *ret_digest,
		     struct pbf_stamp *ret_stamp, struct pbf_reason *why);

#endif
