/* SPDX-License-Identifier: BSD-2-Clause */
/* pibootfs-image ls: directories as lists of names, or as tables. */
#ifndef PBF_IMAGE_LIST_H
#define PBF_IMAGE_LIST_H

#include "image_options.h"

/* Runs the command; returns the exit status. */
int image_list(const struct image_options *options);

#endif
