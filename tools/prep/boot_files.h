/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of the files that config.txt names a board finds on its boot
 * partition, and so what it loads in the end: the firmware has a second name
 * for some kernels, and forgets about os_prefix unless there is a kernel and a
 * device tree beneath it (raspberrypi/documentation, config_txt/boot.adoc).
 */
#ifndef PREP_BOOT_FILES_H
#define PREP_BOOT_FILES_H

#include <stdbool.h>

#include "boot_config.h"
#include "boot_copy.h"
#include "config_txt.h"
#include "reason.h"

/*
 * config.txt as prep_boot_config() gives it, but without an os_prefix that
 * the firmware drops, and KERNEL being the one that is loaded: if that is its
 * fallback, an initramfs of auto_initramfs=1 is that one's.  KERNEL_FALLBACK
 * is "" then; when neither is there, both stay.  Errors as
 * prep_boot_config().
 */
int prep_boot_resolve(struct prep_boot_configs *configs,
		      const struct prep_config_reader *reader,
		      struct prep_config *ret_config, struct pbf_reason *why);

/*
 * Whether the device tree is there that CONFIG means for BOARD, or one of
 * them if that depends on more than the model; for no board (NULL), that of
 * any.  RET_PATH is its path, or the one that is missing; it is "" when config
 * turns device trees off, which needs none.
 */
bool prep_boot_device_tree(const struct prep_boot *boot,
			   const struct prep_config *config,
			   const struct prep_pi_board *board,
			   char ret_path[PREP_CONFIG_PATH_BYTES]);

#endif
