/* SPDX-License-Identifier: BSD-2-Clause */
#include "pi_board.h"

#include <stdlib.h>
#include <string.h>

#define TYPE_FILTER "board-type="

static const struct prep_pi_board boards[] = {
	{ "pi0", { "pi0" }, 0x09, PREP_PI_KERNEL_V6, "bcm2708-rpi-zero.dtb" },
	{ "pi0w",
	  { "pi0w", "pi0" },
	  0x0c,
	  PREP_PI_KERNEL_V6,
	  "bcm2708-rpi-zero-w.dtb" },
	{ "pi02",
	  { "pi02", "pi0w", "pi0" },
	  0x12,
	  PREP_PI_KERNEL_V7,
	  "bcm2710-rpi-zero-2-w.dtb" },
	/* A, B, A+ and B+. */
	{ "pi1", { "pi1" }, -1, PREP_PI_KERNEL_V6, NULL },
	{ "cm1",
	  { "cm1", "pi1" },
	  0x06,
	  PREP_PI_KERNEL_V6,
	  "bcm2708-rpi-cm.dtb" },
	/* Of two makes, with BCM2836 and BCM2837. */
	{ "pi2", { "pi2" }, 0x04, PREP_PI_KERNEL_V7, NULL },
	{ "pi3", { "pi3" }, 0x08, PREP_PI_KERNEL_V7, "bcm2710-rpi-3-b.dtb" },
	{ "pi3+",
	  { "pi3+", "pi3" },
	  0x0d,
	  PREP_PI_KERNEL_V7,
	  "bcm2710-rpi-3-b-plus.dtb" },
	{ "cm3",
	  { "cm3", "pi3" },
	  0x0a,
	  PREP_PI_KERNEL_V7,
	  "bcm2710-rpi-cm3.dtb" },
	{ "cm3+",
	  { "cm3+", "pi3+", "pi3" },
	  0x10,
	  PREP_PI_KERNEL_V7,
	  "bcm2710-rpi-cm3.dtb" },
	{ "pi4", { "pi4" }, 0x11, PREP_PI_KERNEL_V7L, "bcm2711-rpi-4-b.dtb" },
	{ "pi400",
	  { "pi400", "pi4" },
	  0x13,
	  PREP_PI_KERNEL_V7L,
	  "bcm2711-rpi-400.dtb" },
	{ "cm4",
	  { "cm4", "pi4" },
	  0x14,
	  PREP_PI_KERNEL_V7L,
	  "bcm2711-rpi-cm4.dtb" },
	{ "cm4s",
	  { "cm4s", "pi4" },
	  0x15,
	  PREP_PI_KERNEL_V7L,
	  "bcm2711-rpi-cm4s.dtb" },
	{ "pi5", { "pi5" }, 0x17, PREP_PI_KERNEL_2712, "bcm2712-rpi-5-b.dtb" },
	{ "pi500",
	  { "pi500", "pi5" },
	  0x19,
	  PREP_PI_KERNEL_2712,
	  "bcm2712-rpi-500.dtb" },
	/* With and without eMMC, on one carrier board or another. */
	{ "cm5", { "cm5", "pi5" }, -1, PREP_PI_KERNEL_2712, NULL },
};

#define BOARD_COUNT (sizeof(boards) / sizeof(boards[0]))

const struct prep_pi_board *prep_pi_board_find(const char *name)
{
	for (size_t i = 0; i < BOARD_COUNT; i++)
		if (strcmp(boards[i].name, name) == 0)
			return &boards[i];
	return NULL;
}

const struct prep_pi_board *prep_pi_board_at(size_t index)
{
	return index < BOARD_COUNT ? &boards[index] : NULL;
}

bool prep_pi_board_filter(const struct prep_pi_board *board, const char *filter,
			  bool *ret_sees)
{
	bool sees = false;

	if (strncmp(filter, TYPE_FILTER, strlen(TYPE_FILTER)) == 0) {
		const char *number = filter + strlen(TYPE_FILTER);
		unsigned long type = strtoul(number, NULL, 0);

		*ret_sees = board && board->type >= 0 &&
			    type == (unsigned long)board->type;
		return true;
	}
	if (strncmp(filter, "pi", 2) != 0 && strncmp(filter, "cm", 2) != 0)
		return false;
	if (filter[2] < '0' || filter[2] > '9')
		return false;
	for (size_t i = 0; board && i < PREP_PI_FILTERS_MAX; i++)
		if (board->filters[i] && strcmp(board->filters[i], filter) == 0)
			sees = true;
	*ret_sees = sees;
	return true;
}
