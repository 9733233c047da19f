/* SPDX-License-Identifier: BSD-2-Clause */
/* For programs that only look: an undo file is told of, and left alone. */
#ifndef TOOLS_UNDO_WARN_H
#define TOOLS_UNDO_WARN_H

/* Warns when there is an undo file beside the image that PATH leads to. */
void undo_warn(const char *path);

#endif
