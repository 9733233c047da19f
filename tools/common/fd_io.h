/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing, all of it or an error: calls that are interrupted or
 * give less go on.
 */
#ifndef TOOLS_FD_IO_H
#define TOOLS_FD_IO_H

#include <stddef.h>
#include <stdint.h>

/* 0, -ENODATA when the file ends before, or the negative errno of pread(2). */
int fd_read_at(int fd, uint64_t offset_bytes, void *buffer, size_t length);

/* 0 or the negative errno of pwrite(2); part of it may have been written. */
int fd_write_at(int fd, uint64_t offset_bytes, const void *buffer,
		size_t length);

/* The same by write(2), where the file stands; it may be a pipe. */
int fd_write_all(int fd, const void *buffer, size_t length);

/*
 * Writes all of FROM_FD to TO_FD, from the beginning of both.  0, -ENOMEM or
 * the negative errno of reading or writing.
 */
int fd_copy_all(int from_fd, int to_fd);

#endif
