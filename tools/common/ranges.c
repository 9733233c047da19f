/* SPDX-License-Identifier: BSD-2-Clause */
#include "ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checked.h"
#include "fd_io.h"

#define COPY_BYTES (1u << 20)

int ranges_add(struct ranges *ranges, const struct range *range)
{
	if (ranges->count == ranges->room) {
		size_t room = ranges->room ? 2 * ranges->room : 16;
		struct range *items =
			reallocarray(ranges->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		ranges->items = items;
		ranges->room = room;
	}
	ranges->items[ranges->count++] = *range;
	return 0;
}

static int compare_offsets(const void *a, const void *b)
{
	uint64_t first = ((const struct range *)a)->offset_bytes;
	uint64_t second = ((const struct range *)b)->offset_bytes;

	return first < second ? -1 : first > second;
}

int ranges_sort(struct ranges *ranges, uint64_t size_bytes,
		struct pbf_reason *why)
{
	uint64_t end_bytes = 0;

	if (ranges->count > 0)
		qsort(ranges->items, ranges->count, sizeof(*ranges->items),
		      compare_offsets);
	for (size_t i = 0; i < ranges->count; i++) {
		const struct range *range = &ranges->items[i];

		if (range->offset_bytes < end_bytes)
			return pbf_refuse(why, -EINVAL, range->offset_bytes,
					  "two changes of the image overlap");
		if (!checked_add(range->offset_bytes, range->length_bytes,
				 &end_bytes) ||
		    end_bytes > size_bytes)
			return pbf_refuse(why, -EINVAL, range->offset_bytes,
					  "a change lies beyond the end of "
					  "the image, which has %llu bytes",
					  (unsigned long long)size_bytes);
	}
	return 0;
}

static int write_range(const struct range *range, int fd, unsigned char *buffer,
		       struct pbf_reason *why)
{
	uint64_t done = 0;

	while (done < range->length_bytes) {
		uint64_t offset = range->offset_bytes + done;
		uint64_t left = range->length_bytes - done;
		size_t part = left < COPY_BYTES ? (size_t)left : COPY_BYTES;
		int error = fd_read_at(range->content_fd,
				       range->content_offset_bytes + done,
				       buffer, part);

		if (error < 0)
			return pbf_refuse(why, error, offset,
					  "the new content cannot be read: %s",
					  strerror(-error));
		error = fd_write_at(fd, offset, buffer, part);
		if (error < 0)
			return pbf_refuse(why, error, offset,
					  "writing to the image failed: %s",
					  strerror(-error));
		done += part;
	}
	return 0;
}

int ranges_write(const struct ranges *ranges, int fd, struct pbf_reason *why)
{
	_cleanup_free_ unsigned char *buffer = malloc(COPY_BYTES);

	if (!buffer)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	for (size_t i = 0; i < ranges->count; i++) {
		int error = write_range(&ranges->items[i], fd, buffer, why);

		if (error < 0)
			return error;
	}
	return 0;
}

void ranges_clear(struct ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct ranges){ 0 };
}
