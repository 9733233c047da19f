/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which partition of an image has the root file system, so that it can be
 * called by its number: over NBD the disk is /dev/nbd0, and initrds find
 * neither labels nor UUIDs on it before it is connected.
 */
#ifndef PREP_ROOT_PARTITION_H
#define PREP_ROOT_PARTITION_H

#include <stddef.h>

#include "boot_partition.h"
#include "reason.h"

/*
 * Finds the partition that the cmdline.txt in TEXT has as root=: a device's
 * name that ends in a number, PARTUUID=, PARTLABEL=, UUID= or LABEL=.  If it
 * says none of these, or one that is not there, the only partition with a
 * Linux file system is the one; WHY then says so although the result is 0, and
 * is "" otherwise.  -ENOENT when that does not tell either; WHY has what was
 * looked for.  PLACE is of the image in IMAGE_FD.
 */
int prep_root_partition(int image_fd, const struct prep_boot_partition *place,
			const char *text, size_t length,
			unsigned int *ret_partition, struct pbf_reason *why);

#endif
