/* SPDX-License-Identifier: BSD-2-Clause */
/* From names to numbers: LOOKUP. */
#ifndef PIBOOTFS_LOOKUP_OPS_H
#define PIBOOTFS_LOOKUP_OPS_H

#include <fuse_lowlevel.h>

void lookup_ops_lookup(fuse_req_t fuse, fuse_ino_t parent, const char *name);

#endif
