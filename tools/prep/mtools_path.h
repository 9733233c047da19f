/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names on a boot partition, as mtools is to be told of them.  mtools takes
 * some names for patterns, cuts off what is before a colon, writes others in
 * another way, and crashes on those that are too long.
 */
#ifndef PREP_MTOOLS_PATH_H
#define PREP_MTOOLS_PATH_H

#include <stdbool.h>
#include <string.h>

#include "reason.h"

/* A place is "::PATH"; the path in it is what the library takes. */
#define PREP_MTOOLS_DRIVE "::"

static inline const char *prep_mtools_path_of(const char *place)
{
	return place + strlen(PREP_MTOOLS_DRIVE);
}

/* Whether mtools writes a file of that name, and a FAT keeps it as it is. */
bool prep_mtools_name_is_good(const char *name);

/* -EINVAL, as the answer to a name that is not good. */
int prep_mtools_refuse_name(const char *name, struct pbf_reason *why);

/*
 * The place of PATH, in which a "/" too many does no harm; "::" is the root.
 * -EINVAL when a name in it is not good, -ENOMEM.  The caller frees
 * *ret_place.
 */
int prep_mtools_place(const char *path, char **ret_place,
		      struct pbf_reason *why);

#endif
