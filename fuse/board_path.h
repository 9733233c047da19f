/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths of the mounted tree as nodes have them: "BOARD" for a board's
 * directory, "BOARD/PATH" for one inside its boot volume.
 */
#ifndef PIBOOTFS_BOARD_PATH_H
#define PIBOOTFS_BOARD_PATH_H

#include "catalog.h"

/* What comes after the board's name: a path in its volume, "" for the root. */
const char *board_path_in_volume(const char *path);

/* Finds the board of PATH as the image directory has it: pbf_catalog_find(). */
int board_path_find(struct pbf_catalog *catalog, const char *path,
		    enum pbf_reach reach, struct pbf_board *ret_board);

/* PATH/NAME, or NAME when PATH is ""; the caller frees it.  NULL: no memory. */
char *board_path_join(const char *path, const char *name);

#endif
