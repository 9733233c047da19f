/* SPDX-License-Identifier: BSD-2-Clause */
#include "patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fd_io.h"

#define SECTOR PREP_PATCH_SECTOR_BYTES
#define BLOCK_BYTES (1u << 20)

/* A comparison on its way. */
struct walk {
	const struct prep_patch_sides *sides;
	struct ranges *ranges;
	/* A change that may still grow, from the beginning of both sides. */
	uint64_t change_start_bytes;
	uint64_t change_bytes;	  /* 0: none */
	unsigned char *old, *new; /* BLOCK_BYTES each */
};

static int finish_change(struct walk *walk)
{
	const struct prep_patch_sides *sides = walk->sides;
	const struct range range = {
		.offset_bytes =
			sides->old_offset_bytes + walk->change_start_bytes,
		.length_bytes = walk->change_bytes,
		.content_fd = sides->new_fd,
		.content_offset_bytes =
			sides->new_offset_bytes + walk->change_start_bytes,
	};

	if (walk->change_bytes == 0)
		return 0;
	walk->change_bytes = 0;
	return ranges_add(walk->ranges, &range);
}

static int add_sector(struct walk *walk, uint64_t position_bytes)
{
	uint64_t end_bytes = walk->change_start_bytes + walk->change_bytes;
	int error = 0;

	if (walk->change_bytes > 0 &&
	    position_bytes - end_bytes >= PREP_PATCH_GAP_BYTES)
		error = finish_change(walk);
	if (walk->change_bytes == 0)
		walk->change_start_bytes = position_bytes;
	walk->change_bytes = position_bytes + SECTOR - walk->change_start_bytes;
	return error;
}

static int read_side(int fd, uint64_t offset_bytes, unsigned char *buffer,
		     size_t length, struct pbf_reason *why)
{
	int error = fd_read_at(fd, offset_bytes, buffer, length);

	if (error < 0)
		return pbf_refuse(why, error, offset_bytes,
				  "what changed cannot be read: %s",
				  strerror(-error));
	return 0;
}

static int compare_block(struct walk *walk, uint64_t position_bytes,
			 size_t length, struct pbf_reason *why)
{
	const struct prep_patch_sides *sides = walk->sides;
	int error;

	error = read_side(sides->old_fd,
			  sides->old_offset_bytes + position_bytes, walk->old,
			  length, why);
	if (error == 0)
		error = read_side(sides->new_fd,
				  sides->new_offset_bytes + position_bytes,
				  walk->new, length, why);
	if (error < 0 || memcmp(walk->old, walk->new, length) == 0)
		return error;
	for (size_t i = 0; i < length; i += SECTOR) {
		if (memcmp(walk->old + i, walk->new + i, SECTOR) == 0)
			continue;
		if (add_sector(walk, position_bytes + i) < 0)
			return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
					  "out of memory");
	}
	return 0;
}

int prep_patch_find(const struct prep_patch_sides *sides, struct ranges *ranges,
		    struct pbf_reason *why)
{
	_cleanup_free_ unsigned char *buffer = malloc(2 * BLOCK_BYTES);
	struct walk walk = { .sides = sides, .ranges = ranges, .old = buffer };
	uint64_t done = 0;

	if (!buffer)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	if (sides->size_bytes % SECTOR != 0)
		return pbf_refuse(why, -EINVAL, sides->old_offset_bytes,
				  "%llu bytes are no number of sectors",
				  (unsigned long long)sides->size_bytes);
	walk.new = buffer + BLOCK_BYTES;
	while (done < sides->size_bytes) {
		uint64_t left = sides->size_bytes - done;
		size_t part = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES;
		int error = compare_block(&walk, done, part, why);

		if (error < 0)
			return error;
		done += part;
	}
	if (finish_change(&walk) < 0)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	return 0;
}
