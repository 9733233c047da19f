/* SPDX-License-Identifier: BSD-2-Clause */
/* Symbolic links that are made, or moved, all at once. */
#ifndef PREP_PUBLISH_LINK_H
#define PREP_PUBLISH_LINK_H

#include <stdbool.h>

#include "reason.h"

enum prep_link_outcome {
	PREP_LINK_KEPT, /* it was there, and leads to the same */
	PREP_LINK_MADE,
	PREP_LINK_MOVED,
};

/*
 * Whether a symbolic link in DIRECTORY_FD that says CURRENT leads to the same
 * as one that says TARGET.
 */
bool prep_publish_leads_there(int directory_fd, const char *current,
			      const char *target);

/*
 * Makes the symbolic link NAME in DIRECTORY_FD lead to TARGET.  A link that
 * leads to something else is left alone with -EEXIST, unless MAY_MOVE, and a
 * NAME that is no link always is.  WHY says what is there.  Else the negative
 * errno of what failed.
 */
int prep_publish_link(int directory_fd, const char *name, const char *target,
		      bool may_move, enum prep_link_outcome *ret_outcome,
		      struct pbf_reason *why);

#endif
