/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether and where a tree can be mounted: every way in which this fails for
 * a person gets its own sentence, before libfuse has a chance to fail.
 */
#ifndef PIBOOTFS_MOUNTPOINT_H
#define PIBOOTFS_MOUNTPOINT_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Checks the two directories and /dev/fuse, and unmounts what a pibootfs that
 * was killed left behind.  Gives the absolute paths of both; the mount point
 * stays as it is in the form /dev/fd/N (mount.fuse3's drop_privileges, the
 * mount is there already).  False after saying why.
 */
bool mountpoint_prepare(const char *images, const char *mountpoint,
			char ret_images[PATH_MAX],
			char ret_mountpoint[PATH_MAX]);

/* The device number of what is mounted at PATH; 0 when it is not known. */
dev_t mountpoint_device(const char *path);

#endif
