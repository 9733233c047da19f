/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of operations that libfuse calls.  None of them reads an image:
 * what needs that goes to the image's lane.  What is missing here the kernel
 * answers itself: the mount is read-only, and FLUSH and ACCESS would be a
 * request each for nothing.
 */
#ifndef PIBOOTFS_OPERATIONS_H
#define PIBOOTFS_OPERATIONS_H

#include <fuse_lowlevel.h>

/* The session's user data is a struct server. */
extern const struct fuse_lowlevel_ops operations;

#endif
