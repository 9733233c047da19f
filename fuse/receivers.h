/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The threads that receive the kernel's requests.  They stand in for libfuse's
 * own loop, which ends the session once one of its threads finds no memory for
 * its buffer, and ends its threads by pthread_cancel(3), which aborts when
 * there is no memory to load libgcc_s with.  Here all threads are there from
 * the start with their buffers, and a shortage of memory passes.
 *
 * Threads: to be used by one, which waits for RECEIVERS_ENDED.
 */
#ifndef PIBOOTFS_RECEIVERS_H
#define PIBOOTFS_RECEIVERS_H

#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Sent to the thread that started them when one ends; to be blocked there. */
#define RECEIVERS_ENDED SIGUSR2

struct receivers;

/*
 * Starts them on SESSION, which is mounted.  Blocked signals stay blocked in
 * them.  -ENOMEM, -EAGAIN: none is left.
 */
int receivers_start(struct fuse_session *session,
		    struct receivers **ret_receivers);

/* What made them end: 0 a call, or the end of the mount; negative errno. */
int receivers_error(const struct receivers *receivers);

/*
 * Ends them, and frees RECEIVERS.  False when some are still busy after
 * PATIENCE_MS; then they stay, and so must SESSION.
 */
bool receivers_stop(struct receivers *receivers, int64_t patience_ms);

#endif
