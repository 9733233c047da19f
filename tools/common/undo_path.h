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

/*
 * The path of the undo file beside the image that PATH leads to; NULL when
 * there is none.  The caller frees it.
 */
char *undo_find(const char *path);

bool undo_is_pending(const char *path);

/* What follows from there being one. */
#define UNDO_MEANING                                                         \
	"the image may be half changed: pibootfs-prep is writing to it, or " \
	"was cut off, and will put it back when it is run on it again"

#endif
