/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Identity: which number the kernel knows a directory or a file version by,
 * and how often it was told.
 *
 * A directory has one number for each path, as it was spelled: the kernel
 * would move a directory that it met under two paths.  A file version has one
 * number however many paths lead to it, as with hard links.  Numbers are never
 * used again.  What the kernel has forgotten is kept for a while, because it
 * asks again within microseconds when a name leads to a new version.
 *
 * Threads: any may call; the table has one lock.
 */
#ifndef PIBOOTFS_NODES_H
#define PIBOOTFS_NODES_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "version_table.h"

struct nodes;

/* What a number stands for. */
struct node {
	uint64_t id;
	bool is_root;
	/* A directory: "BOARD" or "BOARD/PATH", "" for the root; owned. */
	char *path;
	struct timespec modified; /* of a directory */
	/* A file, with a reference; NULL for a directory. */
	struct pbf_version *version;
};

/* VERSIONS gives the numbers and is told of versions nobody knows any more. */
int nodes_new(struct pbf_version_table *versions, struct nodes **ret_nodes);
void nodes_free(struct nodes *nodes);

/*
 * The number of the directory at PATH, or of VERSION, of which the kernel is
 * going to be told: counts as one lookup.  0 when there is no memory.
 */
uint64_t nodes_enter_directory(struct nodes *nodes, const char *path,
			       struct timespec modified, bool *ret_is_new);
uint64_t nodes_enter_file(struct nodes *nodes, struct pbf_version *version);

/* The kernel has forgotten COUNT lookups. */
void nodes_forget(struct nodes *nodes, uint64_t id, uint64_t count);

/*
 * ID is a version that no lookup will find again: it need not be kept once the
 * kernel has forgotten it, nor its content.
 */
void nodes_retire(struct nodes *nodes, uint64_t id);

/*
 * Copies what ID stands for; the caller calls node_release().  -ESTALE when
 * the number is not known (any more), -ENOMEM.
 */
int nodes_get(struct nodes *nodes, uint64_t id, struct node *ret_node);
void node_release(struct node *node);

#define _cleanup_node_ _cleanup_(node_release)

#endif
