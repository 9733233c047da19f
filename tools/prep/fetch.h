/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk image taken from where it was downloaded to: a file or a pipe, raw
 * or compressed, written as a sparse file, with the SHA-256 sum of the source
 * made on the way.  Which it is, is seen from the content, never from a name.
 *
 * A raw source is cloned (FICLONE) where the file system can do that;
 * otherwise its bytes have to pass through here anyway, to find the runs of
 * zeroes and to make the sum, so copy_file_range(2) has no part in it.
 */
#ifndef PREP_FETCH_H
#define PREP_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "decoder.h"
#include "fetch_sum.h"
#include "reason.h"

struct prep_fetch {
	int source_fd; /* read from where it stands */
	/* An empty regular file, open for reading and writing. */
	int destination_fd;
	/*
	 * The largest image that is accepted.  0 stands for the size of the
	 * whole file system that it is written to: a sparse image may be
	 * larger than what is free there, but not larger than what could ever
	 * be, and a decompression bomb ends at it.
	 */
	uint64_t size_bytes_max;
	bool wants_sum;
	/*
	 * Told how much of the source is done; the total is 0 when it is not
	 * known.  May be NULL.
	 */
	void (*progress)(void *context, uint64_t done_bytes,
			 uint64_t total_bytes);
	/*
	 * Asked at least twice a second whether to stop; a signal that
	 * interrupts a read is asked about at once.  May be NULL.
	 */
	bool (*is_cancelled)(void *context);
	void *context;
};

struct prep_fetched {
	/* Of a failure: the image was to blame and not the source. */
	bool is_image_to_blame;
	uint64_t size_bytes; /* of the image */
	enum prep_format format;
	struct prep_sum sum; /* of all bytes of the source, if asked for */
};

/*
 * Writes the image.  The caller syncs it, or throws it away after an error:
 *
 * -ECANCELED	is_cancelled() said so
 * -EOPNOTSUPP	an archive, another kind of disk image, a web page
 * -EUCLEAN	damaged, truncated, or followed by something else
 * -ENODATA	no byte in it
 * -EFBIG	larger than the limit, or than the process may write
 * others	the negative errno of reading or writing (-ENOSPC, ...)
 *
 * WHY says what it was and has the offset, in the source when reading it
 * failed, in the image when writing did; *ret_fetched says which of them.  The
 * process should ignore SIGXFSZ.
 */
int prep_fetch(const struct prep_fetch *fetch, struct prep_fetched *ret_fetched,
	       struct pbf_reason *why);

#endif
