/* SPDX-License-Identifier: BSD-2-Clause */
#include "undo_warn.h"

#include "cleanup.h"
#include "say.h"
#include "undo_path.h"

void undo_warn(const char *path)
{
	_cleanup_free_ char *undo = undo_find(path);

	if (undo)
		say("%s: warning: %s is there, so that " UNDO_MEANING, path,
		    undo);
}
