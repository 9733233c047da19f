/* SPDX-License-Identifier: BSD-2-Clause */
#include "stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <time.h>

#define XFS_SUPER_MAGIC_ 0x58465342 /* absent from older linux/magic.h */

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* File systems that stamp every write on this host and only on this host. */
static bool keeps_honest_stamps(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	return fs.f_type == EXT4_SUPER_MAGIC || fs.f_type == XFS_SUPER_MAGIC_ ||
	       fs.f_type == BTRFS_SUPER_MAGIC || fs.f_type == TMPFS_MAGIC ||
	       fs.f_type == F2FS_SUPER_MAGIC;
}

void pbf_stamp_of_stat(const struct stat *stat, struct pbf_stamp *ret_stamp)
{
	struct timespec now;
	int64_t age_ns;

	/* The clock the kernel stamps with; never ahead of it. */
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	age_ns = nanoseconds(now) - nanoseconds(stat->st_ctim);
	*ret_stamp = (struct pbf_stamp){
		.device = stat->st_dev,
		.inode = stat->st_ino,
		.size_bytes = (uint64_t)stat->st_size,
		.mtime_ns = nanoseconds(stat->st_mtim),
		.ctime_ns = nanoseconds(stat->st_ctim),
		.settled = age_ns >= (int64_t)PBF_SETTLED_MS * 1000000,
	};
}

int pbf_stamp_of_descriptor(int fd, struct pbf_stamp *ret_stamp)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	pbf_stamp_of_stat(&st, ret_stamp);
	ret_stamp->provable = (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) &&
			      keeps_honest_stamps(fd);
	return 0;
}

int pbf_stamp_of_path(int directory_fd, const char *name,
		      struct pbf_stamp *ret_stamp)
{
	struct stat st;

	if (fstatat(directory_fd, name, &st, 0) < 0)
		return -errno;
	pbf_stamp_of_stat(&st, ret_stamp);
	return 0;
}

bool pbf_stamp_equal(const struct pbf_stamp *a, const struct pbf_stamp *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size_bytes == b->size_bytes && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns;
}

bool pbf_stamp_proves(const struct pbf_stamp *before,
		      const struct pbf_stamp *after)
{
	return before->provable && before->settled &&
	       pbf_stamp_equal(before, after);
}
