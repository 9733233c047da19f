/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: OPEN, READ, RELEASE, and taking the snapshots behind them. */
#ifndef PIBOOTFS_FILE_OPS_H
#define PIBOOTFS_FILE_OPS_H

#include <fuse_lowlevel.h>

#include "version.h"

/* struct pbf_version_shared's; CONTEXT is the server. */
int file_ops_start_capture(void *context, struct pbf_version *version);

void file_ops_open(fuse_req_t fuse, fuse_ino_t inode,
		   struct fuse_file_info *file);
void file_ops_read(fuse_req_t fuse, fuse_ino_t inode, size_t size, off_t offset,
		   struct fuse_file_info *file);
void file_ops_release(fuse_req_t fuse, fuse_ino_t inode,
		      struct fuse_file_info *file);

#endif
