/* SPDX-License-Identifier: BSD-2-Clause */
#include "board_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board_path.h"
#include "log.h"

int board_request_errno(struct server *server, int error,
			const struct pbf_board *board)
{
	if (error == -ENOENT && board->entry[0] != '\0')
		log_once(LOG_WARNING,
			 "%s: leads to no file and no block device; not shown",
			 board->entry);
	if (error == -ENOENT)
		return ENOENT;
	if (!atomic_exchange(&server->images_lost, true))
		log_message(LOG_ERR,
			    "%s: %s; answering with I/O errors until it is "
			    "there again",
			    server->images,
			    error == -ENOTDIR ?
				    "is not there, or not a directory" :
				    strerror(-error));
	return EIO;
}

void board_request_note_directory(struct server *server, int error)
{
	if (error == 0 || error == -ENOENT || error == -EAGAIN)
		atomic_store(&server->images_lost, false);
	if (pbf_catalog_is_inside(server->catalog))
		log_once(LOG_WARNING,
			 "image directory %s leads into the mount point now; "
			 "going on with the directory it was at the start",
			 pbf_catalog_path(server->catalog));
}

/* With the board known, or its entry at least: its last look is on the lane. */
static void find_and_go_on(struct request *request)
{
	struct server *server = request->server;
	int error = 0;

	if (!request->board_is_known)
		error = board_path_find(server->catalog, request->path,
					PBF_ANYWHERE, &request->board);
	if (error == 0)
		request->then(request);
	else
		request_fail(request, -board_request_errno(server, error,
							   &request->board));
}

/* The same request on the lane of BOARD's image; NULL: it was answered. */
static struct request *successor(struct request *request,
				 const struct pbf_board *board, bool is_known)
{
	struct request *next;

	if (!request_claim(request))
		return NULL;
	next = request_new(request->server, request->fuse, board->source);
	if (!next) {
		fuse_reply_err(request->fuse, ENOMEM);
		return NULL;
	}
	next->path = request->path;
	request->path = NULL;
	next->board = *board;
	next->board_is_known = is_known;
	next->work = find_and_go_on;
	next->then = request->then;
	next->files_only = request->files_only;
	next->file = request->file;
	next->size = request->size;
	next->attribute = request->attribute;
	return next;
}

static void look_near(struct request *request)
{
	struct server *server = request->server;
	struct pbf_board board;
	struct request *next;
	int error = board_path_find(server->catalog, request->path, PBF_NEAR,
				    &board);

	board_request_note_directory(server, error);
	if (error != 0 && error != -EAGAIN) {
		request_fail(request,
			     -board_request_errno(server, error, &board));
		return;
	}
	/* An entry that is a mount itself could not even be seen. */
	if (board.source[0] == '\0')
		memcpy(board.source, request->path,
		       strcspn(request->path, "/"));
	next = successor(request, &board, error == 0);
	if (next)
		request_submit(next, server->settings.io_timeout_ms);
}

struct request *board_request_new(struct server *server, fuse_req_t fuse,
				  char *path, int error,
				  const struct pbf_board *board,
				  void (*work)(struct request *request))
{
	struct request *request = NULL;
	int number = ENOMEM;

	if (path && error != 0 && error != -EAGAIN)
		number = board_request_errno(server, error, board);
	else if (path)
		request = request_new(server, fuse,
				      board->source[0] ? board->source :
							 BOARD_DIRECTORY_LANE);
	if (!request) {
		fuse_reply_err(fuse, number);
		free(path);
		return NULL;
	}
	request->path = path;
	request->board = *board;
	request->board_is_known = error == 0;
	request->work = find_and_go_on;
	request->then = work;
	if (board->source[0] == '\0') {
		request->work = look_near;
		atomic_store(&request->waits_for, server->images);
	}
	return request;
}

void board_request_submit(struct request *request)
{
	request_submit(request, request->server->settings.io_timeout_ms);
}
