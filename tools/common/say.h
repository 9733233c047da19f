/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program tells a person: lines on standard error.  Names from images
 * may be hostile, so what a terminal would obey is masked, here and in what
 * goes to standard output for a person.
 */
#ifndef TOOLS_SAY_H
#define TOOLS_SAY_H

#include <getopt.h>
#include <stdbool.h>

#include "reason.h"

/* Prints "PROGRAM: text". */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/*
 * Says why something in IMAGE was refused with ERROR: "IMAGE: PATH: byte 0x..:
 * reason; ADVICE".  PATH may be "" and ADVICE NULL; a WHY without text leaves
 * the reason to ERROR, a negative errno.
 */
void say_refusal(const char *image, const char *path, int error,
		 const struct pbf_reason *why, const char *advice);

/*
 * Says what getopt_long(3) has stumbled over: it read ARGV with the long
 * OPTIONS and short ones that begin with a colon, and returned RESULT, which is
 * ':' or '?'.
 */
void say_bad_option(char **argv, const struct option *options, int result);

/* Ends standard output: whether everything could be written; why not is said.
 */
bool say_end_of_output(void);

/*
 * A copy of TEXT for a person to read, as pbf_utf_mask() makes it.  The caller
 * frees it; NULL when there is no memory.
 */
char *say_masked(const char *text);

#endif
