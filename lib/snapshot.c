/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: everything in a store and in its snapshots is guarded by the
 * store's lock, except what never changes (size; digest once sealed), the
 * reference counts, and the bytes of an unsealed snapshot, which belong to
 * the one thread that fills it.
 */
#include "snapshot.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bytes.h"
#include "list.h"
#include "spare.h"

#define BUCKETS 4096u

struct pbf_snapshot {
	struct pbf_store *store;
	atomic_uint references;
	uint64_t size_bytes;
	struct pbf_digest digest;
	unsigned int pins;
	/* NULL: released; never NULL otherwise unless the size is 0. */
	unsigned char *memory;
	struct pbf_list by_use; /* in the store's list while it has memory */
	struct pbf_list in_bucket;
};

struct pbf_store {
	pthread_mutex_t lock;
	uint64_t budget_bytes;
	uint64_t used_bytes; /* with the spare, no more than the budget */
	struct pbf_spare spare;
	struct pbf_list by_use;		  /* sealed, longest unread first */
	struct pbf_list buckets[BUCKETS]; /* sealed, by digest */
};

int pbf_store_new(uint64_t budget_bytes, struct pbf_store **ret_store)
{
	struct pbf_store *store = calloc(1, sizeof(*store));

	if (!store)
		return -ENOMEM;
	pthread_mutex_init(&store->lock, NULL);
	store->budget_bytes = budget_bytes;
	pbf_list_init(&store->by_use);
	for (size_t i = 0; i < BUCKETS; i++)
		pbf_list_init(&store->buckets[i]);
	*ret_store = store;
	return 0;
}

void pbf_store_free(struct pbf_store *store)
{
	if (!store)
		return;
	pbf_spare_drop(&store->spare);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

uint64_t pbf_store_budget_bytes(const struct pbf_store *store)
{
	return store->budget_bytes;
}

static struct pbf_list *bucket_of(struct pbf_store *store,
				  const struct pbf_digest *digest)
{
	return &store->buckets[get_le16(digest->bytes) % BUCKETS];
}

/* With the lock held. */
static void drop_memory(struct pbf_snapshot *snapshot)
{
	if (!snapshot->memory)
		return;
	pbf_spare_keep(&snapshot->store->spare, snapshot->memory,
		       snapshot->size_bytes);
	snapshot->memory = NULL;
	snapshot->store->used_bytes -= snapshot->size_bytes;
	pbf_list_remove(&snapshot->by_use);
}

/* With the lock held: releases what is needed for SIZE_BYTES more. */
static bool make_room(struct pbf_store *store, uint64_t size_bytes)
{
	struct pbf_list *item = store->by_use.next;

	while (store->budget_bytes - store->used_bytes < size_bytes) {
		struct pbf_snapshot *oldest;

		if (item == &store->by_use)
			return false;
		oldest = PBF_CONTAINER(item, struct pbf_snapshot, by_use);
		item = item->next;
		if (oldest->pins == 0)
			drop_memory(oldest);
	}
	return true;
}

/*
 * Reserves SIZE_BYTES of the budget and gives the spare, if it can be used or
 * has to go.
 */
static bool reserve(struct pbf_store *store, uint64_t size_bytes,
		    struct pbf_spare *ret_spare)
{
	bool reserved;

	*ret_spare = (struct pbf_spare){ 0 };
	pthread_mutex_lock(&store->lock);
	reserved = make_room(store, size_bytes);
	if (reserved)
		store->used_bytes += size_bytes;
	if (size_bytes >= PBF_SPARE_BYTES_MIN ||
	    store->budget_bytes - store->used_bytes < store->spare.size_bytes) {
		*ret_spare = store->spare;
		store->spare = (struct pbf_spare){ 0 };
	}
	pthread_mutex_unlock(&store->lock);
	return reserved;
}

static void give_back(struct pbf_store *store, uint64_t size_bytes)
{
	pthread_mutex_lock(&store->lock);
	store->used_bytes -= size_bytes;
	pthread_mutex_unlock(&store->lock);
}

int pbf_snapshot_begin(struct pbf_store *store, uint64_t size_bytes,
		       struct pbf_snapshot **ret_snapshot)
{
	struct pbf_snapshot *snapshot;
	struct pbf_spare spare;
	bool reserved;

	if (size_bytes > store->budget_bytes)
		return -EFBIG;
	snapshot = calloc(1, sizeof(*snapshot));
	if (!snapshot)
		return -ENOMEM;
	snapshot->store = store;
	snapshot->size_bytes = size_bytes;
	atomic_init(&snapshot->references, 1);
	pbf_list_init(&snapshot->in_bucket);
	pbf_list_init(&snapshot->by_use);
	reserved = reserve(store, size_bytes, &spare);
	if (reserved && size_bytes > 0)
		snapshot->memory = pbf_spare_use(&spare, size_bytes);
	pbf_spare_drop(&spare);
	if (reserved && (size_bytes == 0 || snapshot->memory)) {
		*ret_snapshot = snapshot;
		return 0;
	}
	if (reserved)
		give_back(store, size_bytes);
	free(snapshot);
	return -ENOMEM;
}

unsigned char *pbf_snapshot_fill(struct pbf_snapshot *snapshot)
{
	return snapshot->memory;
}

/* With the lock held: a sealed snapshot that could have the same content. */
static struct pbf_snapshot *find_alike(struct pbf_store *store,
				       const struct pbf_snapshot *snapshot)
{
	struct pbf_list *bucket = bucket_of(store, &snapshot->digest);

	for (struct pbf_list *item = bucket->next; item != bucket;
	     item = item->next) {
		struct pbf_snapshot *other =
			PBF_CONTAINER(item, struct pbf_snapshot, in_bucket);

		if (other->memory &&
		    other->size_bytes == snapshot->size_bytes &&
		    pbf_digest_equal(&other->digest, &snapshot->digest))
			return other;
	}
	return NULL;
}

struct pbf_snapshot *pbf_snapshot_seal(struct pbf_snapshot *snapshot,
				       const struct pbf_digest *digest)
{
	struct pbf_store *store = snapshot->store;
	struct pbf_snapshot *alike;
	bool equal = false;

	snapshot->digest = *digest;
	pthread_mutex_lock(&store->lock);
	alike = find_alike(store, snapshot);
	if (alike) {
		/* Comparing takes long: hold the other one, not the lock. */
		pbf_snapshot_ref(alike);
		alike->pins++;
		pthread_mutex_unlock(&store->lock);
		equal = memcmp(alike->memory, snapshot->memory,
			       snapshot->size_bytes) == 0;
		pthread_mutex_lock(&store->lock);
		alike->pins--;
	}
	if (!equal) {
		pbf_list_append(bucket_of(store, digest), &snapshot->in_bucket);
		if (snapshot->memory)
			pbf_list_append(&store->by_use, &snapshot->by_use);
	}
	pthread_mutex_unlock(&store->lock);
	pbf_snapshot_unref(equal ? snapshot : alike);
	return equal ? alike : snapshot;
}

struct pbf_snapshot *pbf_snapshot_ref(struct pbf_snapshot *snapshot)
{
	atomic_fetch_add(&snapshot->references, 1);
	return snapshot;
}

void pbf_snapshot_unref(struct pbf_snapshot *snapshot)
{
	struct pbf_store *store;

	if (!snapshot)
		return;
	store = snapshot->store;
	/* Under the lock, because a seal may be about to find it. */
	pthread_mutex_lock(&store->lock);
	if (atomic_fetch_sub(&snapshot->references, 1) == 1) {
		drop_memory(snapshot);
		pbf_list_remove(&snapshot->in_bucket);
	} else {
		snapshot = NULL;
	}
	pthread_mutex_unlock(&store->lock);
	free(snapshot);
}

bool pbf_snapshot_pin(struct pbf_snapshot *snapshot,
		      const unsigned char **ret_content)
{
	struct pbf_store *store = snapshot->store;
	bool held;

	pthread_mutex_lock(&store->lock);
	held = snapshot->memory || snapshot->size_bytes == 0;
	if (held) {
		snapshot->pins++;
		*ret_content = snapshot->memory;
	}
	if (held && !pbf_list_is_empty(&snapshot->by_use)) {
		pbf_list_remove(&snapshot->by_use);
		pbf_list_append(&store->by_use, &snapshot->by_use);
	}
	pthread_mutex_unlock(&store->lock);
	return held;
}

void pbf_snapshot_unpin(struct pbf_snapshot *snapshot)
{
	pthread_mutex_lock(&snapshot->store->lock);
	snapshot->pins--;
	pthread_mutex_unlock(&snapshot->store->lock);
}

const struct pbf_digest *
pbf_snapshot_digest(const struct pbf_snapshot *snapshot)
{
	return &snapshot->digest;
}

bool pbf_snapshot_is_shared(const struct pbf_snapshot *snapshot)
{
	return atomic_load(&snapshot->references) > 1;
}

int pbf_snapshot_restore(struct pbf_snapshot *snapshot,
			 struct pbf_snapshot *fresh,
			 const struct pbf_digest *digest)
{
	struct pbf_store *store = snapshot->store;
	bool same = pbf_digest_equal(&snapshot->digest, digest) &&
		    snapshot->size_bytes == fresh->size_bytes;

	pthread_mutex_lock(&store->lock);
	if (same && !snapshot->memory && fresh->memory) {
		snapshot->memory = fresh->memory;
		fresh->memory = NULL;
		pbf_list_append(&store->by_use, &snapshot->by_use);
	}
	pthread_mutex_unlock(&store->lock);
	pbf_snapshot_unref(fresh);
	return same ? 0 : -ESTALE;
}
