/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that concern a board: which image its name leads to is seen at once
 * where that cannot take time, and else on the image directory's own lane,
 * before the work goes to the lane of the image.
 */
#ifndef PIBOOTFS_BOARD_REQUEST_H
#define PIBOOTFS_BOARD_REQUEST_H

#include "request.h"

/* No image has this name, so the lane is the image directory's own. */
#define BOARD_DIRECTORY_LANE "/"

/*
 * A request for PATH, "BOARD" or "BOARD/PATH", which is taken.  ERROR and BOARD
 * are what board_path_find() told at once: where that was -EAGAIN, the board is
 * looked for before WORK is called, with request->board.  On any other error
 * the kernel is answered and NULL returned.
 */
struct request *board_request_new(struct server *server, fuse_req_t fuse,
				  char *path, int error,
				  const struct pbf_board *board,
				  void (*work)(struct request *request));

/* Hands it to its lane; takes the reference. */
void board_request_submit(struct request *request);

/*
 * The errno that the kernel is answered when the board of a name could not be
 * found: ERROR is pbf_catalog_find()'s, and what hides behind it is logged.
 */
int board_request_errno(struct server *server, int error,
			const struct pbf_board *board);

/*
 * To be called on a lane after a look at the image directory, of which came
 * ERROR: says once where it has got to.
 */
void board_request_note_directory(struct server *server, int error);

#endif
