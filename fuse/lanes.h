/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lanes: work on images, away from the threads that receive requests.  Each
 * image has a lane of its own with few threads at a time, so that one whose
 * storage hangs holds up its own work and no other.  A lane is *stuck* from
 * the moment somebody's deadline passed until one of its jobs returns; until
 * then it takes no more work.
 *
 * Threads: any may call.  Jobs run on the pool's threads.
 */
#ifndef PIBOOTFS_LANES_H
#define PIBOOTFS_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"

struct lanes;

struct lane_job {
	struct pbf_list item;
	void (*run)(struct lane_job *job); /* owns the job */
};

int lanes_new(struct lanes **ret_lanes);

/*
 * Waits for running jobs, but no longer than PATIENCE_MS: a job may wait for
 * storage for ever.  Jobs that have not begun are run.  False when some are
 * left; then the lanes must not be freed.
 */
bool lanes_drain(struct lanes *lanes, int64_t patience_ms);
void lanes_free(struct lanes *lanes);

/* Has JOB run on lane NAME.  -EIO when the lane is stuck, -ENOMEM, -EAGAIN. */
int lanes_submit(struct lanes *lanes, const char *name, struct lane_job *job);

/* Somebody's deadline on lane NAME has passed; true when it is the first. */
bool lanes_set_stuck(struct lanes *lanes, const char *name);

#endif
