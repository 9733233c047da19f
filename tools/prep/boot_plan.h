/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one model of board would load from a boot partition, step by step as
 * it boots over the network, and which of that is not there.
 */
#ifndef PREP_BOOT_PLAN_H
#define PREP_BOOT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "boot_config.h"
#include "config_txt.h"
#include "pi_board.h"
#include "reason.h"

/* What a file is for. */
enum prep_boot_step {
	PREP_BOOT_FIRMWARE, /* what comes before Linux */
	PREP_BOOT_KERNEL,
	PREP_BOOT_DEVICE_TREE,
	PREP_BOOT_INITRD,
	PREP_BOOT_CMDLINE,
};

/* A file that is not there. */
struct prep_boot_lack {
	enum prep_boot_step step;
	char path[PREP_CONFIG_PATH_BYTES];
};

#define PREP_BOOT_LACKS_MAX 6u

struct prep_boot_plan {
	const struct prep_pi_board *board;
	/* What is loaded, or what would be if nothing were missing. */
	struct prep_config config;
	struct prep_boot_lack lacks[PREP_BOOT_LACKS_MAX];
	size_t lack_count; /* 0: it boots */
};

/*
 * Makes it for READER, which has a board.  Errors as prep_boot_resolve().  An
 * initrd counts as missing when config.txt names one and none of its files is
 * there; that of auto_initramfs=1 does not, since the firmware goes on without.
 */
int prep_boot_plan(struct prep_boot_configs *configs,
		   const struct prep_config_reader *reader,
		   struct prep_boot_plan *ret_plan, struct pbf_reason *why);

/* Whether CONFIG's initrd is only the one of auto_initramfs=1. */
bool prep_boot_has_auto_initrd(const struct prep_config *config);

#define PREP_BOARD_TITLE_BYTES 16u

/* What people call it: "Pi 4", "CM4", "Pi Zero 2 W". */
void prep_boot_board_title(const struct prep_pi_board *board,
			   char ret_title[PREP_BOARD_TITLE_BYTES]);

#endif
