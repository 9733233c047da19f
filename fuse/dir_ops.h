/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories: OPENDIR, READDIR, RELEASEDIR. */
#ifndef PIBOOTFS_DIR_OPS_H
#define PIBOOTFS_DIR_OPS_H

#include <fuse_lowlevel.h>

void dir_ops_opendir(fuse_req_t fuse, fuse_ino_t inode,
		     struct fuse_file_info *file);
void dir_ops_readdir(fuse_req_t fuse, fuse_ino_t inode, size_t size,
		     off_t offset, struct fuse_file_info *file);
void dir_ops_releasedir(fuse_req_t fuse, fuse_ino_t inode,
			struct fuse_file_info *file);

#endif
