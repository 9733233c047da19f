/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What pibootfs-image tells a person: one line on standard error for each
 * thing that is wrong.  Names from images may be hostile, so control
 * characters are masked there, and on standard output when it is a terminal.
 */
#ifndef PBF_IMAGE_SAY_H
#define PBF_IMAGE_SAY_H

#include <stdbool.h>

#include "reason.h"

/* Prints "pibootfs-image: text". */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/*
 * Says why something in IMAGE was refused with ERROR: "IMAGE: PATH: byte 0x..:
 * reason; ADVICE".  PATH may be "" and ADVICE NULL; a WHY without text leaves
 * the reason to ERROR, a negative errno.
 */
void say_refusal(const char *image, const char *path, int error,
		 const struct pbf_reason *why, const char *advice);

/*
 * Ends standard output: 0 when everything could be written, else the exit
 * status, and why was said.
 */
int say_end_of_output(void);

/*
 * A copy of TEXT that can be shown: bytes that are not UTF-8 become U+FFFD,
 * and with MASK characters that act on a terminal become '?'.  The caller
 * frees it; NULL when there is no memory.
 */
char *say_clean(const char *text, bool mask);

#endif
