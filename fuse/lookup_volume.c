/* SPDX-License-Identifier: BSD-2-Clause */
#include "lookup_volume.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "board_path.h"
#include "log.h"
#include "tryboot.h"

void lookup_volume_reply(struct server *server, fuse_req_t fuse,
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
	lookup_volume_reply(server, fuse, &node);
}

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

void lookup_volume_work(struct request *request)
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

bool lookup_volume_at_once(struct server *server, fuse_req_t fuse,
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
