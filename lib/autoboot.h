/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoboot.txt, with which the first FAT partition of a Raspberry Pi image
 * sends the bootloader to another one (raspberrypi/documentation,
 * config_txt/autoboot.adoc).  Boards do not ask for it over TFTP, so the
 * server has to follow it.
 */
#ifndef PBF_AUTOBOOT_H
#define PBF_AUTOBOOT_H

#include <stdbool.h>
#include <stddef.h>

/* The bootloader reads no more of it. */
#define PBF_AUTOBOOT_BYTES_MAX 512u

/* Of a line that comes more than once, the last counts. */
struct pbf_autoboot {
	/*
	 * The boot_partition of every boot, under [all] or before any section,
	 * and the one under [tryboot].  0: none.
	 */
	unsigned int partition;
	unsigned int tryboot_partition;
	/*
	 * A boot in tryboot mode reads config.txt, not tryboot.txt: said under
	 * [tryboot] or where it is said for every boot.
	 */
	bool tryboot_a_b;
};

struct pbf_autoboot pbf_autoboot_parse(const char *text, size_t length);

#endif
