/* SPDX-License-Identifier: BSD-2-Clause */
/* config.txt of a boot partition, with all that it includes. */
#ifndef PREP_BOOT_CONFIG_H
#define PREP_BOOT_CONFIG_H

#include "boot_copy.h"
#include "config_txt.h"
#include "reason.h"

/*
 * Reads it for READER; one that is not there, or an included file that is not,
 * counts as empty, as for the firmware.  -EFBIG, -EUCLEAN, -ENOMEM, and what
 * reading gave; WHY names the file.
 */
int prep_boot_config(const struct prep_boot *boot,
		     const struct prep_config_reader *reader,
		     struct prep_config *ret_config, struct pbf_reason *why);

#endif
