/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: everything is guarded by `lock`. */
#include "nodes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cleanup.h"
#include "list.h"

#define BUCKETS 4096u
#define ROOT_ID 1u
/* Numbers kept although the kernel has forgotten them. */
#define FORGOTTEN_MAX 16384u

struct item {
	struct pbf_list by_id;
	struct pbf_list by_path;   /* directories */
	struct pbf_list forgotten; /* when lookups is 0 */
	uint64_t lookups;
	bool retired;
	struct node node;
};

struct nodes {
	pthread_mutex_t lock;
	struct pbf_version_table *versions;
	struct pbf_list by_id[BUCKETS];
	struct pbf_list by_path[BUCKETS];
	struct pbf_list forgotten; /* the first to go first */
	size_t forgotten_count;
};

static struct pbf_list *id_bucket(struct nodes *nodes, uint64_t id)
{
	return &nodes->by_id[id % BUCKETS];
}

static struct pbf_list *path_bucket(struct nodes *nodes, const char *path)
{
	return &nodes->by_path[XXH3_64bits(path, strlen(path)) % BUCKETS];
}

/* With the lock held: makes the item for a number; lookups is 0. */
static struct item *add_item(struct nodes *nodes, uint64_t id)
{
	struct item *item = calloc(1, sizeof(*item));

	if (!item)
		return NULL;
	item->node.id = id;
	pbf_list_init(&item->by_path);
	pbf_list_init(&item->forgotten);
	pbf_list_append(id_bucket(nodes, id), &item->by_id);
	return item;
}

/* With the lock held. */
static void remove_item(struct nodes *nodes, struct item *item)
{
	if (!pbf_list_is_empty(&item->forgotten))
		nodes->forgotten_count--;
	pbf_list_remove(&item->forgotten);
	pbf_list_remove(&item->by_path);
	pbf_list_remove(&item->by_id);
	if (item->node.version)
		pbf_version_table_drop(nodes->versions, item->node.version);
	node_release(&item->node);
	free(item);
}

int nodes_new(struct pbf_version_table *versions, struct nodes **ret_nodes)
{
	struct nodes *nodes = calloc(1, sizeof(*nodes));
	struct item *root;

	if (!nodes)
		return -ENOMEM;
	nodes->versions = versions;
	pthread_mutex_init(&nodes->lock, NULL);
	pbf_list_init(&nodes->forgotten);
	for (size_t i = 0; i < BUCKETS; i++) {
		pbf_list_init(&nodes->by_id[i]);
		pbf_list_init(&nodes->by_path[i]);
	}
	root = add_item(nodes, ROOT_ID);
	if (root) {
		root->node.is_root = true;
		root->node.path = strdup("");
		root->lookups = 1; /* the mount's own, never forgotten */
		clock_gettime(CLOCK_REALTIME, &root->node.modified);
	}
	if (!root || !root->node.path) {
		nodes_free(nodes);
		return -ENOMEM;
	}
	*ret_nodes = nodes;
	return 0;
}

void nodes_free(struct nodes *nodes)
{
	if (!nodes)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (!pbf_list_is_empty(&nodes->by_id[i]))
			remove_item(nodes, PBF_CONTAINER(nodes->by_id[i].next,
							 struct item, by_id));
	pthread_mutex_destroy(&nodes->lock);
	free(nodes);
}

/* With the lock held. */
static struct item *find_id(struct nodes *nodes, uint64_t id)
{
	struct pbf_list *bucket = id_bucket(nodes, id);

	for (struct pbf_list *link = bucket->next; link != bucket;
	     link = link->next) {
		struct item *item = PBF_CONTAINER(link, struct item, by_id);

		if (item->node.id == id)
			return item;
	}
	return NULL;
}

/* With the lock held. */
static struct item *find_path(struct nodes *nodes, const char *path)
{
	struct pbf_list *bucket = path_bucket(nodes, path);

	for (struct pbf_list *link = bucket->next; link != bucket;
	     link = link->next) {
		struct item *item = PBF_CONTAINER(link, struct item, by_path);

		if (strcmp(item->node.path, path) == 0)
			return item;
	}
	return NULL;
}

/* With the lock held: counts a lookup. */
static uint64_t count_lookup(struct nodes *nodes, struct item *item)
{
	if (!pbf_list_is_empty(&item->forgotten)) {
		pbf_list_remove(&item->forgotten);
		nodes->forgotten_count--;
	}
	item->lookups++;
	return item->node.id;
}

uint64_t nodes_enter_directory(struct nodes *nodes, const char *path,
			       struct timespec modified, bool *ret_is_new)
{
	struct item *item;
	uint64_t id = 0;

	pthread_mutex_lock(&nodes->lock);
	item = find_path(nodes, path);
	*ret_is_new = !item;
	if (!item) {
		char *copy = strdup(path);

		if (copy)
			item = add_item(nodes, pbf_version_table_next_id(
						       nodes->versions));
		if (item) {
			item->node.path = copy;
			pbf_list_append(path_bucket(nodes, path),
					&item->by_path);
		} else {
			free(copy);
		}
	}
	if (item) {
		item->node.modified = modified;
		id = count_lookup(nodes, item);
	}
	pthread_mutex_unlock(&nodes->lock);
	return id;
}

uint64_t nodes_enter_file(struct nodes *nodes, struct pbf_version *version)
{
	struct item *item;
	uint64_t id = 0;

	pthread_mutex_lock(&nodes->lock);
	item = find_id(nodes, pbf_version_id(version));
	if (!item) {
		item = add_item(nodes, pbf_version_id(version));
		if (item)
			item->node.version = pbf_version_ref(version);
	}
	if (item)
		id = count_lookup(nodes, item);
	pthread_mutex_unlock(&nodes->lock);
	return id;
}

void nodes_forget(struct nodes *nodes, uint64_t id, uint64_t count)
{
	struct item *item;

	pthread_mutex_lock(&nodes->lock);
	item = find_id(nodes, id);
	if (item && !item->node.is_root) {
		item->lookups -= count < item->lookups ? count : item->lookups;
		if (item->lookups == 0 && item->retired) {
			remove_item(nodes, item);
		} else if (item->lookups == 0 &&
			   pbf_list_is_empty(&item->forgotten)) {
			pbf_list_append(&nodes->forgotten, &item->forgotten);
			nodes->forgotten_count++;
		}
	}
	while (nodes->forgotten_count > FORGOTTEN_MAX)
		remove_item(nodes, PBF_CONTAINER(nodes->forgotten.next,
						 struct item, forgotten));
	pthread_mutex_unlock(&nodes->lock);
}

void nodes_retire(struct nodes *nodes, uint64_t id)
{
	struct item *item;

	pthread_mutex_lock(&nodes->lock);
	item = find_id(nodes, id);
	if (item && item->lookups == 0)
		remove_item(nodes, item);
	else if (item)
		item->retired = true;
	pthread_mutex_unlock(&nodes->lock);
}

int nodes_get(struct nodes *nodes, uint64_t id, struct node *ret_node)
{
	const struct item *item;
	int error = 0;

	pthread_mutex_lock(&nodes->lock);
	item = find_id(nodes, id);
	if (item) {
		struct node node = item->node;

		if (node.version)
			node.version = pbf_version_ref(node.version);
		if (node.path)
			node.path = strdup(node.path);
		if (node.path || node.version)
			*ret_node = node;
		else
			error = -ENOMEM;
	} else {
		error = -ESTALE;
	}
	pthread_mutex_unlock(&nodes->lock);
	return error;
}

void node_release(struct node *node)
{
	free(node->path);
	pbf_version_unref(node->version);
	*node = (struct node){ 0 };
}
