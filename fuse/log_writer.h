/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where messages go, and the thread that writes them.  A pipe that nobody reads
 * and a logger that hangs block who writes to them, so once the thread is
 * there nobody else does: messages wait in a queue, and are lost when it is
 * full, of which the number is told.
 *
 * Threads: any may call; start it before there are others.
 */
#ifndef PIBOOTFS_LOG_WRITER_H
#define PIBOOTFS_LOG_WRITER_H

#include <stdint.h>

enum log_target {
	LOG_TO_STDERR,	/* "pibootfs: text" */
	LOG_TO_JOURNAL, /* stderr, sd-daemon(3) priorities */
	LOG_TO_SYSLOG,
};

/* Longer messages are cut. */
#define LOG_MESSAGE_BYTES 2048

/*
 * Starts the thread.  It calls TICK after each message and at the (monotonic)
 * time that it returned.  -EAGAIN: then messages are written by who has them,
 * as before.
 */
int log_writer_start(int64_t (*tick)(void));

/* Has TICK called soon. */
void log_writer_wake(void);

/* Waits for what is queued, but not long, before the target changes. */
void log_writer_set_target(enum log_target target);

void log_writer_put(int priority, const char *text);

/* Writes what is queued, as far as that does not take long, and ends. */
void log_writer_stop(void);

#endif
