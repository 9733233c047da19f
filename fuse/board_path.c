/* SPDX-License-Identifier: BSD-2-Clause */
#include "board_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *board_path_in_volume(const char *path)
{
	const char *slash = strchr(path, '/');

	return slash ? slash + 1 : "";
}

int board_path_find(struct pbf_catalog *catalog, const char *path,
		    enum pbf_reach reach, struct pbf_board *ret_board)
{
	char board[PBF_ENTRY_BYTES];
	size_t length = strcspn(path, "/");

	if (length >= sizeof(board))
		return -ENOENT;
	memcpy(board, path, length);
	board[length] = '\0';
	return pbf_catalog_find(catalog, board, reach, ret_board);
}

char *board_path_join(const char *path, const char *name)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", path, path[0] ? "/" : "", name) < 0)
		return NULL;
	return joined;
}
