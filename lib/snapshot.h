/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Snapshots: whole contents of files, held in memory and never changed again,
 * and the store that holds them all under one budget.  Equal contents are held
 * once.  When room is needed, the contents that were not read for longest are
 * released; the snapshot itself stays, and can be given its content again.
 *
 * Threads: any may call; the store has one lock.  A content is handed out
 * pinned, and pinned contents are not released.
 */
#ifndef PBF_SNAPSHOT_H
#define PBF_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "digest.h"

struct pbf_store;
struct pbf_snapshot;

int pbf_store_new(uint64_t budget_bytes, struct pbf_store **ret_store);
/* Every snapshot must have been given back. */
void pbf_store_free(struct pbf_store *store);
uint64_t pbf_store_budget_bytes(const struct pbf_store *store);

/*
 * Reserves room for a content of SIZE_BYTES, to be filled through
 * pbf_snapshot_fill().  -EFBIG when it exceeds the budget by itself, -ENOMEM
 * when contents in use leave no room.  The reference is the caller's.
 */
int pbf_snapshot_begin(struct pbf_store *store, uint64_t size_bytes,
		       struct pbf_snapshot **ret_snapshot);

/* The memory of a snapshot not yet sealed; NULL only when its size is 0. */
unsigned char *pbf_snapshot_fill(struct pbf_snapshot *snapshot);

/*
 * Ends the filling.  Takes the caller's reference to SNAPSHOT and returns one
 * to the snapshot that stands for this content from now on, which is an older
 * one if there is one.
 */
struct pbf_snapshot *pbf_snapshot_seal(struct pbf_snapshot *snapshot,
				       const struct pbf_digest *digest);

struct pbf_snapshot *pbf_snapshot_ref(struct pbf_snapshot *snapshot);
void pbf_snapshot_unref(struct pbf_snapshot *snapshot);

/*
 * The content, as far as it is filled, until pbf_snapshot_unpin().  False when
 * it has been released.
 */
bool pbf_snapshot_pin(struct pbf_snapshot *snapshot,
		      const unsigned char **ret_content);
void pbf_snapshot_unpin(struct pbf_snapshot *snapshot);

const struct pbf_digest *
pbf_snapshot_digest(const struct pbf_snapshot *snapshot);

/*
 * Whether others hold SNAPSHOT too.  Once it is released, only its digest is
 * left to compare a content with, which is not enough to give one to them.
 */
bool pbf_snapshot_is_shared(const struct pbf_snapshot *snapshot);

/*
 * Gives a sealed SNAPSHOT its content back from FRESH, which is filled but not
 * sealed and whose reference is taken.  -ESTALE when DIGEST is another one.
 */
int pbf_snapshot_restore(struct pbf_snapshot *snapshot,
			 struct pbf_snapshot *fresh,
			 const struct pbf_digest *digest);

#endif
