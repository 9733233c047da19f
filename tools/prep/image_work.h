/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An image on its way from what it is to what was asked for.  A new one is a
 * file without a name until the end.  One that is there is not touched until
 * the end either: what has to change is collected, and then written at once
 * under an undo file.
 */
#ifndef PREP_IMAGE_WORK_H
#define PREP_IMAGE_WORK_H

#include <stdbool.h>

#include "boot_copy.h"
#include "boot_partition.h"
#include "cleanup.h"
#include "disk_size.h"
#include "prep_options.h"
#include "publish.h"
#include "ranges.h"
#include "reason.h"
#include "target.h"
#include "undo.h"

/* Only one of the first two is there; neither if the image is only read. */
struct prep_image_work {
	struct prep_publish *publish; /* of a new image */
	struct undo *undo;	      /* of one that is there */
	int own_fd;		      /* of one that is only read, else -1 */
	int fd;			      /* the image; borrowed from one of them */
	const char *culprit;	      /* what fails if it is not the image */
	struct prep_boot_partition place;
	struct prep_boot boot; /* the boot partition as it is to be */
	struct prep_growth growth;
	struct ranges ranges; /* to be written; theirs is the growth's */
};

/* Nothing yet, for prep_image_release(). */
#define PREP_IMAGE_WORK_NONE                             \
	((struct prep_image_work){ .own_fd = -1,         \
				   .fd = -1,             \
				   .boot = { .fd = -1 }, \
				   .growth = { .content_fd = -1 } })

/*
 * Puts back what an earlier run left half done, whatever this one is for.
 * -EBUSY when somebody is working on the image, unless by force, -EEXIST in a
 * dry run; else as undo_recover().
 */
int prep_image_recover(const struct prep_options *options,
		       const struct prep_target *target,
		       struct pbf_reason *why);

/*
 * Opens the image of TARGET: unpacks a new one, or locks one that is there;
 * one that IS_READ_ONLY is only put back if need be.  Negative errno; WHY says
 * what it was.  The caller releases *ret_work in any case.
 */
int prep_image_open(const struct prep_options *options,
		    const struct prep_target *target, bool is_read_only,
		    struct prep_image_work *ret_work, struct pbf_reason *why);

/* Makes it as large as asked for, or finds out what that takes. */
int prep_image_resize(const struct prep_options *options,
		      const struct prep_target *target,
		      struct prep_image_work *work, struct pbf_reason *why);

/* Takes out the boot partition, for others to edit. */
int prep_image_take_boot(const struct prep_options *options,
			 const struct prep_target *target,
			 struct prep_image_work *work, struct pbf_reason *why);

/*
 * Puts the boot partition back: into a new image at once, else into the
 * collection.
 */
int prep_image_put_boot(struct prep_image_work *work, struct pbf_reason *why);

/* Whether anything of an image that is there will change. */
bool prep_image_is_changed(const struct prep_image_work *work);

/*
 * Whether prep_image_commit() would do it, as far as can be told before.
 * -EBUSY when somebody is working on it, -ESTALE when somebody has, unless by
 * force; else the negative errno of what stands in the way.
 */
int prep_image_check(const struct prep_options *options,
		     const struct prep_image_work *work,
		     struct pbf_reason *why);

/*
 * Makes it what it is to be.  Errors as prep_image_check(), and as
 * prep_publish_commit() or undo_apply().
 */
int prep_image_commit(const struct prep_options *options,
		      struct prep_image_work *work, struct pbf_reason *why);

/* Makes it what it was, as when the rest of a run has failed. */
int prep_image_revert(struct prep_image_work *work, struct pbf_reason *why);

void prep_image_release(struct prep_image_work *work);

#endif
