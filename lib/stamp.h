/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What proves that a file has not changed.  A file's ctime is set before the
 * data of a write is copied (ext4_buffered_write_iter(), xfs, btrfs alike), so
 * equal time stamps around a read prove something only when they were already
 * old: a stamp is *settled* when its ctime lies PBF_SETTLED_MS in the past.
 * Block devices and network file systems have no stamp that proves anything.
 */
#ifndef PBF_STAMP_H
#define PBF_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Longer than any one write call takes on storage that works. */
#define PBF_SETTLED_MS 2000

struct pbf_stamp {
	dev_t device;
	ino_t inode;
	uint64_t size_bytes;
	int64_t mtime_ns;
	int64_t ctime_ns;
	/* Whether the file system keeps stamps that can prove anything. */
	bool provable;
	/* Whether ctime was PBF_SETTLED_MS old when the stamp was taken. */
	bool settled;
};

/* Takes the stamp of an open file; 0 or negative errno from fstat(2). */
int pbf_stamp_of_descriptor(int fd, struct pbf_stamp *ret_stamp);

/*
 * The stamp that stat(2) has just told.  It is never `provable` by itself, so
 * compare it with one of a descriptor.
 */
void pbf_stamp_of_stat(const struct stat *stat, struct pbf_stamp *ret_stamp);

/*
 * The same of the file that NAME in DIRECTORY_FD leads to, symbolic links
 * followed.  0 or negative errno from fstatat(2).
 */
int pbf_stamp_of_path(int directory_fd, const char *name,
		      struct pbf_stamp *ret_stamp);

/* Whether both were taken of the same file with the same size and times. */
bool pbf_stamp_equal(const struct pbf_stamp *a, const struct pbf_stamp *b);

/*
 * Whether nothing was written between the two: they are equal, and the earlier
 * one was settled when it was taken.
 */
bool pbf_stamp_proves(const struct pbf_stamp *before,
		      const struct pbf_stamp *after);

#endif
