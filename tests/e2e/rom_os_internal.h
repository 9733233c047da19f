/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the last stage share: how it differs from one generation
 * of boards to the next, and how far it is.  For rom_os*.c only.
 */
#ifndef ROM_OS_INTERNAL_H
#define ROM_OS_INTERNAL_H

#include "rom_config.h"
#include "rom_os.h"

/* Lists of names end with NULL. */
struct rom_generation {
	/* Goes before what config.txt does not name. */
	const char *directory;
	/* Asked for before config.txt, before it is read again, and after. */
	const char *const *before_config;
	const char *const *before_second_config;
	const char *const *after_config;
	const char *const *before_kernel;
	const char *armstub64;
	const char *armstub32;
	size_t config_bytes_max;
	bool needs_blksize;
	/*
	 * Looks whether there is an operating system for this board before it
	 * starts, and knows the kernel from then on.
	 */
	bool checks_os;
	/* Asked for among the overlays, whatever config.txt says. */
	const char *const *overlays_always;
	/* What is missing of the overlays is asked for twice. */
	bool insists_on_overlays;
	/* Kernels are looked for under many names, and more than once. */
	bool insists_on_kernels;
};

struct rom_os {
	const struct rom_session *session;
	const struct rom_generation *generation;
	struct rom_config_rules rules;
	struct rom_config *config; /* what the last config.txt said */
	struct rom_boot *boot;
};

/*
 * Reads NAME, which config.txt knows, with os_prefix.  A file that is missing
 * is no error, and RET_FILE stays as it is then.
 */
int rom_os_read(const struct rom_os *os, const char *name,
		struct rom_file *ret_file, struct pbf_reason *why);

/* rom_probe() of NAME with os_prefix. */
int rom_os_probe(const struct rom_os *os, const char *name,
		 struct pbf_reason *why);

/* --- rom_os_kernel.c --- */

/*
 * Looks for the kernel, and takes the second choice where that is what there
 * is.  An initramfs that belongs to the kernel goes with it.
 */
int rom_os_choose_kernel(const struct rom_os *os, struct pbf_reason *why);

/* Drops an os_prefix that does not count. */
int rom_os_settle_prefix(const struct rom_os *os, struct pbf_reason *why);

/*
 * That, and decides on the kernel where that is done before anything is
 * loaded.
 */
int rom_os_settle_kernel(const struct rom_os *os, struct pbf_reason *why);

/* The kernel itself, the last of all. */
int rom_os_load_kernel(const struct rom_os *os, struct pbf_reason *why);

/* --- rom_os_files.c --- */

/* Each loads one kind of file for os->boot; none of them is needed. */
int rom_os_load_initramfs(const struct rom_os *os, struct pbf_reason *why);
int rom_os_load_device_tree(const struct rom_os *os, struct pbf_reason *why);
int rom_os_load_overlays(const struct rom_os *os, struct pbf_reason *why);
int rom_os_load_cmdline(const struct rom_os *os, struct pbf_reason *why);

#endif
