/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is at work on an image: programs that have it open for writing
 * (qemu), NBD servers with a board on it, loop devices over it, mounts of it.
 * They take no locks, so that they have to be looked for.
 */
#ifndef TOOLS_IN_USE_H
#define TOOLS_IN_USE_H

#include <stddef.h>

#include "reason.h"

/*
 * Looks for anybody but this process who works on the image that PATH leads
 * to, a regular file or a block device.  -EBUSY when there is somebody, and
 * WHY says who; 0 when nobody was found; -EOPNOTSUPP when it is neither, or
 * the negative errno of looking at it.
 *
 * *ret_unseen, set in the first two cases, is the number of programs that
 * serve disks and may not be looked at without being root: one of them may
 * serve this one.  What runs on another machine, or has the image mapped but no
 * longer open, is never seen; nor is a block device's user by anything but its
 * mounts, its open descriptors and its exclusive claims.
 */
int image_in_use(const char *path, size_t *ret_unseen, struct pbf_reason *why);

#endif
