/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that is changed on a boot partition so that a board boots over the
 * network: files, the kernel's parameters, and what cloud-init installs.  It
 * is done to a copy, and what is done is told.
 */
#ifndef PREP_BOOT_EDIT_H
#define PREP_BOOT_EDIT_H

#include "boot_copy.h"
#include "boot_partition.h"
#include "prep_options.h"
#include "reason.h"

/* What the boot partition is part of. */
struct prep_boot_disk_image {
	int fd;
	const struct prep_boot_partition *place;
	const char *export_name; /* what the NBD server calls it */
};

/* Whether OPTIONS ask for any of it. */
bool prep_boot_edit_is_wanted(const struct prep_options *options);

/*
 * Edits BOOT, and checks it with fsck.fat.  Negative errno; WHY names the file
 * and what is to be done.
 */
int prep_boot_edit(const struct prep_boot *boot,
		   const struct prep_boot_disk_image *image,
		   const struct prep_options *options, struct pbf_reason *why);

#endif
