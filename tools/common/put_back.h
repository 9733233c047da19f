/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For programs that only read: an image that pibootfs-prep was cut off writing
 * to is put back first, as a file system's journal is replayed before it is
 * read.
 */
#ifndef TOOLS_PUT_BACK_H
#define TOOLS_PUT_BACK_H

#include <stdbool.h>

/*
 * Puts back the image that PATH leads to, if it has an undo file, and says so.
 * False when it still has one, as when there is no right to write or somebody
 * is working on it: then it may be half changed, which is said with the reason.
 */
bool put_back_image(const char *path);

#endif
