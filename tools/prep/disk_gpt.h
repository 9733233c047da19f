/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The backup of a GPT, moved to the new end of a disk that became larger.
 *
 * libfdisk does it, but it never touches the image: it works on a sparse copy
 * in memory of just those sectors in which the table lives.  What it changed
 * is checked here before anybody gets it: the place of the backup, the last
 * usable sector, the checksum, and the size that the protective MBR tells.
 * Partition entries, GUIDs, a hybrid MBR and boot code stay as they are.
 */
#ifndef PREP_DISK_GPT_H
#define PREP_DISK_GPT_H

#include <stdbool.h>
#include <stdint.h>

#include "ranges.h"
#include "reason.h"

struct prep_gpt {
	bool is_there;
	uint32_t sector_bytes;	/* 512 or 4096 */
	uint64_t backup_bytes;	/* where its header says the backup is */
	uint64_t entries_bytes; /* where the entries are, and how long */
	uint64_t entries_length;
};

/*
 * Looks for a GPT behind a protective or hybrid MBR in an image of SIZE bytes;
 * without one, is_there is false.  -EUCLEAN when the MBR promises one that is
 * not there or is larger than any in use, -ENODATA or the negative errno of
 * reading.
 */
int prep_gpt_find(int image_fd, uint64_t size_bytes, struct prep_gpt *ret_gpt,
		  struct pbf_reason *why);

/*
 * Appends to RANGES what has to be written for an image that gets NEW_SIZE
 * bytes, whole sectors; nothing when its backup is at that end already.  The
 * content is in *ret_content_fd, for the caller to close, and -1 when there
 * are no ranges.  -EUCLEAN when the table is damaged, in which case libfdisk
 * would repair more than it was asked for; -ENOMEM; or the negative errno of
 * reading.
 */
int prep_gpt_move_backup(int image_fd, const struct prep_gpt *gpt,
			 uint64_t new_size_bytes, struct ranges *ranges,
			 int *ret_content_fd, struct pbf_reason *why);

#endif
