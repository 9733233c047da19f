/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: `slots` are guarded by `lock`; what is in one never changes. */
#include "memo.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/*
 * One answer in each slot, by the hash of its name.  An answer that is pushed
 * out by another costs a reading, nothing else.
 */
#define SLOTS 4096u

struct item {
	struct pbf_proof proof;
	struct pbf_answer answer;
	char *source;
	char *path;
};

struct pbf_memo {
	struct pbf_catalog *catalog;
	pthread_mutex_t lock;
	struct item *slots[SLOTS];
};

int pbf_memo_new(struct pbf_catalog *catalog, struct pbf_memo **ret_memo)
{
	struct pbf_memo *memo = calloc(1, sizeof(*memo));

	if (!memo)
		return -ENOMEM;
	memo->catalog = catalog;
	pthread_mutex_init(&memo->lock, NULL);
	*ret_memo = memo;
	return 0;
}

static void free_item(struct item *item)
{
	if (!item)
		return;
	pbf_version_unref(item->answer.version);
	free(item->source);
	free(item->path);
	free(item);
}

void pbf_memo_free(struct pbf_memo *memo)
{
	if (!memo)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		free_item(memo->slots[i]);
	pthread_mutex_destroy(&memo->lock);
	free(memo);
}

static size_t slot_of(const char *source, const char *path)
{
	uint64_t seed = XXH3_64bits(source, strlen(source));

	return XXH3_64bits_withSeed(path, strlen(path), seed) % SLOTS;
}

void pbf_memo_prepare(struct pbf_memo *memo, const char *source,
		      struct pbf_proof *ret_before)
{
	*ret_before = (struct pbf_proof){ .has_conf = false };
	ret_before->has_conf =
		pbf_catalog_conf_stamp(memo->catalog, source, PBF_ANYWHERE,
				       &ret_before->conf) == 0;
}

/* Whether what PROOF was taken of is as it was. */
static bool holds(struct pbf_memo *memo, const char *source,
		  enum pbf_reach reach, const struct pbf_proof *proof)
{
	struct pbf_stamp image, conf;
	int error;

	if (pbf_catalog_stamp(memo->catalog, source, reach, &image) < 0 ||
	    !pbf_stamp_proves(&proof->image, &image))
		return false;
	error = pbf_catalog_conf_stamp(memo->catalog, source, reach, &conf);
	if (error == -EAGAIN)
		return false;
	if (!proof->has_conf || error < 0)
		return !proof->has_conf && error < 0;
	return proof->conf.settled && pbf_stamp_equal(&proof->conf, &conf);
}

/* With the lock held: the answer in its slot, with a reference; no proof. */
static bool look_up(struct pbf_memo *memo, const char *source, const char *path,
		    struct pbf_proof *ret_proof, struct pbf_answer *ret_answer)
{
	const struct item *item = memo->slots[slot_of(source, path)];

	if (!item || strcmp(item->path, path) != 0 ||
	    strcmp(item->source, source) != 0)
		return false;
	*ret_proof = item->proof;
	*ret_answer = item->answer;
	if (ret_answer->version)
		pbf_version_ref(ret_answer->version);
	return true;
}

bool pbf_memo_recall(struct pbf_memo *memo, const char *source,
		     const char *path, enum pbf_reach reach,
		     struct pbf_answer *ret_answer)
{
	struct pbf_proof proof;
	struct pbf_answer answer;
	bool known;

	pthread_mutex_lock(&memo->lock);
	known = look_up(memo, source, path, &proof, &answer);
	pthread_mutex_unlock(&memo->lock);
	if (!known)
		return false;
	if (!holds(memo, source, reach, &proof) ||
	    (answer.version && !pbf_version_is_alive(answer.version))) {
		pbf_version_unref(answer.version);
		return false;
	}
	*ret_answer = answer;
	return true;
}

static struct item *make_item(const char *source, const char *path,
			      const struct pbf_proof *proof,
			      const struct pbf_answer *answer)
{
	struct item *item = calloc(1, sizeof(*item));

	if (!item)
		return NULL;
	item->proof = *proof;
	item->source = strdup(source);
	item->path = strdup(path);
	if (!item->source || !item->path) {
		free_item(item);
		return NULL;
	}
	item->answer = *answer;
	if (item->answer.version)
		pbf_version_ref(item->answer.version);
	return item;
}

void pbf_memo_keep(struct pbf_memo *memo, const char *source, const char *path,
		   const struct pbf_proof *before,
		   const struct pbf_stamp *image,
		   const struct pbf_answer *answer)
{
	size_t slot = slot_of(source, path);
	struct pbf_proof proof = *before;
	struct item *item, *replaced;

	proof.image = *image;
	if (!holds(memo, source, PBF_ANYWHERE, &proof))
		return;
	item = make_item(source, path, &proof, answer);
	if (!item)
		return;
	pthread_mutex_lock(&memo->lock);
	replaced = memo->slots[slot];
	memo->slots[slot] = item;
	pthread_mutex_unlock(&memo->lock);
	free_item(replaced);
}
