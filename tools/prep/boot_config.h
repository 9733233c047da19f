/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.txt of a boot partition, with all that it includes.  It is followed
 * for many models of board, so that each of its files is read once.
 */
#ifndef PREP_BOOT_CONFIG_H
#define PREP_BOOT_CONFIG_H

#include "boot_copy.h"
#include "cleanup.h"
#include "config_txt.h"
#include "reason.h"

/* More files are no configuration. */
#define PREP_BOOT_CONFIG_FILES_MAX 16u

/*
 * What was read so far, for as long as BOOT does not change.  Zero it but for
 * that; give it back with prep_boot_configs_release().
 */
struct prep_boot_configs {
	const struct prep_boot *boot;
	struct prep_config_file files[PREP_BOOT_CONFIG_FILES_MAX];
	char *names[PREP_BOOT_CONFIG_FILES_MAX];
	char *texts[PREP_BOOT_CONFIG_FILES_MAX];
	size_t count;
	/* Of [0x...] sections in them; files may be read only for one. */
	struct prep_config_serials serials;
};

void prep_boot_configs_release(struct prep_boot_configs *configs);

#define _cleanup_configs_ _cleanup_(prep_boot_configs_release)

/*
 * Reads it for READER; one that is not there, or an included file that is not,
 * counts as empty, as for the firmware.  -ECANCELED when the program is asked
 * to stop; -EFBIG, -EUCLEAN, -ENOMEM, and what reading gave; WHY names the
 * file.
 */
int prep_boot_config(struct prep_boot_configs *configs,
		     const struct prep_config_reader *reader,
		     struct prep_config *ret_config, struct pbf_reason *why);

#endif
