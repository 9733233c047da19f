/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The links in the image directory that tell pibootfs which boards boot from
 * an image.  First all of them are looked at, then made.
 */
#ifndef PREP_BOARD_LINKS_H
#define PREP_BOARD_LINKS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "entry_name.h"
#include "prep_options.h"
#include "reason.h"

struct prep_board_link {
	char name[PBF_ENTRY_BYTES]; /* as it is spelled, or will be */
	char before[PATH_MAX];	    /* what it leads to so far; "": nothing */
	bool is_made;
};

struct prep_board_links {
	int directory_fd;   /* borrowed */
	const char *target; /* the image's entry; borrowed */
	struct prep_board_link *items;
	size_t count;
};

/*
 * Finds out which links OPTIONS want in the image directory DIRECTORY_FD.  A
 * serial number can also be the name of a file that has it.  A board that has
 * a link in another spelling keeps that.
 *
 * -EINVAL for what is no board, WHY has the option; -EEXIST for one that has
 * another image, unless by force, or a name that is no link; -ENOMEM.  The
 * caller releases it.
 */
int prep_board_links_plan(const struct prep_options *options, int directory_fd,
			  const char *target,
			  struct prep_board_links *ret_links,
			  struct pbf_reason *why);

/* Tells what is done, or would be. */
void prep_board_links_tell(const struct prep_board_links *links);

/* Makes the links.  Errors as prep_publish_link(). */
int prep_board_links_make(struct prep_board_links *links,
			  struct pbf_reason *why);

/* Makes them what they were, as when the rest of a run has failed. */
int prep_board_links_revert(const struct prep_board_links *links,
			    struct pbf_reason *why);

void prep_board_links_release(struct prep_board_links *links);

#endif
