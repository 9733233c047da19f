/* SPDX-License-Identifier: BSD-2-Clause */
#include "fd_io.h"

#include <errno.h>
#include <unistd.h>

int prep_read_at(int fd, uint64_t offset_bytes, void *buffer, size_t length)
{
	unsigned char *position = buffer;

	while (length > 0) {
		ssize_t n = pread(fd, position, length, (off_t)offset_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		position += n;
		offset_bytes += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

int prep_write_at(int fd, uint64_t offset_bytes, const void *buffer,
		  size_t length)
{
	const unsigned char *position = buffer;

	while (length > 0) {
		ssize_t n = pwrite(fd, position, length, (off_t)offset_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		position += n;
		offset_bytes += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}
