/* SPDX-License-Identifier: BSD-2-Clause */
#include "version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "version_internal.h"

int pbf_version_new(const struct pbf_version_shared *shared, uint64_t id,
		    const char *source, const struct pbf_file_key *key,
		    const struct pbf_found *found,
		    struct pbf_version **ret_version)
{
	struct pbf_version *version = calloc(1, sizeof(*version));

	if (!version)
		return -ENOMEM;
	version->shared = shared;
	version->id = id;
	atomic_init(&version->references, 1);
	pthread_mutex_init(&version->lock, NULL);
	pbf_list_init(&version->waiters);
	version->source = strdup(source);
	version->path = strdup(key->path);
	version->key = *key;
	version->key.path = version->path;
	version->size_bytes = found->size_bytes;
	version->first_cluster = found->first_cluster;
	version->times = (struct pbf_version_times){
		.modified = found->modified,
		.created = found->created,
		.accessed = found->accessed,
	};
	if (!version->source || !version->path) {
		pbf_version_unref(version);
		return -ENOMEM;
	}
	*ret_version = version;
	return 0;
}

struct pbf_version *pbf_version_ref(struct pbf_version *version)
{
	atomic_fetch_add(&version->references, 1);
	return version;
}

void pbf_version_unref(struct pbf_version *version)
{
	if (!version || atomic_fetch_sub(&version->references, 1) != 1)
		return;
	pbf_snapshot_unref(version->snapshot);
	pbf_snapshot_unref(version->filling);
	pbf_location_release(&version->first);
	pthread_mutex_destroy(&version->lock);
	free(version->source);
	free(version->path);
	free(version);
}

uint64_t pbf_version_id(const struct pbf_version *version)
{
	return version->id;
}

uint64_t pbf_version_size_bytes(const struct pbf_version *version)
{
	return version->size_bytes;
}

const char *pbf_version_source(const struct pbf_version *version)
{
	return version->source;
}

void *pbf_version_context(const struct pbf_version *version)
{
	return version->shared->context;
}

struct pbf_file_key pbf_version_key(const struct pbf_version *version)
{
	return version->key;
}

struct pbf_version_times pbf_version_times(struct pbf_version *version)
{
	struct pbf_version_times times;

	pthread_mutex_lock(&version->lock);
	times = version->times;
	pthread_mutex_unlock(&version->lock);
	return times;
}

bool pbf_version_digest(struct pbf_version *version,
			struct pbf_digest *ret_digest)
{
	bool known;

	pthread_mutex_lock(&version->lock);
	known = version->snapshot;
	if (known)
		*ret_digest = *pbf_snapshot_digest(version->snapshot);
	pthread_mutex_unlock(&version->lock);
	return known;
}

int64_t pbf_version_progress_ms(struct pbf_version *version)
{
	int64_t progress_ms;

	pthread_mutex_lock(&version->lock);
	progress_ms = version->progress_ms;
	pthread_mutex_unlock(&version->lock);
	return progress_ms;
}

static void add_waiter(struct pbf_version *version, struct pbf_waiter *waiter,
		       uint64_t end_bytes)
{
	waiter->end_bytes = end_bytes;
	pbf_list_append(&version->waiters, &waiter->item);
}

/* With the lock held: what an open of a version in this state gives. */
static int open_state(struct pbf_version *version, struct pbf_waiter *waiter)
{
	if (version->state == PBF_DEAD)
		return -ESTALE;
	if (version->state == PBF_SEALED || !waiter)
		return 0;
	add_waiter(version, waiter, version->size_bytes);
	return -EINPROGRESS;
}

static void start_capture(struct pbf_version *version)
{
	const struct pbf_version_shared *shared = version->shared;
	int error = shared->start_capture(shared->context, version);

	if (error < 0)
		pbf_version_abandon_capture(version, error);
}

bool pbf_version_is_open(struct pbf_version *version)
{
	bool sealed;

	pthread_mutex_lock(&version->lock);
	sealed = version->state == PBF_SEALED;
	pthread_mutex_unlock(&version->lock);
	return sealed;
}

int pbf_version_open(struct pbf_version *version, struct pbf_waiter *waiter,
		     struct pbf_reason *why)
{
	_cleanup_location_ struct pbf_location location = { 0 };
	struct pbf_snapshot *filling = NULL;
	bool begin = false;
	int error;

	pthread_mutex_lock(&version->lock);
	error = version->state == PBF_FRESH ? 1 : open_state(version, waiter);
	pthread_mutex_unlock(&version->lock);
	if (error <= 0)
		return error;

	error = pbf_version_locate(version, &location, why);
	if (error == -ESTALE)
		pbf_version_kill(version, error);
	if (error == 0)
		error = pbf_snapshot_begin(version->shared->store,
					   version->size_bytes, &filling);
	if (error < 0)
		return error;
	pthread_mutex_lock(&version->lock);
	begin = version->state == PBF_FRESH;
	if (begin) {
		version->state = PBF_CAPTURING;
		version->filling = filling;
		version->first = pbf_location_take(&location);
		version->filled_bytes = 0;
		version->handed_out = false;
		version->read_waits = false;
		version->progress_ms = pbf_monotonic_ms();
	}
	error = open_state(version, waiter);
	pthread_mutex_unlock(&version->lock);
	if (begin)
		start_capture(version);
	else
		pbf_snapshot_unref(filling);
	return error;
}

int pbf_version_read(struct pbf_version *version, uint64_t end_bytes,
		     struct pbf_waiter *waiter,
		     struct pbf_snapshot **ret_snapshot,
		     const unsigned char **ret_content)
{
	struct pbf_snapshot *snapshot = NULL;
	bool begin = false;
	int error = 0;

	pthread_mutex_lock(&version->lock);
	if (version->state == PBF_DEAD)
		error = version->error;
	else if (version->state == PBF_SEALED)
		snapshot = version->snapshot;
	else if (version->state == PBF_CAPTURING && !version->snapshot &&
		 end_bytes <= version->filled_bytes &&
		 end_bytes < version->size_bytes)
		snapshot = version->filling;
	if (snapshot && pbf_snapshot_pin(snapshot, ret_content)) {
		*ret_snapshot = pbf_snapshot_ref(snapshot);
		version->handed_out = true;
	} else if (error == 0 && !waiter) {
		error = -EWOULDBLOCK;
	} else if (error == 0) {
		begin = version->state != PBF_CAPTURING;
		/* Of this snapshot, nothing has been handed out yet. */
		if (begin)
			version->handed_out = false;
		version->state = PBF_CAPTURING;
		version->read_waits = true;
		add_waiter(version, waiter, end_bytes);
		error = -EINPROGRESS;
	}
	pthread_mutex_unlock(&version->lock);
	if (begin)
		start_capture(version);
	return error;
}

void pbf_version_read_done(struct pbf_snapshot *snapshot)
{
	pbf_snapshot_unpin(snapshot);
	pbf_snapshot_unref(snapshot);
}

void pbf_version_kill(struct pbf_version *version, int error)
{
	struct pbf_list woken;

	pbf_list_init(&woken);
	pthread_mutex_lock(&version->lock);
	if (version->state != PBF_DEAD)
		version->error = error;
	version->state = PBF_DEAD;
	pbf_version_collect_waiters(version, true, &woken);
	pthread_mutex_unlock(&version->lock);
	pbf_version_wake(&woken, error);
}
