/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of a version, for the files that implement version.h.
 *
 * Threads: what changes in a version is guarded by its lock, the reference
 * count excepted.  The lock is never held while an image is read or a waiter
 * is woken.  Only one thread at a time captures a version.
 */
#ifndef PBF_VERSION_INTERNAL_H
#define PBF_VERSION_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "location.h"
#include "version.h"

enum pbf_version_state {
	PBF_FRESH,
	PBF_CAPTURING,
	PBF_SEALED,
	PBF_DEAD,
};

struct pbf_version {
	const struct pbf_version_shared *shared;
	uint64_t id;
	atomic_uint references;
	char *source;
	char *path;
	struct pbf_file_key key;
	uint64_t size_bytes;
	uint32_t first_cluster;

	pthread_mutex_t lock;
	enum pbf_version_state state;
	int error; /* of a dead version */
	struct pbf_version_times times;
	struct pbf_snapshot *snapshot; /* once sealed */
	struct pbf_stamp proof;	       /* provable: of the sealed content */
	struct pbf_list waiters;
	int64_t progress_ms;

	/*
	 * While CAPTURING.  With a snapshot already there it is a retake:
	 * nothing is handed out before it is known to be the same content.
	 */
	struct pbf_snapshot *filling;
	struct pbf_location first; /* where the open found the file */
	uint64_t filled_bytes;
	bool handed_out;
	bool read_waits; /* for bytes that the capture is to give */
};

/*
 * With the lock held: whether FOUND's directory entry is the one that the
 * version was made from.
 */
bool pbf_version_has_entry(const struct pbf_version *version,
			   const struct pbf_found *found);

/* With the lock held: moves waiters that are served, or all, to RET_WOKEN. */
void pbf_version_collect_waiters(struct pbf_version *version, bool all,
				 struct pbf_list *ret_woken);
/* Without the lock: tells those in WOKEN. */
void pbf_version_wake(struct pbf_list *woken, int error);

/* Finds the file and sees that it is this version's; -ESTALE if not. */
int pbf_version_locate(struct pbf_version *version,
		       struct pbf_location *ret_location,
		       struct pbf_reason *why);

/* Fails a capture that could not be started. */
void pbf_version_abandon_capture(struct pbf_version *version, int error);

#endif
