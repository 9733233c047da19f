/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoboot.txt, with which the first FAT partition of a Raspberry Pi image
 * sends the bootloader to another one (raspberrypi/documentation,
 * config_txt/autoboot.adoc).  Boards do not ask for it over TFTP, so the
 * server has to follow it.
 */
#ifndef PBF_AUTOBOOT_H
#define PBF_AUTOBOOT_H

#include <stddef.h>

/* The bootloader reads no more of it. */
#define PBF_AUTOBOOT_BYTES_MAX 512u

/*
 * The boot_partition that applies to every boot: under [all] or before any
 * section, the last one if there are several.  0 when there is none.
 */
unsigned int pbf_autoboot_partition(const char *text, size_t length);

#endif
