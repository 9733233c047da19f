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
#include <time.h>

#include "board_name.h"
#include "board_path.h"
#include "board_request.h"
#include "catalog_foreign.h"
#include "cleanup.h"
#include "log.h"
#include "request.h"
#include "server.h"
#include "tryboot.h"

/* How long a link in the root directory may wait for other storage. */
#define LINK_TIMEOUT_MS 100
/* And bootcode.bin, of which more than a stamp is needed. */
#define BOOTCODE_TIMEOUT_MS 1000

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

static void reply_board(struct server *server, fuse_req_t fuse,
			const char *name, const struct pbf_board *board)
{
	bool is_new;
	struct node node = { .modified = board->modified };

	node.id = nodes_enter_directory(server->nodes, name, board->modified,
					&is_new);
	if (is_new)
		server_warn_of_conflict(server, board, PBF_AT_ONCE);
	reply_entry(server, fuse, &node);
}

/* Answers what PATH, "BOARD/PATH", was found to be. */
static void reply_answer(struct server *server, fuse_req_t fuse,
			 const char *path, const struct pbf_answer *answer,
			 bool files_only)
{
	struct node node = { .version = answer->version };
	bool is_new;

	if (answer->kind == PBF_ANSWER_ABSENT ||
	    (answer->kind == PBF_ANSWER_DIRECTORY && files_only)) {
		fuse_reply_err(fuse, ENOENT);
		return;
	}
	if (answer->kind == PBF_ANSWER_FILE) {
		node.id = nodes_enter_file(server->nodes, answer->version);
	} else {
		node.modified = answer->modified;
		node.id = nodes_enter_directory(server->nodes, path,
						answer->modified, &is_new);
	}
	reply_entry(server, fuse, &node);
}

/* --- Names inside a board's directory --- */

/* A Linux client shows a file it has just replaced as empty for 30 s. */
#define FRESH_SECONDS 90

/* Says once what is strange about a volume that is served. */
static void note_volume(const char *name, const struct pbf_source *source)
{
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(source->volume);
	uint32_t device_sector_bytes = pbf_image_sector_bytes(source->image);

	if (geometry->dirty)
		log_once(LOG_INFO,
			 "%s: volume is marked dirty: it is mounted somewhere, "
			 "or was not unmounted; serving it",
			 name);
	if (geometry->oddity)
		log_once(LOG_NOTICE, "%s: volume %s; serving it", name,
			 geometry->oddity);
	if (geometry->sector_bytes < device_sector_bytes)
		log_once(LOG_NOTICE,
			 "%s: volume has sectors of %u bytes on a device with "
			 "sectors of %u, where Linux would not mount it; "
			 "serving it",
			 name, geometry->sector_bytes, device_sector_bytes);
}

/* Says once what is served although it may not be what is wanted. */
static void note_oddities(const char *name, const struct pbf_source *source,
			  const struct pbf_found *found)
{
	const struct pbf_reason *oddity;
	struct timespec now;

	if (!source->volume)
		return;
	note_volume(name, source);
	oddity = pbf_fat_volume_oddity(source->volume);
	if (oddity)
		log_refusal(LOG_NOTICE, name, found->path, oddity,
			    "serving it");
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (!found->is_directory && found->size_bytes == 0 &&
	    pbf_fat_volume_geometry(source->volume)->dirty &&
	    found->modified.tv_sec > now.tv_sec - FRESH_SECONDS)
		log_once(LOG_NOTICE,
			 "%s: %s: an empty file, written moments ago.  If the "
			 "board is updating it: run \"sync -f "
			 "/boot/firmware\" there",
			 name, found->path);
}

/*
 * What is served for a PATH that the image does not have.  What is wrong with
 * autoboot.txt only costs what it would have been good for.
 */
static int find_stand_in(struct request *request, struct pbf_source *source,
			 const char *path, struct pbf_found *ret_found,
			 struct pbf_reason *why)
{
	int error = pbf_tryboot_find(source, path, ret_found, why);

	if (error == 0)
		log_once(LOG_INFO,
			 "%s: answering for tryboot.txt with %s, as "
			 "autoboot.txt has tryboot_a_b=1",
			 request->board.source, ret_found->path);
	if (error != -EUCLEAN)
		return error;
	log_refusal(LOG_NOTICE, request->board.source, path, why,
		    "there is no tryboot.txt");
	return -ENOENT;
}

/* Reads what PATH is in the source of REQUEST. */
static int find_answer(struct request *request, struct pbf_source *source,
		       const char *path, struct pbf_answer *ret_answer,
		       struct pbf_reason *why)
{
	_cleanup_found_ struct pbf_found found = { 0 };
	int error = pbf_source_find(source, path, &found, why);

	if (error == -ENOENT)
		error = find_stand_in(request, source, path, &found, why);
	if (error == -EPERM)
		log_refusal(LOG_NOTICE, request->board.source, path, why,
			    "answering that it is not there");
	if (error == -ENOENT || error == -ENOTDIR || error == -EPERM) {
		ret_answer->kind = PBF_ANSWER_ABSENT;
		return 0;
	}
	if (error < 0)
		return error;
	note_oddities(request->board.source, source, &found);
	ret_answer->kind =
		found.is_directory ? PBF_ANSWER_DIRECTORY : PBF_ANSWER_FILE;
	ret_answer->modified = found.modified;
	if (found.is_directory)
		return 0;
	return pbf_version_table_lookup(request->server->versions,
					request->board.source, source, &found,
					&ret_answer->version);
}

/* Takes the reference in ANSWER. */
static void finish_lookup(struct request *request,
			  const struct pbf_answer *answer)
{
	if (request_claim(request))
		reply_answer(request->server, request->fuse, request->path,
			     answer, request->files_only);
	pbf_version_unref(answer->version);
}

/* Finds request->path, "BOARD/PATH" or a plain file, in its source. */
static void work_on_lookup(struct request *request)
{
	struct server *server = request->server;
	const char *path = board_path_in_volume(request->path);
	const char *image = request->board.source;
	struct pbf_reason why = { .offset_bytes = PBF_REASON_NO_OFFSET };
	_cleanup_source_ struct pbf_source source = { 0 };
	struct pbf_answer answer = { .version = NULL };
	struct pbf_proof proof;
	int error;

	if (pbf_memo_recall(server->memo, image, path, PBF_ANYWHERE, &answer)) {
		finish_lookup(request, &answer);
		return;
	}
	pbf_memo_prepare(server->memo, image, &proof);
	error = pbf_source_open(server->catalog, image,
				pbf_monotonic_ms() +
					server->settings.io_timeout_ms,
				&source, &why);
	if (error == 0)
		error = find_answer(request, &source, path, &answer, &why);
	if (error < 0) {
		log_refusal(LOG_WARNING, image, path, &why,
			    "answering with an I/O error");
		request_fail(request, -EIO);
		return;
	}
	pbf_memo_keep(server->memo, image, path, &proof,
		      pbf_image_stamp(source.image), &answer);
	finish_lookup(request, &answer);
}

/* Answers what is known of PATH, "BOARD/PATH", and proven at once. */
static bool answer_at_once(struct server *server, fuse_req_t fuse,
			   const struct pbf_board *board, const char *path,
			   bool files_only)
{
	struct pbf_answer answer;

	if (!pbf_memo_recall(server->memo, board->source,
			     board_path_in_volume(path), PBF_AT_ONCE, &answer))
		return false;
	reply_answer(server, fuse, path, &answer, files_only);
	pbf_version_unref(answer.version);
	return true;
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
	    answer_at_once(server, fuse, &board, joined, false)) {
		free(joined);
		return;
	}
	request = board_request_new(server, fuse, joined, error, &board,
				    work_on_lookup);
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
		work_on_lookup(request);
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
	if (error == 0 && answer_at_once(server, fuse, &board, path, true))
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
			   const struct pbf_board *board, enum pbf_reach reach)
{
	char key[PBF_BOARD_KEY_BYTES], entry[PBF_ENTRY_BYTES];
	bool is_link = board->entry[0] != '\0';
	const char *text;
	int error = is_link && reach == PBF_AT_ONCE ?
			    -EAGAIN :
			    pbf_catalog_foreign_for(server->catalog, name,
						    reach, entry, &text);

	if (error == 0)
		server_warn_of_foreign(entry, text);
	else if (error == -ENOENT && !is_link && pbf_board_key(name, key))
		log_once(LOG_NOTICE,
			 "board %s asks for its files, but the image directory "
			 "has no entry for it",
			 key);
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

	board_request_note_directory(server);
	/* An entry that is a mount itself could not even be seen. */
	if (error == -EAGAIN && board.entry[0] == '\0')
		error = pbf_catalog_find(server->catalog, request->path,
					 PBF_ANYWHERE, &board);
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
	request->late = is_link ? trust_link : board_request_blame_directory;
	request->blames_storage = false;
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
