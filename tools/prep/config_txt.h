/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.txt, in which the Raspberry Pi's firmware is told what to load, read
 * as the firmware reads it for one board (raspberrypi/documentation,
 * config_txt/{what_is_config_txt,conditional,boot}.adoc): a line is a setting,
 * the last one counts, and [filters] say for which boards the lines after
 * them are.
 */
#ifndef PREP_CONFIG_TXT_H
#define PREP_CONFIG_TXT_H

#include <stdbool.h>
#include <stddef.h>

#include "pi_board.h"
#include "reason.h"

/* The firmware ignores what a line has beyond this (what_is_config_txt). */
#define PREP_CONFIG_LINE_MAX 98u
#define PREP_CONFIG_VALUE_BYTES (PREP_CONFIG_LINE_MAX + 1u)
#define PREP_CONFIG_PATH_BYTES (2u * PREP_CONFIG_LINE_MAX + 1u)

/*
 * Over the network a Pi 4 ignores what config.txt has beyond this
 * (github.com/raspberrypi/firmware issues 1012 and 1575).
 */
#define PREP_CONFIG_NETBOOT_BYTES 4096u

/*
 * With all that it includes it is not longer, counted as often as that is
 * included; what it may be over the network is much less.
 */
#define PREP_CONFIG_BYTES_MAX (256u << 10)

/* A board's serial number, as pbf_board_key() makes it, with the NUL. */
#define PREP_CONFIG_SERIAL_BYTES 9u

/* For whom config.txt is read. */
struct prep_config_reader {
	/* NULL: for no board in particular, so only what is for all of them. */
	const struct prep_pi_board *board;
	/* 8 hex digits, as pbf_board_key() makes them; NULL: unknown. */
	const char *serial;
	/* Whether it is the one boot after `reboot "0 tryboot"`. */
	bool is_tryboot;
};

/* A file and its content; both are borrowed. */
struct prep_config_file {
	const char *name;
	const char *text;
	size_t length;
};

/*
 * What is going to be loaded.  Names are as they are written: with
 * prep_config_path() they become paths.  "" where there is none.
 */
struct prep_config {
	/*
	 * Goes before the names of kernel, initramfs, cmdline, device tree
	 * and overlays.  The firmware drops it unless kernel and device tree
	 * exist beneath it, and overlays have it only if
	 * ${os_prefix}${overlay_prefix}README exists (boot.adoc, os_prefix).
	 */
	char os_prefix[PREP_CONFIG_VALUE_BYTES];
	char overlay_prefix[PREP_CONFIG_VALUE_BYTES]; /* "overlays/" */
	/* As said, or the default; and what is tried if that is not there. */
	char kernel[PREP_CONFIG_VALUE_BYTES];
	char kernel_fallback[PREP_CONFIG_VALUE_BYTES];
	/*
	 * One or more, with commas between, of an "initramfs" line or a
	 * "ramfsfile=".  With auto_initramfs=1 and none of those, the one that
	 * belongs to KERNEL; it is no error when that does not exist.
	 */
	char initramfs[PREP_CONFIG_VALUE_BYTES];
	bool is_auto_initramfs;
	char cmdline[PREP_CONFIG_VALUE_BYTES]; /* "cmdline.txt" */
	/*
	 * "" when it is not said and the default is not known, as for no board
	 * in particular.
	 */
	char device_tree[PREP_CONFIG_VALUE_BYTES];
	bool is_64bit;
	/*
	 * The name of a file that is included, and is not among those given:
	 * then nothing else here is final.
	 */
	char missing_include[PREP_CONFIG_VALUE_BYTES];
};

/*
 * Reads FILES[0] for READER.  Where it has an "include NAME" that applies, the
 * text of the file of that name among FILES is read in its place; if there is
 * none, the caller reads that file (from the top of the boot partition; if
 * there is none, it is empty) and calls again.  -EUCLEAN for includes without
 * end, and beyond the limit above.
 *
 * A filter that nothing is known of here, such as the state of a pin or the
 * monitor, does not apply.
 */
int prep_config_parse(const struct prep_config_file *files, size_t file_count,
		      const struct prep_config_reader *reader,
		      struct prep_config *ret_config, struct pbf_reason *why);

#define PREP_CONFIG_SERIALS_MAX 64u

/* Boards that are told apart by their serial numbers. */
struct prep_config_serials {
	char items[PREP_CONFIG_SERIALS_MAX][PREP_CONFIG_SERIAL_BYTES];
	size_t count;
};

/*
 * Adds those that FILE has a [0x...] section for and SERIALS has not.
 * -EUCLEAN for too many.
 */
int prep_config_add_serials(const struct prep_config_file *file,
			    struct prep_config_serials *serials,
			    struct pbf_reason *why);

/*
 * Where on the boot partition NAME is, which is one of CONFIG's: with the
 * prefix, or if it begins with a slash without that and without prefix.
 */
void prep_config_path(const struct prep_config *config, const char *name,
		      char ret_path[PREP_CONFIG_PATH_BYTES]);

/*
 * The path of the initramfs number INDEX, from 0; false past the last.  All
 * of them are put together, in this order.
 */
bool prep_config_initramfs(const struct prep_config *config, size_t index,
			   char ret_path[PREP_CONFIG_PATH_BYTES]);

/*
 * What auto_initramfs=1 looks for beside KERNEL: initramfs8 for kernel8.img,
 * initramfs_2712 for kernel_2712.img; "" for a kernel of another name.
 * (raspberrypi/rpi-eeprom, release notes of 2025-05-08: the kernel's name is
 * the only rule.)
 */
void prep_config_auto_initramfs(const char *kernel,
				char ret_initramfs[PREP_CONFIG_VALUE_BYTES]);

#endif
