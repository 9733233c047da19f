/* SPDX-License-Identifier: BSD-2-Clause */
#include "undo_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cleanup.h"

char *undo_path_of(const char *resolved)
{
	char *path;

	return asprintf(&path, "%s" UNDO_SUFFIX, resolved) < 0 ? NULL : path;
}

char *undo_find(const char *path)
{
	_cleanup_free_ char *resolved = realpath(path, NULL);
	char *undo = resolved ? undo_path_of(resolved) : NULL;
	struct stat st;

	if (undo && lstat(undo, &st) == 0)
		return undo;
	free(undo);
	return NULL;
}

bool undo_is_pending(const char *path)
{
	_cleanup_free_ char *undo = undo_find(path);

	return undo;
}
