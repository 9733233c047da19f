/* SPDX-License-Identifier: BSD-2-Clause */
#include "version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
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

/* --- Taking the snapshot --- */

/* With the lock held: has waiters that are served, or all, woken later. */
static void collect_waiters(struct pbf_version *version, bool all,
			    struct pbf_list *ret_woken)
{
	struct pbf_list *item = version->waiters.next;

	while (item != &version->waiters) {
		struct pbf_waiter *waiter =
			PBF_CONTAINER(item, struct pbf_waiter, item);

		item = item->next;
		if (!all && (waiter->end_bytes > version->filled_bytes ||
			     waiter->end_bytes == version->size_bytes))
			continue;
		pbf_list_remove(&waiter->item);
		pbf_list_append(ret_woken, &waiter->item);
	}
}

static void wake(struct pbf_list *woken, int error)
{
	while (!pbf_list_is_empty(woken)) {
		struct pbf_waiter *waiter =
			PBF_CONTAINER(woken->next, struct pbf_waiter, item);

		pbf_list_remove(&waiter->item);
		waiter->wake(waiter, error);
	}
}

static void advance(void *context, uint64_t filled_bytes)
{
	struct pbf_version *version = context;
	struct pbf_list woken;

	pbf_list_init(&woken);
	pthread_mutex_lock(&version->lock);
	version->filled_bytes = filled_bytes;
	version->progress_ms = pbf_monotonic_ms();
	if (!version->snapshot && version->state == PBF_CAPTURING)
		collect_waiters(version, false, &woken);
	pthread_mutex_unlock(&version->lock);
	wake(&woken, 0);
}

static bool withdraw(void *context)
{
	struct pbf_version *version = context;
	bool may;

	pthread_mutex_lock(&version->lock);
	may = !version->handed_out && version->state == PBF_CAPTURING;
	if (may)
		version->filled_bytes = 0;
	pthread_mutex_unlock(&version->lock);
	return may;
}

static struct pbf_address address_of(const struct pbf_version *version)
{
	return (struct pbf_address){
		.catalog = version->shared->catalog,
		.source = version->source,
		.path = version->path,
		.timeout_ms = version->shared->timeout_ms,
	};
}

/* Finds the file and sees that it is this version's. */
static int locate(struct pbf_version *version,
		  struct pbf_location *ret_location, struct pbf_reason *why)
{
	const struct pbf_address address = address_of(version);
	_cleanup_location_ struct pbf_location location = { 0 };
	bool same;
	int error = pbf_location_find_settling(&address, &location, why);

	if (error < 0)
		return error;
	pthread_mutex_lock(&version->lock);
	same = version->snapshot ?
		       version->size_bytes == location.found.size_bytes :
		       pbf_version_has_entry(version, &location.found);
	pthread_mutex_unlock(&version->lock);
	if (!same)
		return -ESTALE;
	*ret_location = pbf_location_take(&location);
	return 0;
}

/* With the lock held: ends the capture, whatever became of it. */
static void end_capture(struct pbf_version *version, int error)
{
	pbf_location_release(&version->first);
	version->filled_bytes = 0;
	if (version->state == PBF_DEAD)
		return;
	if (error == 0)
		version->state = PBF_SEALED;
	else if (version->snapshot ? error == -ESTALE : version->handed_out)
		version->state = PBF_DEAD;
	else
		version->state = version->snapshot ? PBF_SEALED : PBF_FRESH;
	version->error = error == -ESTALE ? -ESTALE : -EIO;
}

static int capture_into(struct pbf_version *version,
			struct pbf_snapshot *filling,
			struct pbf_digest *ret_digest,
			struct pbf_stamp *ret_stamp, struct pbf_reason *why)
{
	struct pbf_capture capture = {
		.address = address_of(version),
		.size_bytes = version->size_bytes,
		.content = pbf_snapshot_fill(filling),
		.advance = advance,
		.withdraw = withdraw,
		.context = version,
	};

	return pbf_capture_take(&capture, &version->first, ret_digest,
				ret_stamp, why);
}

/* What the open has not done, because a read asked for the capture. */
static int prepare_capture(struct pbf_version *version, struct pbf_reason *why)
{
	int error = 0;

	if (!version->first.source.image)
		error = locate(version, &version->first, why);
	if (error == 0 && !version->filling)
		error = pbf_snapshot_begin(version->shared->store,
					   version->size_bytes,
					   &version->filling);
	return error;
}

int pbf_version_capture(struct pbf_version *version, struct pbf_reason *why)
{
	struct pbf_snapshot *filling, *sealed = NULL;
	struct pbf_digest digest;
	struct pbf_stamp stamp = { 0 };
	struct pbf_list woken;
	int error = prepare_capture(version, why);

	pbf_list_init(&woken);
	if (error == 0)
		error = capture_into(version, version->filling, &digest, &stamp,
				     why);
	pthread_mutex_lock(&version->lock);
	filling = version->filling;
	version->filling = NULL;
	sealed = version->snapshot;
	pthread_mutex_unlock(&version->lock);

	if (error < 0) {
		pbf_snapshot_unref(filling);
	} else if (sealed) {
		error = pbf_snapshot_restore(sealed, filling, &digest);
		if (error < 0)
			pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				   "is not what it was when it was opened");
	} else {
		sealed = pbf_snapshot_seal(filling, &digest);
	}

	pthread_mutex_lock(&version->lock);
	if (error == 0) {
		version->snapshot = sealed;
		version->proof = stamp;
	}
	end_capture(version, error);
	error = version->state == PBF_DEAD ? version->error : error;
	collect_waiters(version, true, &woken);
	pthread_mutex_unlock(&version->lock);
	wake(&woken, error);
	return error;
}

/* --- Opening and reading --- */

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

/* Fails a capture that could not be started. */
static void abandon_capture(struct pbf_version *version, int error)
{
	struct pbf_snapshot *filling;
	struct pbf_list woken;

	pbf_list_init(&woken);
	pthread_mutex_lock(&version->lock);
	filling = version->filling;
	version->filling = NULL;
	end_capture(version, error);
	collect_waiters(version, true, &woken);
	pthread_mutex_unlock(&version->lock);
	pbf_snapshot_unref(filling);
	wake(&woken, error);
}

static void start_capture(struct pbf_version *version)
{
	const struct pbf_version_shared *shared = version->shared;
	int error = shared->start_capture(shared->context, version);

	if (error < 0)
		abandon_capture(version, error);
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

	error = locate(version, &location, why);
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
		version->state = PBF_CAPTURING;
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
	version->state = PBF_DEAD;
	version->error = error;
	collect_waiters(version, true, &woken);
	pthread_mutex_unlock(&version->lock);
	wake(&woken, error);
}
