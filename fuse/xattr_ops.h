/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes for the curious: which image, partition, FAT type and
 * label a directory shows, and the digest of a file once it was photographed.
 */
#ifndef PIBOOTFS_XATTR_OPS_H
#define PIBOOTFS_XATTR_OPS_H

#include <fuse_lowlevel.h>

void xattr_ops_get(fuse_req_t fuse, fuse_ino_t inode, const char *name,
		   size_t size);
void xattr_ops_list(fuse_req_t fuse, fuse_ino_t inode, size_t size);

#endif
