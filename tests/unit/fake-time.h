/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time under the control of a test.  A test that links this gets its own
 * clock_gettime(), nanosleep() and fstatfs(): the library's pauses take no
 * time but on the monotonic clock, and are where a test can change an image;
 * time stamps become old at once; and the file system of the test keeps honest
 * stamps, if wanted.
 */
#ifndef PBF_UNIT_FAKE_TIME_H
#define PBF_UNIT_FAKE_TIME_H

#include <stdbool.h>

/* Forgets everything set below. */
void fake_time_reset(void);

/* All stamps taken from now on are this much older, or not any more. */
void fake_time_set_age(int seconds);

/* Whether files lie on a file system whose stamps prove something. */
void fake_time_set_honest(bool honest);
/* The same by the type of the file system, as in <linux/magic.h>. */
void fake_time_set_file_system(unsigned int type);

/*
 * Waits until the next change of a file gets another time stamp: some
 * milliseconds.  Needed between two changes that a stamp is to tell apart,
 * when stamps are made older than they are.
 */
void fake_time_next_tick(void);

/* Has HOOK called at each pause, with the number of pauses before it. */
void fake_time_on_pause(void (*hook)(void *context, int pauses), void *context);

/* Pauses since the reset. */
int fake_time_pauses(void);

#endif
