/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the operations work with: one of it for each mount, made before the
 * first request and freed after the last.
 */
#ifndef PIBOOTFS_SERVER_H
#define PIBOOTFS_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "catalog.h"
#include "deadlines.h"
#include "deny.h"
#include "handles.h"
#include "lanes.h"
#include "memo.h"
#include "nodes.h"
#include "snapshot.h"
#include "version_table.h"

struct server_settings {
	const char *images;	     /* the image directory */
	struct pbf_image_conf image; /* for all that have no other */
	struct pbf_deny deny;	     /* what image.deny leads to */
	uint64_t snapshot_memory_bytes;
	int64_t io_timeout_ms;
	uid_t uid;
	gid_t gid;
	mode_t umask;
	/* The kernel checks permissions, and must see them without asking. */
	bool default_permissions;
};

struct server {
	struct server_settings settings;
	struct pbf_catalog *catalog;
	char *images; /* "image directory PATH", for messages */
	/* It could not be looked at, and that was said. */
	atomic_bool images_lost;
	struct pbf_store *store;
	struct pbf_version_table *versions;
	struct pbf_memo *memo;
	struct nodes *nodes;
	struct handles *handles;
	struct lanes *lanes;
	struct deadlines *deadlines;
	/* All work was done in the end; hung storage may hold some up. */
	bool drained;
	/* Told once the kernel and the daemon have agreed on a protocol. */
	void (*ready)(void *context);
	void *ready_context;
};

/* Negative errno; the one from opening the image directory names it. */
int server_new(const struct server_settings *settings,
	       struct server **ret_server);

/*
 * Once no more requests come: waits for the work on those that came, so that
 * they are answered, but not for storage that hangs.
 */
void server_drain(struct server *server);

/* Frees the server, which must be drained. */
void server_free(struct server *server);

/* Says once that another entry is hidden by BOARD's. */
void server_warn_of_conflict(struct server *server,
			     const struct pbf_board *board,
			     enum pbf_reach reach);

/* Says once that the file ENTRY is no image; TEXT is as in foreign.h. */
void server_warn_of_foreign(const char *entry, const char *text);

/* The attributes of a directory or a file version. */
void server_attributes(const struct server *server, const struct node *node,
		       struct stat *ret_attributes);

/* Seconds that the kernel may keep them. */
double server_attributes_timeout(const struct server *server,
				 const struct node *node);

#endif
