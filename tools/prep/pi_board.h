/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The models of Raspberry Pi: which filters of a config.txt they see, and what
 * they load when it does not say (raspberrypi/documentation,
 * config_txt/conditional.adoc and boot.adoc, revision-codes.adoc).
 */
#ifndef PREP_PI_BOARD_H
#define PREP_PI_BOARD_H

#include <stdbool.h>
#include <stddef.h>

/* Which boot code, and so which kernels. */
enum prep_pi_kernel {
	PREP_PI_KERNEL_V6,   /* kernel.img */
	PREP_PI_KERNEL_V7,   /* kernel7.img, or kernel8.img if told */
	PREP_PI_KERNEL_V7L,  /* kernel8.img, or kernel7l.img if told */
	PREP_PI_KERNEL_2712, /* kernel_2712.img, else kernel8.img */
};

#define PREP_PI_FILTERS_MAX 3u

struct prep_pi_board {
	/* The narrowest of its filters: "pi4", "cm4", "pi3+". */
	const char *name;
	/* All it sees; unused ones are NULL. */
	const char *filters[PREP_PI_FILTERS_MAX];
	/* For [board-type=0x11]; -1 where several share a row. */
	int type;
	enum prep_pi_kernel kernel;
	/* NULL where it depends on more than the model. */
	const char *device_tree;
};

/* The board of that name; NULL for none. */
const struct prep_pi_board *prep_pi_board_find(const char *name);

/* The board number INDEX, from 0; NULL past the last. */
const struct prep_pi_board *prep_pi_board_at(size_t index);

/*
 * Whether FILTER is a filter of models, such as "pi5", known here or not; then
 * *RET_SEES says whether BOARD, which may be NULL, sees what is after it.
 */
bool prep_pi_board_filter(const struct prep_pi_board *board, const char *filter,
			  bool *ret_sees);

#endif
