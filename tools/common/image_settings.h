/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon would know of an image from its NAME.conf. */
#ifndef TOOLS_IMAGE_SETTINGS_H
#define TOOLS_IMAGE_SETTINGS_H

#include "image_conf.h"
#include "reason.h"

/*
 * Reads it, as if the directory that IMAGE is in were the image directory.  An
 * image that would be none there, or has no .conf, has the daemon's defaults.
 * -ENOMEM, or as pbf_catalog_conf().
 */
int image_settings_read(const char *image, struct pbf_image_conf *ret_conf,
			struct pbf_reason *why);

#endif
