/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What people have at hand to say which board is meant, and the directory
 * name that it asks for (board_name.h).
 */
#ifndef PREP_BOARD_ID_H
#define PREP_BOARD_ID_H

#include <stddef.h>

#include "board_name.h"
#include "reason.h"

/*
 * The directory of the board whose serial number this text says: 8 or 16 hex
 * digits in either case; a number with 0x before it, as old kernels and
 * config.txt write it, without leading zeroes; or a text with a line such as
 *
 *	Serial		: 1000000089025d75
 *
 * which is a pi-ident.txt made by `grep Serial /proc/cpuinfo`, or all of
 * /proc/cpuinfo.  -EINVAL for anything else, and for a text with lines that
 * name different boards; then WHY says what is wrong.
 */
int prep_board_from_serial(const char *text, size_t length,
			   char ret_key[PBF_BOARD_KEY_BYTES],
			   struct pbf_reason *why);

/*
 * The directory of the board with this hardware address, dc:a6:32:01:36:c2 or
 * dc-a6-32-01-36-c2 in either case: a board asks for it with dashes and in
 * lower case when its EEPROM says TFTP_PREFIX=2 (raspberrypi/documentation,
 * eeprom-bootloader.adoc).  -EINVAL for anything else.
 */
int prep_board_from_mac(const char *text, char ret_key[PBF_BOARD_KEY_BYTES],
			struct pbf_reason *why);

#endif
