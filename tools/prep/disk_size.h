/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How large the disk is that an image stands for.  Making it larger is adding
 * a hole at the end, as a larger SD card would; partitions and file systems
 * stay as they are, for the board to enlarge at its first boot.  Only a GPT
 * has something at the end of the disk, its backup, which moves along.
 */
#ifndef PREP_DISK_SIZE_H
#define PREP_DISK_SIZE_H

#include <stdint.h>

#include "cleanup.h"
#include "ranges.h"
#include "reason.h"

/*
 * Reads a size: a decimal number of bytes, or one followed by K, M, G or T, in
 * either case: "8G" and "8GiB" are 8 * 2^30 bytes, "8GB" 8 * 10^9.  It is
 * rounded up to whole sectors of 512 bytes.  -EINVAL when it is none, or 0;
 * -ERANGE when no file is that large.
 */
int prep_size_parse(const char *string, uint64_t *ret_bytes,
		    struct pbf_reason *why);

/* What it takes to make an image larger. */
struct prep_growth {
	uint64_t old_size_bytes;
	uint64_t new_size_bytes; /* whole sectors of the partition table */
	/* What has to be written into the larger file. */
	struct ranges ranges;
	int content_fd; /* of the ranges; -1 when there are none */
};

/*
 * Finds out what it takes to make the image in IMAGE_FD SIZE bytes large,
 * without changing it.  -ERANGE when it is larger already, -EUCLEAN when its
 * GPT is damaged, -ENOMEM, or the negative errno of reading.  The caller
 * releases it.
 */
int prep_growth_plan(int image_fd, uint64_t size_bytes,
		     struct prep_growth *ret_growth, struct pbf_reason *why);
void prep_growth_release(struct prep_growth *growth);

/*
 * Makes the image larger at once, for one that nobody has seen yet: after an
 * error it may be half done.  An image in use is made larger by handing a plan
 * to undo_apply().  Errors as above, and the negative errno of writing.
 */
int prep_disk_grow(int image_fd, uint64_t size_bytes, struct pbf_reason *why);

#define _cleanup_growth_ _cleanup_(prep_growth_release)

#endif
