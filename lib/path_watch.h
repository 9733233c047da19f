/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a path still leads where it led, told without looking at it: nothing
 * has changed in the directories on its way, which inotify(7) tells, and
 * nothing was mounted or unmounted, which /proc/self/mountinfo does.  Both are
 * told before the call that makes the change returns.  Only local file systems
 * tell all their changes.
 *
 * Threads: one at a time may use a watch.
 */
#ifndef PBF_PATH_WATCH_H
#define PBF_PATH_WATCH_H

#include <stdbool.h>

struct pbf_path_watch {
	int changes_fd; /* inotify */
	int mounts_fd;
	/* All of the way is watched, and nothing has changed. */
	bool holds;
};

/* Begins a watch, to be told of the way; it may not hold from the start. */
struct pbf_path_watch pbf_path_watch_begin(void);

/* The walk's `through` (path_walk.h); CONTEXT is the watch. */
void pbf_path_watch_through(void *context, int directory_fd);

/*
 * Whether the file system of FD, which may hang, waits for a disk of this
 * machine at most, and so tells all its changes.
 */
bool pbf_is_on_local_disk(int fd);

/* Whether nothing has changed; never again once it was false. */
bool pbf_path_watch_holds(struct pbf_path_watch *watch);

void pbf_path_watch_release(const struct pbf_path_watch *watch);

#endif
