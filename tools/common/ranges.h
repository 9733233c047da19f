/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places of an image that are to be written, each with the file that has the
 * new content.  patch.h and disk_size.h find them, undo.h writes them.
 */
#ifndef TOOLS_RANGES_H
#define TOOLS_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "reason.h"

struct range {
	uint64_t offset_bytes; /* in the image */
	uint64_t length_bytes;
	/* Where the new content is; the descriptor is borrowed. */
	int content_fd;
	uint64_t content_offset_bytes;
};

/* Zero it to begin with. */
struct ranges {
	struct range *items;
	size_t count, room;
};

/* Appends a range.  0 or -ENOMEM. */
int ranges_add(struct ranges *ranges, const struct range *range);

/*
 * Puts them into the order of the image.  -EINVAL when two of them overlap or
 * one of them ends beyond SIZE.
 */
int ranges_sort(struct ranges *ranges, uint64_t size_bytes,
		struct pbf_reason *why);

/*
 * Writes all of them into FD.  0 or a negative errno from reading or writing;
 * WHY has the place.
 */
int ranges_write(const struct ranges *ranges, int fd, struct pbf_reason *why);

/* Frees what it holds, and leaves it zeroed. */
void ranges_clear(struct ranges *ranges);
#define _cleanup_ranges_ _cleanup_(ranges_clear)

#endif
