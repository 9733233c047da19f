/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All files on a boot partition that some model of board takes its kernel's
 * parameters from: which one it is depends on the model, by the filters of
 * config.txt, and on whether an upgrade is being tried out.
 */
#ifndef PREP_CMDLINE_FILES_H
#define PREP_CMDLINE_FILES_H

#include <stddef.h>

#include "boot_copy.h"
#include "config_txt.h"
#include "reason.h"

#define PREP_CMDLINE_FILES_MAX 8u

struct prep_cmdline_files {
	size_t count;
	struct {
		char path[PREP_CONFIG_PATH_BYTES];
		/* Of a board that takes it: where kernel and initrd are. */
		struct prep_config config;
	} items[PREP_CMDLINE_FILES_MAX];
};

/*
 * Finds those that are there.  -ENOENT when none is, WHY has the name that
 * config.txt leads to; else as prep_boot_resolve().
 */
int prep_cmdline_files_find(const struct prep_boot *boot,
			    struct prep_cmdline_files *ret_files,
			    struct pbf_reason *why);

#endif
