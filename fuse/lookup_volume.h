/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking up names inside the volume of a board, or of a plain file. */
#ifndef PIBOOTFS_LOOKUP_VOLUME_H
#define PIBOOTFS_LOOKUP_VOLUME_H

#include <stdbool.h>

#include "request.h"

/* Answers a number that nodes_enter_...() has just counted. */
void lookup_volume_reply(struct server *server, fuse_req_t fuse,
			 const struct node *node);

/*
 * On the lane of request->board's image: finds request->path, "BOARD/PATH" or a
 * plain file, and answers.
 */
void lookup_volume_work(struct request *request);

/*
 * Answers what is known of PATH, "BOARD/PATH", and proven at once; false when
 * that is not so.  FILES_ONLY: a directory does not count.
 */
bool lookup_volume_at_once(struct server *server, fuse_req_t fuse,
			   const struct pbf_board *board, const char *path,
			   bool files_only);

#endif
