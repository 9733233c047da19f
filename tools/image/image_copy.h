/* SPDX-License-Identifier: BSD-2-Clause */
/* pibootfs-image cat and cp: files out of an image. */
#ifndef PBF_IMAGE_COPY_H
#define PBF_IMAGE_COPY_H

#include "image_options.h"

/* Run the commands; return the exit status. */
int image_cat(const struct image_options *options);
int image_copy(const struct image_options *options);

#endif
