/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the user that an NBD server runs as may write to an image: if not,
 * nbd-server serves it read-only without a word, and the board ends with a
 * root file system that it cannot write to.
 */
#ifndef PREP_NBD_USER_H
#define PREP_NBD_USER_H

#include <stdbool.h>
#include <sys/stat.h>

/* Whether there is a user of that name. */
bool prep_user_exists(const char *user);

/*
 * Whether USER, who exists, may read and write a file of this owner, group and
 * mode, and may enter all directories of its absolute PATH.  If not, and with
 * memory for it, *RET_OBSTACLE says what stands in the way, "the user nbd may
 * not enter /srv", and *RET_REMEDY the commands of root that remove it; both
 * are the caller's to free, and NULL otherwise.
 */
bool prep_user_may_write(const char *user, const struct stat *st,
			 const char *path, char **ret_obstacle,
			 char **ret_remedy);

/* Gives the file to USER and their group: 0 or a negative errno. */
int prep_user_give(const char *user, int fd);

#endif
