/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: `buckets` and what hangs in them are guarded by `lock`. */
#include "version_table.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define BUCKETS 4096u

struct item {
	struct pbf_list in_bucket;
	struct pbf_version *version;
};

struct pbf_version_table {
	struct pbf_version_shared shared;
	atomic_uint_fast64_t next_id;
	pthread_mutex_t lock;
	struct pbf_list buckets[BUCKETS];
};

int pbf_version_table_new(const struct pbf_version_shared *shared,
			  uint64_t first_id,
			  struct pbf_version_table **ret_table)
{
	struct pbf_version_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->shared = *shared;
	atomic_init(&table->next_id, first_id);
	pthread_mutex_init(&table->lock, NULL);
	for (size_t i = 0; i < BUCKETS; i++)
		pbf_list_init(&table->buckets[i]);
	*ret_table = table;
	return 0;
}

static void remove_item(struct item *item)
{
	pbf_list_remove(&item->in_bucket);
	pbf_version_unref(item->version);
	free(item);
}

void pbf_version_table_free(struct pbf_version_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (!pbf_list_is_empty(&table->buckets[i]))
			remove_item(PBF_CONTAINER(table->buckets[i].next,
						  struct item, in_bucket));
	pthread_mutex_destroy(&table->lock);
	free(table);
}

uint64_t pbf_version_table_next_id(struct pbf_version_table *table)
{
	return atomic_fetch_add(&table->next_id, 1);
}

static struct pbf_list *bucket_of(struct pbf_version_table *table,
				  const struct pbf_file_key *key)
{
	uint64_t hash = XXH3_64bits_withSeed(key->path, strlen(key->path),
					     key->device ^ key->inode ^
						     key->volume_start_bytes);

	return &table->buckets[hash % BUCKETS];
}

static bool same_file(const struct pbf_file_key *a,
		      const struct pbf_file_key *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->volume_start_bytes == b->volume_start_bytes &&
	       strcmp(a->path, b->path) == 0;
}

/* With the lock held. */
static struct item *find_item(struct pbf_version_table *table,
			      const struct pbf_file_key *key)
{
	struct pbf_list *bucket = bucket_of(table, key);

	for (struct pbf_list *link = bucket->next; link != bucket;
	     link = link->next) {
		struct item *item = PBF_CONTAINER(link, struct item, in_bucket);
		struct pbf_file_key other = pbf_version_key(item->version);

		if (same_file(key, &other))
			return item;
	}
	return NULL;
}

/* The version known for KEY, with a reference; NULL for none. */
static struct pbf_version *known_version(struct pbf_version_table *table,
					 const struct pbf_file_key *key)
{
	struct pbf_version *version = NULL;
	const struct item *item;

	pthread_mutex_lock(&table->lock);
	item = find_item(table, key);
	if (item)
		version = pbf_version_ref(item->version);
	pthread_mutex_unlock(&table->lock);
	return version;
}

/*
 * Makes VERSION the current one in place of OLD (NULL: of none).  -EAGAIN when
 * that is not the current one any more.  Takes a reference.
 */
static int replace(struct pbf_version_table *table,
		   const struct pbf_file_key *key,
		   const struct pbf_version *old, struct pbf_version *version)
{
	struct pbf_version *replaced = NULL;
	struct item *item;
	int error = 0;

	pthread_mutex_lock(&table->lock);
	item = find_item(table, key);
	if ((item ? item->version : NULL) != old) {
		error = -EAGAIN;
	} else if (item) {
		replaced = item->version;
		item->version = pbf_version_ref(version);
	} else {
		item = calloc(1, sizeof(*item));
		if (item) {
			item->version = pbf_version_ref(version);
			pbf_list_append(bucket_of(table, key),
					&item->in_bucket);
		} else {
			error = -ENOMEM;
		}
	}
	pthread_mutex_unlock(&table->lock);
	if (replaced && table->shared.superseded)
		table->shared.superseded(table->shared.context, replaced);
	pbf_version_unref(replaced);
	return error;
}

int pbf_version_table_lookup(struct pbf_version_table *table, const char *name,
			     struct pbf_source *source, struct pbf_found *found,
			     struct pbf_version **ret_version)
{
	const struct pbf_stamp *stamp = pbf_image_stamp(source->image);
	const struct pbf_file_key key = {
		.device = stamp->device,
		.inode = stamp->inode,
		.volume_start_bytes =
			source->volume ? pbf_fat_volume_start(source->volume) :
					 0,
		.path = found->path,
	};
	int error;

	do {
		struct pbf_version *known = known_version(table, &key);

		if (known && pbf_version_is_current(known, source, found)) {
			*ret_version = known;
			return 0;
		}
		error = pbf_version_new(&table->shared,
					pbf_version_table_next_id(table), name,
					&key, found, ret_version);
		if (error == 0) {
			error = replace(table, &key, known, *ret_version);
			if (error < 0)
				pbf_version_unref(*ret_version);
		}
		pbf_version_unref(known);
	} while (error == -EAGAIN);
	return error;
}

void pbf_version_table_drop(struct pbf_version_table *table,
			    struct pbf_version *version)
{
	const struct pbf_file_key key = pbf_version_key(version);
	struct item *item;

	pthread_mutex_lock(&table->lock);
	item = find_item(table, &key);
	if (item && item->version == version)
		remove_item(item);
	pthread_mutex_unlock(&table->lock);
}
