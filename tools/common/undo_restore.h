/* SPDX-License-Identifier: BSD-2-Clause */
/* An image that is half changed, compared with its undo file and put back. */
#ifndef TOOLS_UNDO_RESTORE_H
#define TOOLS_UNDO_RESTORE_H

#include "reason.h"
#include "undo_file.h"

/*
 * Whether each piece of the image in IMAGE_FD is as it was or as it was to
 * become, but for TORN_MAX, in which a write may have been cut short: else
 * -ESTALE, and WHY says where.  Also -EUCLEAN, -ENOMEM, or the negative errno
 * of reading.  HEADER is that of the checked undo file.
 */
int undo_compare(int image_fd, int undo_fd, const struct undo_header *header,
		 unsigned int torn_max, struct pbf_reason *why);

/*
 * Writes the old bytes back, gives the image its old size, and syncs it.
 * -EUCLEAN, -ENOMEM, or the negative errno of reading or writing.
 */
int undo_put_back(int image_fd, int undo_fd, const struct undo_header *header,
		  struct pbf_reason *why);

#endif
