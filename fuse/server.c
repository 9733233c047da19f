/* SPDX-License-Identifier: BSD-2-Clause */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "file_ops.h"
#include "log.h"

/* How long to wait at the end for work that may wait for hung storage. */
#define DRAIN_MS 500

/*
 * 1 is the root's.  Numbers begin low, so that they fit the inode numbers of
 * 32-bit kernels and programs.
 */
#define FIRST_ID 2u

/* A version never changes, so its attributes do not either. */
#define VERSION_ATTRIBUTES_SECONDS 86400.0
/* Every walk asks again; this serves the permission check in between. */
#define CHECKED_ATTRIBUTES_SECONDS 1.0

/* Nobody will look for an old version: its memory is for the new one. */
static void retire_version(void *context, struct pbf_version *version)
{
	const struct server *server = context;

	nodes_retire(server->nodes, pbf_version_id(version));
}

int server_new(const struct server_settings *settings,
	       struct server **ret_server)
{
	struct server *server = calloc(1, sizeof(*server));
	struct pbf_version_shared shared;
	int error;

	if (!server)
		return -ENOMEM;
	server->settings = *settings;
	server->settings.image.deny = &server->settings.deny;
	server->drained = true; /* nothing has been asked yet */
	error = pbf_catalog_open(settings->images, server->settings.image,
				 &server->catalog);
	if (error == 0 && asprintf(&server->images, "image directory %s",
				   pbf_catalog_path(server->catalog)) < 0) {
		server->images = NULL;
		error = -ENOMEM;
	}
	if (error == 0)
		error = pbf_store_new(settings->snapshot_memory_bytes,
				      &server->store);
	if (error == 0)
		error = lanes_new(&server->lanes);
	if (error == 0)
		error = deadlines_new(&server->deadlines);
	if (error == 0) {
		shared = (struct pbf_version_shared){
			.catalog = server->catalog,
			.store = server->store,
			.timeout_ms = settings->io_timeout_ms,
			.start_capture = file_ops_start_capture,
			.superseded = retire_version,
			.context = server,
		};
		error = pbf_version_table_new(&shared, FIRST_ID,
					      &server->versions);
	}
	if (error == 0)
		error = pbf_memo_new(server->catalog, &server->memo);
	if (error == 0)
		error = handles_new(&server->handles);
	if (error == 0)
		error = nodes_new(server->versions, &server->nodes);
	if (error < 0) {
		server_free(server);
		return error;
	}
	*ret_server = server;
	return 0;
}

void server_drain(struct server *server)
{
	server->drained = lanes_drain(server->lanes, DRAIN_MS);
	if (!server->drained) {
		log_message(LOG_NOTICE, "leaving work on hung storage behind");
		return;
	}
	/* Its thread may be answering a request at this moment. */
	deadlines_free(server->deadlines);
	server->deadlines = NULL;
}

void server_free(struct server *server)
{
	deadlines_free(server->deadlines);
	handles_free(server->handles);
	nodes_free(server->nodes);
	pbf_memo_free(server->memo);
	pbf_version_table_free(server->versions);
	lanes_free(server->lanes);
	pbf_store_free(server->store);
	pbf_catalog_free(server->catalog);
	free(server->images);
	free(server);
}

void server_warn_of_conflict(struct server *server,
			     const struct pbf_board *board,
			     enum pbf_reach reach)
{
	char loser[PBF_ENTRY_BYTES];

	if (pbf_catalog_conflict(server->catalog, board, reach, loser))
		log_once(LOG_WARNING,
			 "%s: hidden, because %s gives directory %s as well; "
			 "rename one of them",
			 loser, board->entry, board->directory);
}

void server_warn_of_foreign(const char *entry, const char *text)
{
	log_once(LOG_WARNING, "%s: %s; not served", entry, text);
}

void server_attributes(const struct server *server, const struct node *node,
		       struct stat *ret_attributes)
{
	const struct server_settings *settings = &server->settings;
	struct stat attributes = {
		.st_ino = node->id,
		.st_uid = settings->uid,
		.st_gid = settings->gid,
		.st_blksize = 4096,
	};

	if (node->version) {
		struct pbf_version_times times =
			pbf_version_times(node->version);
		uint64_t size_bytes = pbf_version_size_bytes(node->version);

		attributes.st_mode = S_IFREG | (0444 & ~settings->umask);
		attributes.st_nlink = 1;
		attributes.st_size = (off_t)size_bytes;
		attributes.st_blocks = (blkcnt_t)((size_bytes + 511) / 512);
		attributes.st_mtim = times.modified;
		attributes.st_ctim = times.modified;
		attributes.st_atim = times.accessed;
	} else {
		attributes.st_mode = S_IFDIR | (0555 & ~settings->umask);
		attributes.st_nlink = 2;
		attributes.st_mtim = node->modified;
		attributes.st_ctim = node->modified;
		attributes.st_atim = node->modified;
	}
	*ret_attributes = attributes;
}

double server_attributes_timeout(const struct server *server,
				 const struct node *node)
{
	if (node->version)
		return VERSION_ATTRIBUTES_SECONDS;
	return server->settings.default_permissions ?
		       CHECKED_ATTRIBUTES_SECONDS :
		       0.0;
}
