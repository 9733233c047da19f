/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that are served to nobody: patterns of the administrator's, against
 * which the names on the disk are held, not the one asked for.  "*" stands for
 * any characters, "?" for one (a character, however many bytes UTF-8 has for
 * it), all else for itself in either case.
 *
 * Images are hostile and names are matched often, so that matching takes no
 * memory and at most as many steps as the name's length times all patterns'.
 */
#ifndef PBF_DENY_H
#define PBF_DENY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"

/* All patterns together, with one more for each. */
#define PBF_DENY_CHARACTERS_MAX 1024u

/* Zero it: nothing is denied. */
struct pbf_deny {
	/* Patterns with case folded, each ended by 0. */
	uint32_t patterns[PBF_DENY_CHARACTERS_MAX];
	size_t length;
};

/*
 * Adds the patterns in TEXT, with ':' between them; "\," is a comma.  -EINVAL
 * for what can be no pattern for a name, -E2BIG for too many; then WHY says
 * more and nothing is added.
 */
int pbf_deny_add(struct pbf_deny *deny, const char *text,
		 struct pbf_reason *why);

/*
 * Whether an entry with this name (of less than PBF_NAME_BYTES) and this alias
 * is denied; by a name without the dots and blanks at its end, too, for by
 * that it is found.  DENY may be NULL.
 */
bool pbf_deny_has(const struct pbf_deny *deny, const char *name,
		  const char *alias);

#endif
