/* SPDX-License-Identifier: BSD-2-Clause */
/* Which image a run is about, and what it is called where. */
#ifndef PREP_TARGET_H
#define PREP_TARGET_H

#include <stdbool.h>

#include "cleanup.h"
#include "entry_name.h"
#include "prep_options.h"
#include "reason.h"

struct prep_target {
	char *directory; /* the image directory, all links resolved; owned */
	char *path; /* of its entry there, "/srv/images/jammy.img"; owned */
	char entry[PBF_ENTRY_BYTES]; /* "jammy.img" */
	char name[PBF_ENTRY_BYTES];  /* "jammy" */
	int directory_fd;
	bool exists;
};

/*
 * Works it out; an entry that is a link to another one stands for that.
 * -EINVAL for names that pibootfs would not show or that have
 * to be said; -ENOENT for what is not there; -ENOTDIR, -ENAMETOOLONG, -ENOMEM.
 * The caller releases it.
 */
int prep_target_find(const struct prep_options *options,
		     struct prep_target *ret_target, struct pbf_reason *why);
void prep_target_release(struct prep_target *target);

#endif
