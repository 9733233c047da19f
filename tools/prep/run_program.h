/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Other programs, run to their end: mtools and fsck.fat.  They have a session
 * of their own, so that they can ask nobody and Ctrl-C does not reach them,
 * and signals are to them as to a program that was just started, whatever the
 * caller blocks or ignores.
 */
#ifndef PREP_RUN_PROGRAM_H
#define PREP_RUN_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "reason.h"

/* One that takes longer, or says more, is killed. */
#define PREP_PROGRAM_TIME_MS_MAX (15 * 60 * 1000)
#define PREP_PROGRAM_OUTPUT_MAX (256u << 10)

struct prep_program {
	const char *const *argv; /* at most 16, then NULL */
	const void *input;	 /* its standard input, NULL for none */
	size_t input_length;
	int fd;		     /* it has this file as descriptor 3; -1: none */
	int64_t time_ms_max; /* 0: PREP_PROGRAM_TIME_MS_MAX */
};

/*
 * Runs PROGRAM, found in PATH or in /usr/sbin.  *ret_output is all that it
 * wrote, to standard output and error alike, a string that the caller frees;
 * *ret_status is its exit status.
 *
 * -ENOENT	there is no such program
 * -EIO		a signal killed it
 * -ETIMEDOUT	it took too long
 * -EFBIG	it said too much
 * others	the negative errno of starting it
 */
int prep_run(const struct prep_program *program, char **ret_output,
	     int *ret_status, struct pbf_reason *why);

/* The path by which a program finds its descriptor 3. */
#define PREP_FD_PATH "/dev/fd/3"

#endif
