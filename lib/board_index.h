/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which entries of the image directory stand for a board under another name
 * than the board asks for: a serial of 16 digits (its upper half can be
 * anything on a Pi 5), or in upper case.  The directory is read again unless
 * its stamp proves that it has not changed.
 *
 * Threads: any may call; the index has its own lock.
 */
#ifndef PBF_BOARD_INDEX_H
#define PBF_BOARD_INDEX_H

#include "path_walk.h"

struct pbf_board_index;

int pbf_board_index_new(struct pbf_board_index **ret_index);
void pbf_board_index_free(struct pbf_board_index *index);

/*
 * Calls TAKE with each directory name in DIRECTORY_FD that stands for the
 * board KEY (pbf_board_key()), until it returns something else than -ENOENT;
 * returns that.  -ENOENT when there is none; -EAGAIN when the directory has to
 * be read for that, which is not done at once; -EIO, -ENOMEM.
 */
int pbf_board_index_find(struct pbf_board_index *index, int directory_fd,
			 enum pbf_reach reach, const char *key,
			 int (*take)(void *context, const char *directory),
			 void *context);

#endif
