/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that are there whole or not at all.  A file is filled while
 * it has no name, or where the file system has no nameless files, under the
 * name `.NAME.XXXXXX` beside the target.  Then it is synced and gets the
 * target's name, or if there is a target, `.NAME.XXXXXX`, by which it is
 * renamed over it; and the directory is synced.  So nobody ever reads half of
 * it, whatever becomes of the program or the power.
 */
#ifndef PREP_PUBLISH_H
#define PREP_PUBLISH_H

#include <stdbool.h>

#include "cleanup.h"
#include "reason.h"

struct prep_publish;

/*
 * Starts a file that will replace PATH, or be new.  When PATH is a symbolic
 * link, what it leads to is replaced, or made, and the link stays.
 *
 * The new file has owner, group and mode of the one that it replaces, else
 * those of any new file (umask).  -EOPNOTSUPP when PATH is there and no
 * regular file, -EPERM when its owner cannot be given to another file, which
 * an export's server would answer for with a read-only disk; else the negative
 * errno of what failed.  The caller frees it.
 */
int prep_publish_new(const char *path, struct prep_publish **ret_publish,
		     struct pbf_reason *why);

/* The file to fill, open for reading and writing; borrowed. */
int prep_publish_fd(const struct prep_publish *publish);

/* The path that will be replaced, all links resolved; borrowed. */
const char *prep_publish_path(const struct prep_publish *publish);

/*
 * Puts the file into its place.  -ESTALE when the target has been changed,
 * made or removed since prep_publish_new(): then somebody else's work would be
 * lost.  After any error nothing has changed, except after one that says that
 * it was the directory that could not be synced.
 */
int prep_publish_commit(struct prep_publish *publish, struct pbf_reason *why);

/*
 * Takes a commit back, as when what was to follow failed: the file is removed
 * again, or the old content put in its place.  Errors as
 * prep_publish_commit().
 */
int prep_publish_revert(struct prep_publish *publish, struct pbf_reason *why);

/* Ends it; what has not been committed is gone. */
void prep_publish_free(struct prep_publish *publish);

static inline void prep_publish_free_pointer(struct prep_publish **publish)
{
	prep_publish_free(*publish);
}
#define _cleanup_publish_ _cleanup_(prep_publish_free_pointer)

#endif
