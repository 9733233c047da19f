/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program tells a person: lines on standard error.  Names from images
 * may be hostile, so control characters are masked there, and on standard
 * output when it is a terminal.
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
 * A copy of TEXT that can be shown: bytes that are not UTF-8 become U+FFFD,
 * and with MASK characters that act on a terminal become '?'.  The caller
 * frees it; NULL when there is no memory.
 */
char *say_clean(const char *text, bool mask);

#endif
