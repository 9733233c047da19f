/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A version of a file: one content that it had, from the first look at its
 * directory entry on.  Versions are what the kernel knows as inodes, so a
 * version never changes its content: it is FRESH (nobody has seen a byte),
 * then CAPTURING, then SEALED.  It is DEAD, and the file has a new version,
 * once its content changed after bytes of it were handed out, or once a READ of
 * it failed: dnsmasq (since 2.92) keeps a file position and does not seek, so
 * that a READ that succeeds after one that failed would shift what it sends.
 *
 * Reads are answered from the snapshot.  While it is being taken a read waits
 * only for its own range, but the last byte is withheld until the snapshot is
 * sealed, so that a transfer that completes is one version.
 *
 * Threads: any may call; each version has its own lock.
 */
#ifndef PBF_VERSION_H
#define PBF_VERSION_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "catalog.h"
#include "digest.h"
#include "list.h"
#include "reason.h"
#include "snapshot.h"
#include "source.h"

struct pbf_version;

/* What all versions share; the table of versions owns it. */
struct pbf_version_shared {
	struct pbf_catalog *catalog;
	struct pbf_store *store;
	/* How long finding a file in its image may take. */
	int64_t timeout_ms;
	/*
	 * Has pbf_version_capture() called soon, by another thread; 0 or
	 * negative errno.
	 */
	int (*start_capture)(void *context, struct pbf_version *version);
	/* Told that VERSION's file has another version now; or NULL. */
	void (*superseded)(void *context, struct pbf_version *version);
	void *context;
};

/* Which file this is a version of. */
struct pbf_file_key {
	dev_t device; /* of the image */
	ino_t inode;  /* of the image */
	uint64_t volume_start_bytes;
	const char *path; /* as pbf_found has it */
};

struct pbf_version_times {
	struct timespec modified, created, accessed;
};

/* A read that waits for the bytes before END, or an open for the seal. */
struct pbf_waiter {
	uint64_t end_bytes;
	/* Called once, without locks: try again, or fail with ERROR. */
	void (*wake)(struct pbf_waiter *waiter, int error);
	struct pbf_list item;
};

/*
 * Makes the version ID of the file that SOURCE (of the catalog) shows as
 * FOUND.  The reference is the caller's.
 */
int pbf_version_new(const struct pbf_version_shared *shared, uint64_t id,
		    const char *source, const struct pbf_file_key *key,
		    const struct pbf_found *found,
		    struct pbf_version **ret_version);
struct pbf_version *pbf_version_ref(struct pbf_version *version);
void pbf_version_unref(struct pbf_version *version);

uint64_t pbf_version_id(const struct pbf_version *version);
uint64_t pbf_version_size_bytes(const struct pbf_version *version);
const char *pbf_version_source(const struct pbf_version *version);
/* The context that start_capture() gets. */
void *pbf_version_context(const struct pbf_version *version);
/* Borrowed: valid as long as the version. */
struct pbf_file_key pbf_version_key(const struct pbf_version *version);
struct pbf_version_times pbf_version_times(struct pbf_version *version);
/* False as long as the version was never sealed. */
bool pbf_version_digest(struct pbf_version *version,
			struct pbf_digest *ret_digest);
/* CLOCK_MONOTONIC of the last read for the snapshot; 0 for never. */
int64_t pbf_version_progress_ms(struct pbf_version *version);

/*
 * Whether the file, which SOURCE now shows as FOUND, still has this version:
 *  1. nobody has seen a byte of it, and its entry is the same; or
 *  2. its image is provably unchanged since the snapshot; or
 *  3. its content, read again, equals the snapshot.
 * If so, the version takes over FOUND's times.
 */
bool pbf_version_is_current(struct pbf_version *version,
			    struct pbf_source *source, struct pbf_found *found);

/* Whether it was not given up: a version of an unchanged image is current. */
bool pbf_version_is_alive(struct pbf_version *version);

/*
 * Whether pbf_version_open() would succeed at once, without touching the
 * image: the snapshot is sealed.
 */
bool pbf_version_is_open(struct pbf_version *version);

/*
 * Begins the snapshot, if there is none.  The whole chain is walked first:
 * what is broken fails here, before the first byte.  WAITER, when not NULL, is
 * woken once the snapshot is sealed or failed; then the result is -EINPROGRESS
 * (0: sealed already).  -ESTALE when the file has changed, -EFBIG and -ENOMEM
 * from the store, -EUCLEAN, -EIO and others from the image.
 */
int pbf_version_open(struct pbf_version *version, struct pbf_waiter *waiter,
		     struct pbf_reason *why);

/*
 * Gives a snapshot that holds all bytes before END, which is not beyond the
 * file's, and the content, which starts with the file's first byte.  The
 * caller gives it back with pbf_version_read_done().  -EINPROGRESS when WAITER
 * will be woken, -ESTALE or -EIO when the version is dead.
 */
int pbf_version_read(struct pbf_version *version, uint64_t end_bytes,
		     struct pbf_waiter *waiter,
		     struct pbf_snapshot **ret_snapshot,
		     const unsigned char **ret_content);
void pbf_version_read_done(struct pbf_snapshot *snapshot);

/* Gives the version up: reads fail with ERROR from now on. */
void pbf_version_kill(struct pbf_version *version, int error);

/*
 * Takes the snapshot; what start_capture() asked for.  Blocks.  Returns what
 * it told the waiters: 0 or negative errno, with WHY.
 */
int pbf_version_capture(struct pbf_version *version, struct pbf_reason *why);

#endif
