/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The root directory is listed from the image directory; links that lead to
 * other storage are looked at, but only for a moment: storage that does not
 * answer is taken for an image, so that one that hangs is still listed.
 */
#include "dir_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board_path.h"
#include "board_request.h"
#include "catalog_foreign.h"
#include "fat_dir.h"
#include "listing.h"
#include "log.h"
#include "server.h"

/* How long listing the root directory may wait for other storage. */
#define ROOT_TIMEOUT_MS 1000
/* No image has this name either. */
#define LINKS_LANE "//"

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

/*
 * First what the image directory has, and then, where that does not tell, what
 * its links lead to.
 */
static int take_board(void *context, const struct pbf_board *board,
		      bool is_certain)
{
	struct request *request = context;

	server_warn_of_conflict(request->server, board, PBF_NEAR);
	return listing_add(is_certain ? request->listing : request->uncertain,
			   board->directory, true);
}

static void pass_entry(void *context, const char *entry)
{
	const struct request *request = context;
	const char *text =
		pbf_catalog_foreign_file(request->server->catalog, entry);

	if (text)
		server_warn_of_foreign(entry, text);
}

/* Whether the default image has a file bootcode.bin. */
static bool default_has_bootcode(struct server *server)
{
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_found_ struct pbf_found found = { 0 };
	struct pbf_board board;

	return pbf_catalog_find(server->catalog, PBF_DEFAULT_BOARD,
				PBF_ANYWHERE, &board) == 0 &&
	       pbf_source_open(server->catalog, board.source,
			       pbf_monotonic_ms() + ROOT_TIMEOUT_MS, &source,
			       NULL) == 0 &&
	       pbf_source_find(&source, PBF_BOOTCODE, &found, NULL) == 0 &&
	       !found.is_directory;
}

/* Looks at what is uncertain; what turns out to be there is added to FOUND. */
static int look_at_links(struct request *request, struct listing *found)
{
	struct server *server = request->server;
	struct pbf_board board;
	bool is_directory;
	const char *name;
	int error = 0;

	for (size_t i = 0; error == 0; i++) {
		name = listing_at(request->uncertain, i, &is_directory);
		if (!name)
			break;
		atomic_store(&request->waits_for, name);
		if (strcmp(name, PBF_BOOTCODE) == 0 ?
			    pbf_catalog_has_file(server->catalog, name,
						 PBF_ANYWHERE) == 1 ||
				    default_has_bootcode(server) :
			    pbf_catalog_find(server->catalog, name,
					     PBF_ANYWHERE, &board) == 0)
			error = listing_add(found, name, is_directory);
	}
	return error;
}

/* Adds all of MORE to the request's listing and answers; has claimed it. */
static void reply_root(struct request *request, const struct listing *more)
{
	struct listing *listing = request->listing;
	bool is_directory;
	const char *name;
	int error = 0;

	for (size_t i = 0; error == 0; i++) {
		name = listing_at(more, i, &is_directory);
		if (!name)
			break;
		error = listing_add(listing, name, is_directory);
	}
	if (error < 0) {
		fuse_reply_err(request->fuse, -error);
		return;
	}
	request->listing = NULL;
	reply_listing(request, listing);
}

static void work_on_links(struct request *request)
{
	struct listing *found = listing_new();
	int error = found ? look_at_links(request, found) : -ENOMEM;

	if (error < 0)
		request_fail(request, error);
	else if (request_claim(request))
		reply_root(request, found);
	listing_free(found);
}

/* What could not be looked at in time is listed: it may be an image. */
static void list_links_late(struct request *request)
{
	reply_root(request, request->uncertain);
}

/* Goes on with REQUEST's listings on the lane of links. */
static void submit_links(struct request *request)
{
	struct request *next =
		request_new(request->server, request->fuse, LINKS_LANE);

	if (!next) {
		fuse_reply_err(request->fuse, ENOMEM);
		return;
	}
	next->file = request->file;
	next->listing = request->listing;
	next->uncertain = request->uncertain;
	request->listing = request->uncertain = NULL;
	next->work = work_on_links;
	next->late = list_links_late;
	request_submit(next, ROOT_TIMEOUT_MS);
}

static void work_on_root(struct request *request)
{
	struct server *server = request->server;
	struct pbf_board board = { .entry = "" };
	bool is_directory;
	int bootcode, error = -ENOMEM;

	request->listing = new_listing();
	request->uncertain = listing_new();
	if (request->listing && request->uncertain)
		error = pbf_catalog_list(server->catalog, take_board,
					 pass_entry, request);
	board_request_note_directory(server, error);
	bootcode =
		pbf_catalog_has_file(server->catalog, PBF_BOOTCODE, PBF_NEAR);
	if (error == 0 && bootcode == 1)
		error = listing_add(request->listing, PBF_BOOTCODE, false);
	else if (error == 0 &&
		 (bootcode < 0 ||
		  pbf_catalog_find(server->catalog, PBF_DEFAULT_BOARD, PBF_NEAR,
				   &board) != -ENOENT))
		error = listing_add(request->uncertain, PBF_BOOTCODE, false);
	if (error < 0)
		request_fail(request,
			     -board_request_errno(server, error, &board));
	else if (!request_claim(request))
		return;
	else if (listing_at(request->uncertain, 0, &is_directory))
		submit_links(request);
	else
		reply_root(request, request->uncertain);
}

/* --- Directories of boards --- */

static int list_walk(struct request *request, struct pbf_dir_walk *walk,
		     const char *path, const struct pbf_deny *deny,
		     struct listing *listing)
{
	struct pbf_reason why = { .offset_bytes = PBF_REASON_NO_OFFSET };
	struct pbf_fat_entry entry;
	enum pbf_slot_kind kind;

	for (;;) {
		int error = pbf_dir_walk_next(walk, &kind, &entry, &why);

		/* What came before is listed, whatever comes after. */
		if (error < 0)
			log_refusal(LOG_WARNING, request->board.source, path,
				    &why, "listing what comes before");
		if (error < 0 || kind == PBF_SLOT_END)
			return 0;
		if (kind == PBF_SLOT_BAD)
			log_refusal(LOG_WARNING, request->board.source, path,
				    &why, "leaving it out");
		if (kind == PBF_SLOT_ENTRY &&
		    !pbf_deny_has(deny, entry.name, entry.alias) &&
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
	int error = pbf_source_open(server->catalog, request->board.source,
				    pbf_monotonic_ms() +
					    server->settings.io_timeout_ms,
				    &source, why);

	if (error == -ENOENT)
		error = -EIO;
	if (error == 0) {
		error = pbf_source_find(&source, path, &found, why);
		if (error == -EPERM) /* denied */
			error = -ENOENT;
	}
	if (error == 0 && !found.is_directory)
		error = -ENOTDIR;
	if (error == 0)
		error = pbf_dir_walk_start(&walk, source.volume,
					   found.first_cluster, why);
	if (error == 0)
		error = list_walk(request, &walk, path, source.deny, listing);
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
		log_refusal(LOG_WARNING, request->board.source, path, &why,
			    "answering with an I/O error");
		error = -EIO;
	}
	finish_listing(request, listing, error);
}

/* --- Operations --- */

static void open_root(struct server *server, fuse_req_t fuse,
		      const struct fuse_file_info *file)
{
	struct request *request =
		request_new(server, fuse, BOARD_DIRECTORY_LANE);

	if (!request) {
		fuse_reply_err(fuse, ENOMEM);
		return;
	}
	request->file = *file;
	request->work = work_on_root;
	atomic_store(&request->waits_for, server->images);
	request_submit(request, server->settings.io_timeout_ms);
}

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
	if (error < 0) {
		fuse_reply_err(fuse, -error);
		return;
	}
	if (node.is_root) {
		open_root(server, fuse, file);
		return;
	}
	error = board_path_find(server->catalog, node.path, PBF_AT_ONCE,
				&board);
	request = board_request_new(server, fuse, node.path, error, &board,
				    work_on_directory);
	node.path = NULL;
	if (!request)
		return;
	request->file = *file;
	board_request_submit(request);
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
