/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The root directory is listed from the image directory; links that lead to
 * outside it are looked at, but only for a moment: storage that does not
 * answer is taken for an image, so that one that hangs is still listed.
 */
#include "dir_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board_path.h"
#include "fat_dir.h"
#include "listing.h"
#include "log.h"
#include "request.h"
#include "server.h"

/* How long listing the root directory may wait for other storage. */
#define ROOT_TIMEOUT_MS 1000
/* No image has this name, so the lane is the root directory's own. */
#define ROOT_LANE "/"

/* Takes LISTING; the request has been claimed. */
static void reply_listing(struct request *request, struct listing *listing)
{
	struct handles *handles = request->server->handles;

	request->file.fh = handles_open_listing(handles, listing);
	if (request->file.fh == 0) {
		fuse_reply_err(request->fuse, ENOMEM);
		listing_free(listing);
		return;
	}
	/* Interrupted meanwhile: there will be no RELEASEDIR. */
	if (fuse_reply_open(request->fuse, &request->file) == -ENOENT)
		handles_close(handles, request->file.fh);
}

static void finish_listing(struct request *request, struct listing *listing,
			   int error)
{
	if (error < 0)
		request_fail(request, error);
	else if (request_claim(request)) {
		reply_listing(request, listing);
		return;
	}
	listing_free(listing);
}

static struct listing *new_listing(void)
{
	struct listing *listing = listing_new();

	if (listing && listing_add(listing, ".", true) == 0 &&
	    listing_add(listing, "..", true) == 0)
		return listing;
	listing_free(listing);
	return NULL;
}

/* --- The root directory --- */

struct root_listing {
	struct server *server;
	struct listing *listing;
	bool look_outside;
};

static int take_board(void *context, const struct pbf_board *board)
{
	struct root_listing *root = context;

	if (board->leads_outside && root->look_outside &&
	    !pbf_catalog_leads_to_image(root->server->catalog, board))
		return 0;
	server_warn_of_conflict(root->server, board);
	return listing_add(root->listing, board->directory, true);
}

/* Whether the default image has a file bootcode.bin. */
static bool default_has_bootcode(struct server *server)
{
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_found_ struct pbf_found found = { 0 };
	struct pbf_board board;

	return pbf_catalog_find(server->catalog, PBF_DEFAULT_BOARD, &board) ==
		       0 &&
	       pbf_source_open(server->catalog, board.source,
			       pbf_monotonic_ms() + ROOT_TIMEOUT_MS, &source,
			       NULL) == 0 &&
	       pbf_source_find(&source, PBF_BOOTCODE, &found, NULL) == 0 &&
	       !found.is_directory;
}

static int list_root(struct server *server, struct listing *listing,
		     bool look_outside)
{
	struct root_listing root = {
		.server = server,
		.listing = listing,
		.look_outside = look_outside,
	};
	int error = pbf_catalog_list(server->catalog, take_board, &root);

	if (error == 0 && (pbf_catalog_has_bootcode(server->catalog) ||
			   (look_outside && default_has_bootcode(server))))
		error = listing_add(listing, PBF_BOOTCODE, false);
	return error;
}

static void work_on_root(struct request *request)
{
	struct listing *listing = new_listing();
	int error =
		listing ? list_root(request->server, listing, true) : -ENOMEM;

	finish_listing(request, listing, error);
}

/* The request has been claimed. */
static void list_root_late(struct request *request)
{
	struct listing *listing = new_listing();

	if (listing && list_root(request->server, listing, false) == 0) {
		reply_listing(request, listing);
	} else {
		listing_free(listing);
		fuse_reply_err(request->fuse, EIO);
	}
}

/* --- Directories of boards --- */

static int list_walk(struct request *request, struct pbf_dir_walk *walk,
		     const char *path, struct listing *listing)
{
	struct pbf_reason why = { .offset_bytes = PBF_REASON_NO_OFFSET };
	struct pbf_fat_entry entry;
	enum pbf_slot_kind kind;

	for (;;) {
		int error = pbf_dir_walk_next(walk, &kind, &entry, &why);

		/* What came before is listed, whatever comes after. */
		if (error < 0)
			log_refusal(LOG_WARNING, request->source, path, &why,
				    "listing what comes before");
		if (error < 0 || kind == PBF_SLOT_END)
			return 0;
		if (kind == PBF_SLOT_BAD)
			log_refusal(LOG_WARNING, request->source, path, &why,
				    "leaving it out");
		if (kind == PBF_SLOT_ENTRY &&
		    listing_add(listing, entry.name, entry.is_directory) < 0)
			return -ENOMEM;
	}
}

static int list_directory(struct request *request, const char *path,
			  struct listing *listing, struct pbf_reason *why)
{
	struct server *server = request->server;
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_found_ struct pbf_found found = { 0 };
	struct pbf_dir_walk walk;
	int error = pbf_source_open(server->catalog, request->source,
				    pbf_monotonic_ms() +
					    server->settings.io_timeout_ms,
				    &source, why);

	if (error == -ENOENT)
		error = -EIO;
	if (error == 0)
		error = pbf_source_find(&source, path, &found, why);
	if (error == 0 && !found.is_directory)
		error = -ENOTDIR;
	if (error == 0)
		error = pbf_dir_walk_start(&walk, source.volume,
					   found.first_cluster, why);
	if (error == 0)
		error = list_walk(request, &walk, path, listing);
	return error;
}

static void work_on_directory(struct request *request)
{
	const char *path = board_path_in_volume(request->path);
	struct pbf_reason why = { .offset_bytes = PBF_REASON_NO_OFFSET };
	struct listing *listing = new_listing();
	int error = listing ? list_directory(request, path, listing, &why) :
			      -ENOMEM;

	if (error < 0 && error != -ENOENT && error != -ENOTDIR &&
	    error != -ENOMEM) {
		log_refusal(LOG_WARNING, request->source, path, &why,
			    "answering with an I/O error");
		error = -EIO;
	}
	finish_listing(request, listing, error);
}

/* --- Operations --- */

void dir_ops_opendir(fuse_req_t fuse, fuse_ino_t inode,
		     struct fuse_file_info *file)
{
	struct server *server = fuse_req_userdata(fuse);
	_cleanup_node_ struct node node = { 0 };
	struct pbf_board board;
	struct request *request;
	int error = nodes_get(server->nodes, inode, &node);

	if (error == 0 && node.version)
		error = -ENOTDIR;
	if (error == 0 && !node.is_root)
		error = board_path_find(server->catalog, node.path, &board);
	if (error < 0) {
		fuse_reply_err(fuse, -error);
		return;
	}
	request = request_new(server, fuse,
			      node.is_root ? ROOT_LANE : board.source);
	if (!request) {
		fuse_reply_err(fuse, ENOMEM);
		return;
	}
	request->file = *file;
	request->path = node.path;
	node.path = NULL;
	request->work = node.is_root ? work_on_root : work_on_directory;
	if (node.is_root)
		request->late = list_root_late;
	request_submit(request, node.is_root ? ROOT_TIMEOUT_MS :
					       server->settings.io_timeout_ms);
}

void dir_ops_readdir(fuse_req_t fuse, fuse_ino_t inode, size_t size,
		     off_t offset, struct fuse_file_info *file)
{
	const struct listing *listing = handle_listing(file->fh);
	char *buffer = malloc(size);
	size_t used = 0;
	const char *name;
	bool is_directory;

	(void)inode;
	if (!buffer) {
		fuse_reply_err(fuse, ENOMEM);
		return;
	}
	while ((name = listing_at(listing, (size_t)offset, &is_directory))) {
		/* Numbers are given at lookup; this one means "not known". */
		const struct stat attributes = {
			.st_ino = UINT32_MAX,
			.st_mode = is_directory ? S_IFDIR : S_IFREG,
		};
		size_t length =
			fuse_add_direntry(fuse, buffer + used, size - used,
					  name, &attributes, ++offset);

		if (length > size - used)
			break;
		used += length;
	}
	fuse_reply_buf(fuse, buffer, used);
	free(buffer);
}

void dir_ops_releasedir(fuse_req_t fuse, fuse_ino_t inode,
			struct fuse_file_info *file)
{
	struct server *server = fuse_req_userdata(fuse);

	(void)inode;
	handles_close(server->handles, file->fh);
	fuse_reply_err(fuse, 0);
}
