/* SPDX-License-Identifier: BSD-2-Clause */
/* What a file or link is called while it is not yet what it will be. */
#ifndef PREP_TEMPORARY_NAME_H
#define PREP_TEMPORARY_NAME_H

#include <limits.h>

/*
 * A name beside NAME, `.NAME.XXXXXX`, that is likely to be free.  -EAGAIN when
 * there are no random numbers yet.
 */
int prep_temporary_name(const char *name, char ret_name[NAME_MAX + 1]);

#endif
