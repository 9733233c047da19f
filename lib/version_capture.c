/* SPDX-License-Identifier: BSD-2-Clause */
/* How a version gets its snapshot, and who is told. */
#include <errno.h>

#include "capture.h"
#include "version_internal.h"

void pbf_version_collect_waiters(struct pbf_version *version, bool all,
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

void pbf_version_wake(struct pbf_list *woken, int error)
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
		pbf_version_collect_waiters(version, false, &woken);
	pthread_mutex_unlock(&version->lock);
	pbf_version_wake(&woken, 0);
}

static void progress(void *context, uint64_t compared_bytes)
{
	struct pbf_version *version = context;

	(void)compared_bytes;
	pthread_mutex_lock(&version->lock);
	version->progress_ms = pbf_monotonic_ms();
	pthread_mutex_unlock(&version->lock);
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

int pbf_version_locate(struct pbf_version *version,
		       struct pbf_location *ret_location,
		       struct pbf_reason *why)
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

/*
 * With the lock held: ends the capture, whatever became of it.  A READ that is
 * told of an error is the last one of this version, and a file that is another
 * one by now needs another version; an open that failed can be tried again.
 * *ret_left is to be released without the lock, as closing an image may
 * hang.
 */
static void end_capture(struct pbf_version *version, int error,
			struct pbf_location *ret_left)
{
	*ret_left = pbf_location_take(&version->first);
	version->filled_bytes = 0;
	if (version->state == PBF_DEAD)
		return;
	if (error == 0)
		version->state = PBF_SEALED;
	else if (error == -ESTALE || version->handed_out || version->read_waits)
		version->state = PBF_DEAD;
	else
		version->state = PBF_FRESH;
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
		.progress = progress,
		.withdraw = withdraw,
		.context = version,
	};

	return pbf_capture_take(&capture, &version->first, ret_digest,
				ret_stamp, why);
}

/* What the open has not done, because a read asked for the capture. */
static int prepare_capture(struct pbf_version *version, struct pbf_reason *why)
{
	struct pbf_snapshot *filling = NULL;
	int error = 0;

	if (!version->first.source.image)
		error = pbf_version_locate(version, &version->first, why);
	if (error < 0 || version->filling)
		return error;
	error = pbf_snapshot_begin(version->shared->store, version->size_bytes,
				   &filling);
	pthread_mutex_lock(&version->lock);
	version->filling = filling;
	pthread_mutex_unlock(&version->lock);
	return error;
}

int pbf_version_capture(struct pbf_version *version, struct pbf_reason *why)
{
	struct pbf_snapshot *filling, *sealed = NULL, *replaced = NULL;
	struct pbf_digest digest;
	struct pbf_stamp stamp = { 0 };
	_cleanup_location_ struct pbf_location left = { 0 };
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
	} else if (sealed && pbf_snapshot_is_shared(sealed) &&
		   pbf_digest_equal(&digest, pbf_snapshot_digest(sealed))) {
		replaced = sealed;
		sealed = pbf_snapshot_seal(filling, &digest);
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
	end_capture(version, error, &left);
	error = version->state == PBF_DEAD ? version->error : error;
	pbf_version_collect_waiters(version, true, &woken);
	pthread_mutex_unlock(&version->lock);
	pbf_snapshot_unref(replaced);
	pbf_version_wake(&woken, error);
	return error;
}

void pbf_version_abandon_capture(struct pbf_version *version, int error)
{
	_cleanup_location_ struct pbf_location left = { 0 };
	struct pbf_snapshot *filling;
	struct pbf_list woken;

	pbf_list_init(&woken);
	pthread_mutex_lock(&version->lock);
	filling = version->filling;
	version->filling = NULL;
	end_capture(version, error, &left);
	pbf_version_collect_waiters(version, true, &woken);
	pthread_mutex_unlock(&version->lock);
	pbf_snapshot_unref(filling);
	pbf_version_wake(&woken, error);
}
