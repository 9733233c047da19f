/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages for the administrator: on stderr, with journal priorities when
 * stderr is the journal; through syslog once the daemon has left its terminal.
 * Names from images may be hostile, so what a terminal obeys is masked.
 *
 * There is a bound on messages about one subject and in all, see log_limit.h.
 * A message whose format begins with "%s: " is about what is named so; all
 * others of one format are about one subject.
 *
 * Threads: any may log, and none waits for that after log_start().
 */
#ifndef PIBOOTFS_LOG_H
#define PIBOOTFS_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "log_writer.h"
#include "reason.h"

/* To be called before there are other threads.  -EAGAIN. */
int log_start(void);
/* Writes what has not been written yet, if that does not take long. */
void log_stop(void);

void log_set_target(enum log_target target);

/* Messages below this syslog(3) priority are dropped; LOG_INFO at first. */
void log_set_threshold(int priority);

/* Whether stderr is connected to the journal (JOURNAL_STREAM). */
bool log_stderr_is_journal(void);

__attribute__((format(printf, 2, 3))) void log_message(int priority,
						       const char *format, ...);

/* As log_message(), but a text that was logged before is dropped. */
__attribute__((format(printf, 2, 3))) void log_once(int priority,
						    const char *format, ...);

/*
 * Says why something in image SOURCE was refused: "SOURCE: PATH: byte 0x..:
 * reason; CONSEQUENCE".  PATH may be "".  Once for each reason and byte,
 * whatever the path.
 */
void log_refusal(int priority, const char *source, const char *path,
		 const struct pbf_reason *why, const char *consequence);

#endif
