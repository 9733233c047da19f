/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names boards ask for.  A Pi asks for the low half of its serial number,
 * 8 hex digits in lower case, or (TFTP_PREFIX=2) for its MAC address with
 * dashes; people write serials with 16 digits and in upper case as well.
 */
#ifndef PBF_BOARD_NAME_H
#define PBF_BOARD_NAME_H

#include <stdbool.h>

/* "xx-xx-xx-xx-xx-xx" and a NUL */
#define PBF_BOARD_KEY_BYTES 18u

/*
 * Whether NAME is a serial of 8 or 16 hex digits or a MAC address; if so
 * RET_KEY is the form a board asks for.  Names with equal keys mean the same
 * board.
 */
bool pbf_board_key(const char *name, char ret_key[PBF_BOARD_KEY_BYTES]);

#endif
