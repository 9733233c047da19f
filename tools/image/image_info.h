/* SPDX-License-Identifier: BSD-2-Clause */
/* pibootfs-image info: what is to be known of an image, and its health. */
#ifndef PBF_IMAGE_INFO_H
#define PBF_IMAGE_INFO_H

#include "image_options.h"

/* Runs the command; returns the exit status. */
int image_info(const struct image_options *options);

#endif
