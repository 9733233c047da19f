/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All files on a boot partition that some model of board takes its kernel's
 * parameters from: which one it is depends on the model and on the serial
 * number, by the filters of config.txt, and on whether an upgrade is being
 * tried out.
 */
#ifndef PREP_CMDLINE_FILES_H
#define PREP_CMDLINE_FILES_H

#include <stddef.h>

#include "boot_config.h"
#include "cleanup.h"
#include "config_txt.h"
#include "reason.h"

struct prep_cmdline_file {
	char path[PREP_CONFIG_PATH_BYTES];
	/* Of a board that takes it: where kernel and initrd are. */
	struct prep_config config;
};

/* Zero it to begin with; give it back with prep_cmdline_files_free(). */
struct prep_cmdline_files {
	struct prep_cmdline_file *items;
	size_t count;
};

/*
 * Finds those that are there beside a kernel; or, if no kernel is anywhere,
 * just those that are there.  -ENOENT when none is, WHY has the name that
 * config.txt leads to; else as prep_boot_resolve().
 */
int prep_cmdline_files_find(struct prep_boot_configs *configs,
			    struct prep_cmdline_files *ret_files,
			    struct pbf_reason *why);

void prep_cmdline_files_free(struct prep_cmdline_files *files);

#define _cleanup_cmdline_files_ _cleanup_(prep_cmdline_files_free)

#endif
