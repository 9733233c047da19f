/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places of an image that are to be written, each with the file that has the
 * new content.  patch.h and disk_size.h find them, undo.h writes them.
 */
#ifndef PREP_RANGES_H
#define PREP_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "reason.h"

struct prep_range {
	uint64_t offset_bytes; /* in the image */
	uint64_t length_bytes;
	/* Where the new content is; the descriptor is borrowed. */
	int content_fd;
	uint64_t content_offset_bytes;
};

/* Zero it to begin with. */
struct prep_ranges {
	struct prep_range *items;
	size_t count, room;
};

/* Appends a range.  0 or -ENOMEM. */
int prep_ranges_add(struct prep_ranges *ranges, const struct prep_range *range);

/*
 * Puts them into the order of the image.  -EINVAL when two of them overlap or
 * one of them ends beyond SIZE.
 */
int prep_ranges_sort(struct prep_ranges *ranges, uint64_t size_bytes,
		     struct pbf_reason *why);

/*
 * Writes all of them into FD.  0 or a negative errno from reading or writing;
 * WHY has the place.
 */
int prep_ranges_write(const struct prep_ranges *ranges, int fd,
		      struct pbf_reason *why);

/* Frees what it holds, and leaves it zeroed. */
void prep_ranges_clear(struct prep_ranges *ranges);
#define _cleanup_ranges_ _cleanup_(prep_ranges_clear)

#endif
