/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel sends one LOOKUP per directory at a time.  A slow one in the root
 * would hold up all boards, so names there are answered from the image
 * directory alone, mostly at once.  Where a link leads to other storage, a
 * short look tells an image from something else; storage that does not answer
 * is taken for an image.
 */
#include "lookup_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board_name.h"
#include "board_path.h"
#include "board_request.h"
#include "catalog_foreign.h"
#include "cleanup.h"
#include "log.h"
#include "lookup_volume.h"
#include "request.h"
#include "server.h"

/* How long a link in the root directory may wait for other storage. */
#define LINK_TIMEOUT_MS 100
/* And bootcode.bin, of which more than a stamp is needed. */
#define BOOTCODE_TIMEOUT_MS 1000

static void reply_board(struct server *server, fuse_req_t fuse,
			const char *name, const struct pbf_board *board)
{
	bool is_new;
	struct node node = { .modified = board->modified };

	node.id = nodes_enter_directory(server->nodes, name, board->modified,
					&is_new);
	if (is_new)
		server_warn_of_conflict(server, board, PBF_AT_ONCE);
	lookup_volume_reply(server, fuse, &node);
}

/* Looks for NAME in the directory at PATH, "BOARD" or "BOARD/PATH". */
static void look_up(struct server *server, fuse_req_t fuse, const char *path,
		    const char *name)
{
	char *joined = board_path_join(path, name);
	struct pbf_board board;
	struct request *request;
	int error = board_path_find(server->catalog, path, PBF_AT_ONCE, &board);

	if (error == 0 && joined &&
	    lookup_volume_at_once(server, fuse, &board, joined, false)) {
		free(joined);
		return;
	}
	request = board_request_new(server, fuse, joined, error, &board,
				    lookup_volume_work);
	if (request)
		board_request_submit(request);
}

/* --- Names in the root directory --- */

/*
 * Where bootcode.bin is: the image directory's own file, or in the default
 * image.  Gives the board that it is looked for in, and the path of it there.
 */
static int find_bootcode(struct server *server, enum pbf_reach reach,
			 struct pbf_board *ret_board, char **ret_path)
{
	int own = pbf_catalog_has_file(server->catalog, PBF_BOOTCODE, reach);
	int error = own < 0 ? own : 0;

	*ret_path = NULL;
	*ret_board = (struct pbf_board){ .source = PBF_BOOTCODE };
	if (own == 0)
		error = pbf_catalog_find(server->catalog, PBF_DEFAULT_BOARD,
					 reach, ret_board);
	if (error < 0)
		return error;
	*ret_path = own ? board_path_join(PBF_BOOTCODE, "") :
			  board_path_join(PBF_DEFAULT_BOARD, PBF_BOOTCODE);
	return *ret_path ? 0 : -ENOMEM;
}

static void work_on_bootcode(struct request *request)
{
	int error = find_bootcode(request->server, PBF_ANYWHERE,
				  &request->board, &request->path);

	if (error == 0)
		lookup_volume_work(request);
	else
		request_fail(request, error);
}

static void lookup_bootcode(struct server *server, fuse_req_t fuse)
{
	_cleanup_free_ char *path = NULL;
	struct request *request;
	struct pbf_board board;
	int error = find_bootcode(server, PBF_AT_ONCE, &board, &path);

	if (error < 0 && error != -EAGAIN) {
		fuse_reply_err(fuse, -error);
		return;
	}
	if (error == 0 &&
	    lookup_volume_at_once(server, fuse, &board, path, true))
		return;
	request = request_new(server, fuse, PBF_BOOTCODE);
	if (!request) {
		fuse_reply_err(fuse, ENOMEM);
		return;
	}
	request->files_only = true;
	request->work = work_on_bootcode;
	request_submit(request, BOOTCODE_TIMEOUT_MS);
}

/*
 * Says why there is nothing by the NAME that was asked for, of which BOARD is
 * known.  -EAGAIN when the reach does not suffice to tell.
 */
static int explain_absence(struct server *server, const char *name,
			   struct pbf_board *board, enum pbf_reach reach)
{
	char key[PBF_BOARD_KEY_BYTES], entry[PBF_ENTRY_BYTES];
	bool is_link = board->entry[0] != '\0';
	const char *text;
	int error = is_link && reach == PBF_AT_ONCE ?
			    -EAGAIN :
			    pbf_catalog_foreign_for(server->catalog, name,
						    reach, entry, &text);

	if (error == 0) {
		server_warn_of_foreign(entry, text);
		board->entry[0] = '\0'; /* that says more than a lame link */
	} else if (error == -ENOENT && !is_link && pbf_board_key(name, key)) {
		log_once(LOG_NOTICE,
			 "board %s asks for its files, but the image directory "
			 "has no entry for it",
			 key);
	}
	return error == -EAGAIN ? error : 0;
}

/*
 * Answers NAME in the root, of which pbf_catalog_find() told ERROR and BOARD.
 */
static void answer_board(struct server *server, fuse_req_t fuse,
			 const char *name, int error,
			 const struct pbf_board *board)
{
	if (error == 0)
		reply_board(server, fuse, name, board);
	else
		fuse_reply_err(fuse, board_request_errno(server, error, board));
}

static void submit_board(struct server *server, fuse_req_t fuse,
			 const char *name, const struct pbf_board *board);

/* Looks in the image directory; a link to elsewhere is the next one's work. */
static void work_on_entry(struct request *request)
{
	struct server *server = request->server;
	struct pbf_board board;
	int error = pbf_catalog_find(server->catalog, request->path, PBF_NEAR,
				     &board);

	board_request_note_directory(server, error);
	/* An entry that is a mount itself could not even be seen. */
	if (error == -EAGAIN && board.entry[0] == '\0') {
		strncpy(board.entry, request->path, sizeof(board.entry) - 1);
		strncpy(board.source, request->path, sizeof(board.source) - 1);
	}
	if (error == -ENOENT)
		explain_absence(server, request->path, &board, PBF_NEAR);
	if (!request_claim(request))
		return;
	if (error == -EAGAIN)
		submit_board(server, request->fuse, request->path, &board);
	else
		answer_board(server, request->fuse, request->path, error,
			     &board);
}

static void work_on_link(struct request *request)
{
	struct server *server = request->server;
	struct pbf_board board;
	int error = pbf_catalog_find(server->catalog, request->path,
				     PBF_ANYWHERE, &board);

	if (error == -ENOENT)
		explain_absence(server, request->path, &board, PBF_NEAR);
	if (request_claim(request))
		answer_board(server, request->fuse, request->path, error,
			     &board);
}

static void trust_link(struct request *request)
{
	reply_board(request->server, request->fuse, request->path,
		    &request->board);
}

/*
 * Finds out on a lane what NAME is.  Of BOARD the entry is known, which leads
 * elsewhere, or nothing.
 */
static void submit_board(struct server *server, fuse_req_t fuse,
			 const char *name, const struct pbf_board *board)
{
	bool is_link = board->entry[0] != '\0';
	struct request *request = request_new(
		server, fuse, is_link ? board->source : BOARD_DIRECTORY_LANE);
	char *path = board_path_join("", name);

	if (!request || !path) {
		fuse_reply_err(fuse, ENOMEM);
		free(path);
		if (request)
			request_unref(request);
		return;
	}
	request->board = *board;
	request->path = path;
	request->work = is_link ? work_on_link : work_on_entry;
	if (is_link) {
		request->late = trust_link;
		request->blames_storage = false;
	}
	atomic_store(&request->waits_for, is_link ? NULL : server->images);
	request_submit(request, is_link ? LINK_TIMEOUT_MS :
					  server->settings.io_timeout_ms);
}

static void lookup_board(struct server *server, fuse_req_t fuse,
			 const char *name)
{
	struct pbf_board board;
	int error;

	if (strcmp(name, PBF_BOOTCODE) == 0) {
		lookup_bootcode(server, fuse);
		return;
	}
	error = pbf_catalog_find(server->catalog, name, PBF_AT_ONCE, &board);
	if (error == -ENOENT &&
	    explain_absence(server, name, &board, PBF_AT_ONCE) < 0)
		error = -EAGAIN;
	if (error == -EAGAIN)
		submit_board(server, fuse, name, &board);
	else
		answer_board(server, fuse, name, error, &board);
}

void lookup_ops_lookup(fuse_req_t fuse, fuse_ino_t parent, const char *name)
{
	struct server *server = fuse_req_userdata(fuse);
	_cleanup_node_ struct node node = { 0 };
	int error = nodes_get(server->nodes, parent, &node);

	if (error == 0 && node.is_root) {
		lookup_board(server, fuse, name);
		return;
	}
	if (error == 0 && node.version)
		error = -ENOTDIR;
	if (error < 0) {
		fuse_reply_err(fuse, -error);
		return;
	}
	look_up(server, fuse, node.path, name);
}
