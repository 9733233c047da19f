/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way from power-on to a kernel, for the three generations of boards that
 * boot from the network: what their boot code asks for, in which order, and
 * what it does without.
 *
 * What is known comes from logs, and is named here for all of it:
 *   Pi 3   raspberrypi/firmware issues 754, 937, 1041, 1292, 1362, 1605, 1700
 *          and 1913, and the table in PexMor/raspi-netboot
 *   Pi 4   raspberrypi/rpi-eeprom issues 74, 87 and 375 and its release notes
 *          (firmware-2711), raspberrypi/firmware issues 1012 and 1575,
 *          raspberrypi/cmprovision issue 5, and nobodd's explanation of
 *          netboot
 *   Pi 5   raspberrypi/rpi-eeprom issues 720, 857 and 881; the order of a boot
 *          with initramfs and overlays from logs of boots from disks:
 *          raspberrypi/firmware issue 1955, raspberrypi/linux issue 7319,
 *          NumberOneGit/rpi5-uefi issue 8
 * and from raspberrypi/documentation.  Where a comment says "supposed", none
 * of them tells.
 */
#ifndef ROM_BOOT_H
#define ROM_BOOT_H

#include "pi_board.h"
#include "rom_session.h"

#define _cleanup_boot_ _cleanup_(rom_boot_free)

struct rom_machine {
	const struct prep_pi_board *board;
	const char *serial;   /* 8 hex digits */
	unsigned int blksize; /* that a Pi 4 asks for */
};

/* What is handed to the kernel, and it.  No bytes where there is none. */
struct rom_boot {
	struct rom_file kernel;
	struct rom_file initramfs; /* all of them, one behind the other */
	struct rom_file device_tree;
	struct rom_file cmdline;
};

/* Whether this board can boot from the network at all. */
bool rom_can_boot(const struct prep_pi_board *board);

/* Whether a setting in its EEPROM can give it another prefix. */
bool rom_has_eeprom(const struct prep_pi_board *board);

/*
 * Boots MACHINE: SESSION's prefix is that of its files, and is dropped where
 * the boot code drops it.  RET_BOOT is for rom_boot_free().  -ENOENT when
 * something is missing without which there is no boot, and the errors of
 * rom_read().
 */
int rom_boot(struct rom_session *session, const struct rom_machine *machine,
	     struct rom_boot *ret_boot, struct pbf_reason *why);

void rom_boot_free(struct rom_boot *boot);

#endif
