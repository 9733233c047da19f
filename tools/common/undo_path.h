/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The undo file beside an image, which is there while pibootfs-prep writes to
 * the image, or after that was cut off: then the image may be half changed.
 */
#ifndef TOOLS_UNDO_PATH_H
#define TOOLS_UNDO_PATH_H

#include <stdbool.h>

#define UNDO_SUFFIX ".undo"

/*
 * The path of the undo file of the image at RESOLVED, which is no link.  NULL
 * without memory; the caller frees it.
 */
char *undo_path_of(const char *resolved);

/* Whether there is one beside the image that PATH leads to. */
bool undo_is_pending(const char *path);

#endif
