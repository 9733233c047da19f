/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Becoming a daemon: the process forks first, and the parent waits until the
 * child says that all is well, so that its exit status is the child's success.
 */
#ifndef PIBOOTFS_DAEMONIZE_H
#define PIBOOTFS_DAEMONIZE_H

/*
 * Forks.  Returns in the child; the parent waits and exits: with 0 once
 * daemonize_ready() was called, otherwise with the child's exit status, or
 * CRASH_STATUS if it had none.  Returns -1, in the only process, when forking
 * fails.
 */
int daemonize_fork(int crash_status);

/*
 * Leaves the caller's session and process group, if forked.  To be called once
 * mounted: an automounter lets nobody but its own process group come near the
 * mount point until then, and anybody else waits for that very mount.
 */
void daemonize_leave_group(void);

/*
 * Ends the parent, and leaves its terminal: stdin and stdout become /dev/null,
 * and so does stderr, in whose place comes syslog, unless it is a regular file
 * or the journal.  Does nothing without daemonize_fork().
 */
void daemonize_ready(void);

#endif
