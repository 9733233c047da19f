/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What differs between two versions of a volume, as ranges of whole sectors:
 * the boot partition in its image, and the copy of it that was edited.  Only
 * these are written back, so that an edit of one file does not rewrite, and
 * by that allocate, a whole partition.
 */
#ifndef PREP_PATCH_H
#define PREP_PATCH_H

#include <stdint.h>

#include "ranges.h"
#include "reason.h"

#define PREP_PATCH_SECTOR_BYTES 512u
/*
 * Changes with less than this between them become one range.  Writing the
 * sectors in between as they were costs less than a range of their own.
 */
#define PREP_PATCH_GAP_BYTES 4096u

/* Two versions of SIZE bytes, a multiple of the sector size. */
struct prep_patch_sides {
	int old_fd;
	uint64_t old_offset_bytes;
	int new_fd;
	uint64_t new_offset_bytes;
	uint64_t size_bytes;
};

/*
 * Appends to RANGES where SIDES differ: their offsets are those of the old
 * side, their content is in new_fd, which has to stay open as long as they
 * are used.  -EINVAL when the size is not a number of sectors, -ENODATA when
 * a file ends before, -ENOMEM, or the negative errno of reading; WHY has the
 * offset on the old side.
 */
int prep_patch_find(const struct prep_patch_sides *sides, struct ranges *ranges,
		    struct pbf_reason *why);

#endif
