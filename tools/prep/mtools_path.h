/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names on a boot partition, as mtools is to be told of them.  mtools takes
 * some names for patterns, cuts off what is before a colon, writes others in
 * another way, and crashes on those that are too long.
 */
#ifndef PREP_MTOOLS_PATH_H
#define PREP_MTOOLS_PATH_H

#include <string.h>

#include "reason.h"

/* A place is "::PATH"; the path in it is what the library takes. */
#define PREP_MTOOLS_DRIVE "::"

static inline const char *prep_mtools_path_of(const char *place)
{
	return place + strlen(PREP_MTOOLS_DRIVE);
}

/*
 * Whether mtools writes a file of that path, and a FAT keeps its names as they
 * are; -EINVAL if not, -ENOMEM.
 */
int prep_mtools_check_new(const char *path, struct pbf_reason *why);

/*
 * The place of PATH, in which a "/" too many does no harm; "::" is the root.
 * -EINVAL when a name in it is none that a FAT can have, -ENOMEM.  The caller
 * frees *ret_place.
 */
int prep_mtools_place(const char *path, char **ret_place,
		      struct pbf_reason *why);

#endif
