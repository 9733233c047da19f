/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deadlines: a thread that calls back for what was not done in time, so that
 * nobody waits for storage that hangs.
 *
 * Threads: any may call.  An expiry runs on the deadlines' thread, without
 * locks, and must not block.
 */
#ifndef PIBOOTFS_DEADLINES_H
#define PIBOOTFS_DEADLINES_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"

struct deadlines;

struct deadline {
	struct pbf_list item;
	int64_t expires_at_ms; /* CLOCK_MONOTONIC */
	void (*expire)(struct deadline *deadline);
};

int deadlines_new(struct deadlines **ret_deadlines);
/* Ends the thread; deadlines still set do not expire any more. */
void deadlines_free(struct deadlines *deadlines);

/*
 * Has EXPIRE called after DELAY_MS, unless the deadline is cancelled.  It must
 * not be set already.
 */
void deadlines_set(struct deadlines *deadlines, struct deadline *deadline,
		   int64_t delay_ms, void (*expire)(struct deadline *deadline));

/* False when it is too late: expire() has been called or is about to be. */
bool deadlines_cancel(struct deadlines *deadlines, struct deadline *deadline);

#endif
