/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the kernel, the initrd and the cmdline.txt that go together on a
 * boot partition do so in fact: whether a board that loads them gets as far as
 * its root disk over NBD, and whether its boot loader can load them at all.
 */
#ifndef PREP_BOOT_SYSTEM_H
#define PREP_BOOT_SYSTEM_H

#include <stdbool.h>

#include "boot_initrd.h"
#include "cmdline_check.h"
#include "config_txt.h"
#include "findings.h"

/* What is loaded, all of it there, and by which kinds of boot loader. */
struct prep_boot_system {
	const struct prep_config *config;
	bool is_for_pi3; /* or older: blocks of 512 bytes */
	bool is_for_pi4;
	bool is_for_pi5;
};

/*
 * The largest files that TFTP with blocks of so many bytes loads, as the
 * number of a block has 16 bits; boot loaders since 2025-09-23 begin again at
 * 0 (raspberrypi/rpi-eeprom, release notes, and its issues 375 and 720).
 */
#define PREP_TFTP_512_BYTES_MAX 33553920u
#define PREP_TFTP_1024_BYTES_MAX 67107840u
#define PREP_TFTP_1468_BYTES_MAX 96205380u

/* -ENOMEM, -ECANCELED; whatever else goes wrong is a finding. */
int prep_boot_system_look(struct prep_boot_initrds *initrds,
			  const struct prep_boot_system *system,
			  const struct prep_boot_disk *disk,
			  struct prep_findings *findings);

#endif
