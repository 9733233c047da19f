/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image that was named on the command line, and its boot volume as the
 * daemon would choose it: from the image's own .conf when that is beside it.
 */
#ifndef PBF_IMAGE_VIEW_H
#define PBF_IMAGE_VIEW_H

#include <stdbool.h>

#include "boot_volume.h"
#include "image_options.h"
#include "reason.h"
#include "source.h"

struct image_view {
	const char *name; /* of the image, for messages; borrowed */
	/* Its volume is NULL until image_view_open_volume(). */
	struct pbf_source source;
	struct pbf_boot_choice choice;
	bool by_conf; /* the image's .conf has made the choice */
};

/*
 * Opens the image only.  What went wrong was said; then the negative errno is
 * returned.  The caller closes *ret_view.
 */
int image_view_open(const struct image_options *options,
		    struct image_view *ret_view);

/*
 * Opens the boot volume.  Says nothing; -EINVAL for a .conf that is not
 * understood, else as pbf_boot_volume_open().
 */
int image_view_open_volume(struct image_view *view,
			   const struct image_options *options,
			   struct pbf_reason *why);

/* Says why image_view_open_volume() has failed, and what to do. */
void image_view_say(const struct image_options *options, int error,
		    const struct pbf_reason *why);

/* Both; what went wrong was said. */
int image_view_open_all(const struct image_options *options,
			struct image_view *ret_view);

/*
 * Finds what lies at PATH, as pbf_source_find(); what went wrong was said.
 * The caller releases *ret_found.
 */
int image_view_find(struct image_view *view, const char *path,
		    struct pbf_found *ret_found);

/* Says that there is no memory; -ENOMEM.  Whoever gets that from others in
 * this program has nothing to say any more. */
int image_view_no_memory(const struct image_view *view);

void image_view_close(struct image_view *view);

#define _cleanup_view_ _cleanup_(image_view_close)

#endif
