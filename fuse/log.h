/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages for the administrator: on stderr, with journal priorities when
 * stderr is the journal; through syslog once the daemon has left its terminal.
 * Names from images may be hostile, so what a terminal obeys is masked.
 *
 * Threads: any may log; choose the target before there are others.
 */
#ifndef PIBOOTFS_LOG_H
#define PIBOOTFS_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "reason.h"

enum log_target {
	LOG_TO_STDERR,	/* "pibootfs: text" */
	LOG_TO_JOURNAL, /* stderr, sd-daemon(3) priorities */
	LOG_TO_SYSLOG,
};

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
