/* SPDX-License-Identifier: BSD-2-Clause */
#include "undo_restore.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "fd_io.h"

/* The image, while parts of it are compared or put back. */
struct restoring {
	int fd;
	unsigned char *buffer;
	size_t buffer_bytes;
	unsigned int torn_max, torn_pieces;
	struct pbf_reason *why;
};

static void release(struct restoring *restoring)
{
	free(restoring->buffer);
}
#define _cleanup_restoring_ _cleanup_(release)

static int read_part(struct restoring *restoring, const struct undo_part *part)
{
	int error;

	if (restoring->buffer_bytes < part->length) {
		unsigned char *buffer =
			realloc(restoring->buffer, part->length);

		if (!buffer)
			return pbf_refuse(restoring->why, -ENOMEM,
					  PBF_REASON_NO_OFFSET,
					  "out of memory");
		restoring->buffer = buffer;
		restoring->buffer_bytes = part->length;
	}
	error = fd_read_at(restoring->fd, part->offset_bytes, restoring->buffer,
			   part->length);
	if (error < 0)
		return pbf_refuse(restoring->why, error, part->offset_bytes,
				  "the image cannot be read: %s",
				  strerror(-error));
	return 0;
}

static bool is_old_or_new(const struct restoring *restoring,
			  const struct undo_part *part, size_t offset)
{
	const unsigned char *bytes = restoring->buffer + offset;
	size_t length = part->length - offset;

	if (length > UNDO_PIECE_BYTES)
		length = UNDO_PIECE_BYTES;
	return memcmp(bytes, part->old_bytes + offset, length) == 0 ||
	       undo_piece_is_new(bytes, length,
				 part->digests + offset / UNDO_PIECE_BYTES * 8);
}

/* A write that was cut short has left one piece that is neither. */
static int compare_part(void *context, const struct undo_part *part)
{
	struct restoring *restoring = context;
	int error = read_part(restoring, part);

	if (error < 0)
		return error;
	for (size_t i = 0; i < part->length; i += UNDO_PIECE_BYTES)
		if (!is_old_or_new(restoring, part, i) &&
		    ++restoring->torn_pieces > restoring->torn_max)
			return pbf_refuse(restoring->why, -ESTALE,
					  part->offset_bytes + i,
					  "somebody else has changed the image "
					  "since it was half changed");
	return 0;
}

/*
 * A place that had no space to be changed has none to be put back, and needs
 * none: it is as it was.
 */
static int restore_part(void *context, const struct undo_part *part)
{
	struct restoring *restoring = context;
	int error = fd_write_at(restoring->fd, part->offset_bytes,
				part->old_bytes, part->length);

	if ((error == -ENOSPC || error == -EDQUOT || error == -EFBIG) &&
	    read_part(restoring, part) == 0 &&
	    memcmp(restoring->buffer, part->old_bytes, part->length) == 0)
		error = 0;
	if (error < 0)
		return pbf_refuse(restoring->why, error, part->offset_bytes,
				  "the image cannot be put back: %s",
				  strerror(-error));
	return 0;
}

int undo_compare(int image_fd, int undo_fd, const struct undo_header *header,
		 unsigned int torn_max, struct pbf_reason *why)
{
	_cleanup_restoring_ struct restoring restoring = { .fd = image_fd,
							   .torn_max = torn_max,
							   .why = why };

	return undo_file_each(undo_fd, header, compare_part, &restoring, why);
}

int undo_put_back(int image_fd, int undo_fd, const struct undo_header *header,
		  struct pbf_reason *why)
{
	_cleanup_restoring_ struct restoring restoring = { .fd = image_fd,
							   .why = why };
	int error =
		undo_file_each(undo_fd, header, restore_part, &restoring, why);

	if (error < 0)
		return error;
	if (ftruncate(image_fd, (off_t)header->old_size_bytes) < 0 ||
	    fsync(image_fd) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "the image cannot be put back: %s",
				  strerror(errno));
	return 0;
}
