/* SPDX-License-Identifier: BSD-2-Clause */
/* Refusals because of a system call. */
#ifndef TOOLS_REFUSE_H
#define TOOLS_REFUSE_H

#include "reason.h"

/*
 * Says that NAME WHAT ("cannot be opened"), and why, which is in errno, and
 * returns its negative.  NULL is the image, whose name the caller knows and
 * says.
 */
int refuse_errno(const char *what, const char *name, struct pbf_reason *why);

#endif
