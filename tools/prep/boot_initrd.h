/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The initrd on a boot partition: one file, or several that the firmware puts
 * together, one right behind the other, as config.txt lists them.
 */
#ifndef PREP_BOOT_INITRD_H
#define PREP_BOOT_INITRD_H

#include "boot_copy.h"
#include "cleanup.h"
#include "config_txt.h"
#include "initrd.h"
#include "reason.h"

/* All of them together are not larger: it would not fit beside a system. */
#define PREP_BOOT_INITRD_BYTES_MAX (512u << 20)

/* What is known of the initrd that one configuration leads to. */
struct prep_boot_initrd_look {
	char os_prefix[PREP_CONFIG_VALUE_BYTES];
	char initramfs[PREP_CONFIG_VALUE_BYTES];
	struct prep_initrd initrd;
	int error;
	struct pbf_reason reason;
};

/*
 * Initrds that were looked into, for as long as BOOT does not change: many
 * configurations lead to the same one, and unpacking it takes long.  Zero it
 * but for BOOT; give it back with prep_boot_initrds_release().
 */
struct prep_boot_initrds {
	const struct prep_boot *boot;
	struct prep_boot_initrd_look *items;
	size_t count;
};

void prep_boot_initrds_release(struct prep_boot_initrds *initrds);

#define _cleanup_initrds_ _cleanup_(prep_boot_initrds_release)

/*
 * Looks into the initrd that CONFIG leads to.  Files of it that are missing
 * are left out, as the firmware does; WHY then names them although the result
 * is 0, and is "" when none is.
 *
 * -ENOENT when CONFIG has no initrd, or none of its files is there; -EFBIG
 * beyond the limit above; else as prep_initrd_read() and prep_boot_read().
 * WHY names the file.
 */
int prep_boot_initrd(struct prep_boot_initrds *initrds,
		     const struct prep_config *config,
		     struct prep_initrd *ret_initrd, struct pbf_reason *why);

#endif
