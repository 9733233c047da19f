/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals that ask the program to end.  They only leave a note, so that what
 * has been begun is either finished or undone; who takes long looks at it.
 */
#ifndef PREP_STOP_H
#define PREP_STOP_H

#include <stdbool.h>

/*
 * From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT are noted; SIGXFSZ and
 * SIGPIPE are ignored.
 */
void prep_stop_prepare(void);

/* Whether one has come; CONTEXT is not used. */
bool prep_stop_is_asked(void *context);

/* Ends the program by the signal that came; returns if none did. */
void prep_stop_follow(void);

#endif
