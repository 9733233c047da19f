/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel asks one name of a directory at a time, so a name in the root
 * directory is answered from the image directory alone.  Where a link leads
 * to outside it, a short look tells an image from something else; storage that
 * does not answer is taken for an image.
 */
#include "lookup_ops.h"

#include <errno.h>
#include <string.h>

#include "board_name.h"
#include "board_path.h"
#include "log.h"
#include "request.h"
#include "server.h"

/* How long a name in the root directory may wait for other storage. */
#define LINK_TIMEOUT_MS 100

/* Answers a number that nodes_enter_...() has just counted. */
static void reply_entry(struct server *server, fuse_req_t fuse,
			const struct node *node)
{
	struct fuse_entry_param entry = {
		.ino = node->id,
		.attr_timeout = server_attributes_timeout(server, node),
		.entry_timeout = 0.0, /* names are live */
	};

	if (node->id == 0) {
		fuse_reply_err(fuse, ENOMEM);
		return;
	}
	server_attributes(server, node, &entry.attr);
	/* A request that was interrupted meanwhile does not count. */
	if (fuse_reply_entry(fuse, &entry) == -ENOENT)
		nodes_forget(server->nodes, node->id, 1);
}

static void reply_directory(struct request *request, struct timespec modified)
{
	bool is_new;
	struct node node = { .modified = modified };

	if (!request_claim(request))
		return;
	node.id = nodes_enter_directory(request->server->nodes, request->path,
					modified, &is_new);
	reply_entry(request->server, request->fuse, &node);
}

static void reply_board(struct server *server, fuse_req_t fuse,
			const char *name, const struct pbf_board *board)
{
	bool is_new;
	struct node node = { .modified = board->modified };

	node.id = nodes_enter_directory(server->nodes, name, board->modified,
					&is_new);
	if (is_new)
		server_warn_of_conflict(server, board);
	reply_entry(server, fuse, &node);
}

static void reply_file(struct request *request, struct pbf_version *version)
{
	struct node node = { .version = version };

	if (!request_claim(request))
		return;
	node.id = nodes_enter_file(request->server->nodes, version);
	reply_entry(request->server, request->fuse, &node);
}

/* --- Names inside a board's directory --- */

static void fail_lookup(struct request *request, const char *path, int error,
			const struct pbf_reason *why)
{
	if (error == -ENOENT || error == -ENOTDIR) {
		request_fail(request, -ENOENT);
		return;
	}
	log_refusal(LOG_WARNING, request->source, path, why,
		    "answering with an I/O error");
	request_fail(request, -EIO);
}

/* Finds request->path, "BOARD/PATH" or a plain file, in its source. */
static void work_on_lookup(struct request *request)
{
	struct server *server = request->server;
	const char *path = board_path_in_volume(request->path);
	struct pbf_reason why = { .offset_bytes = PBF_REASON_NO_OFFSET };
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_found_ struct pbf_found found = { 0 };
	struct pbf_version *version = NULL;
	int error = pbf_source_open(server->catalog, request->source,
				    pbf_monotonic_ms() +
					    server->settings.io_timeout_ms,
				    &source, &why);

	/* An image that is not there is no file that is not there. */
	if (error == -ENOENT)
		error = -EIO;
	if (error == 0)
		error = pbf_source_find(&source, path, &found, &why);
	if (error == 0 && !found.is_directory)
		error = pbf_version_table_lookup(server->versions,
						 request->source, &source,
						 &found, &version);
	if (error < 0)
		fail_lookup(request, path, error, &why);
	else if (version)
		reply_file(request, version);
	else if (request->files_only)
		request_fail(request, -ENOENT);
	else
		reply_directory(request, found.modified);
	pbf_version_unref(version);
}

static void submit_lookup(struct server *server, fuse_req_t fuse,
			  const char *source, const char *parent_path,
			  const char *name, bool files_only)
{
	struct request *request = request_new(server, fuse, source);

	if (!request)
		return;
	request->files_only = files_only;
	request->path = board_path_join(parent_path, name);
	request->work = work_on_lookup;
	if (!request->path) {
		request_fail(request, -ENOMEM);
		request_unref(request);
		return;
	}
	request_submit(request, server->settings.io_timeout_ms);
}

/* --- Names in the root directory --- */

/* bootcode.bin: the image directory's own file, or the default image's. */
static void lookup_bootcode(struct server *server, fuse_req_t fuse)
{
	struct pbf_board board;

	if (pbf_catalog_has_bootcode(server->catalog))
		submit_lookup(server, fuse, PBF_BOOTCODE, PBF_BOOTCODE, "",
			      true);
	else if (pbf_catalog_find(server->catalog, PBF_DEFAULT_BOARD, &board) ==
		 0)
		submit_lookup(server, fuse, board.source, PBF_DEFAULT_BOARD,
			      PBF_BOOTCODE, true);
	else
		fuse_reply_err(fuse, ENOENT);
}

static void work_on_link(struct request *request)
{
	bool is_image = pbf_catalog_leads_to_image(request->server->catalog,
						   &request->board);

	if (!is_image)
		log_once(LOG_WARNING,
			 "%s: leads to no file and no block device; not shown",
			 request->board.entry);
	if (!request_claim(request))
		return;
	if (is_image)
		reply_board(request->server, request->fuse, request->path,
			    &request->board);
	else
		fuse_reply_err(request->fuse, ENOENT);
}

static void trust_link(struct request *request)
{
	reply_board(request->server, request->fuse, request->path,
		    &request->board);
}

static void submit_link(struct server *server, fuse_req_t fuse,
			const char *name, const struct pbf_board *board)
{
	struct request *request = request_new(server, fuse, board->source);

	if (!request)
		return;
	request->board = *board;
	request->path = board_path_join("", name);
	request->work = work_on_link;
	request->late = trust_link;
	request->blames_storage = false;
	if (!request->path) {
		request_fail(request, -ENOMEM);
		request_unref(request);
		return;
	}
	request_submit(request, LINK_TIMEOUT_MS);
}

static void lookup_board(struct server *server, fuse_req_t fuse,
			 const char *name)
{
	char key[PBF_BOARD_KEY_BYTES];
	struct pbf_board board;

	if (strcmp(name, PBF_BOOTCODE) == 0) {
		lookup_bootcode(server, fuse);
	} else if (pbf_catalog_find(server->catalog, name, &board) < 0) {
		if (pbf_board_key(name, key))
			log_once(LOG_NOTICE,
				 "board %s asks for its files, but the image "
				 "directory has no entry for it",
				 key);
		fuse_reply_err(fuse, ENOENT);
	} else if (board.leads_outside) {
		submit_link(server, fuse, name, &board);
	} else {
		reply_board(server, fuse, name, &board);
	}
}

void lookup_ops_lookup(fuse_req_t fuse, fuse_ino_t parent, const char *name)
{
	struct server *server = fuse_req_userdata(fuse);
	_cleanup_node_ struct node node = { 0 };
	struct pbf_board board;
	int error = nodes_get(server->nodes, parent, &node);

	if (error == 0 && node.version)
		error = -ENOTDIR;
	if (error == 0 && !node.is_root)
		error = board_path_find(server->catalog, node.path, &board);
	if (error < 0)
		fuse_reply_err(fuse, -error);
	else if (node.is_root)
		lookup_board(server, fuse, name);
	else
		submit_lookup(server, fuse, board.source, node.path, name,
			      false);
}
