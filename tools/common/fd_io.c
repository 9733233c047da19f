/* SPDX-License-Identifier: BSD-2-Clause */
#include "fd_io.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"

#define CHUNK_BYTES (1u << 20)

int fd_read_at(int fd, uint64_t offset_bytes, void *buffer, size_t length)
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

int fd_write_at(int fd, uint64_t offset_bytes, const void *buffer,
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

int fd_copy_all(int from_fd, int to_fd)
{
	_cleanup_free_ unsigned char *buffer = malloc(CHUNK_BYTES);
	uint64_t done = 0;
	ssize_t n;
	int error = 0;

	if (!buffer)
		return -ENOMEM;
	do {
		n = pread(from_fd, buffer, CHUNK_BYTES, (off_t)done);
		if (n < 0 && errno != EINTR)
			error = -errno;
		if (n > 0)
			error = fd_write_at(to_fd, done, buffer, (size_t)n);
		if (n > 0)
			done += (uint64_t)n;
	} while (error == 0 && n != 0);
	return error;
}

int fd_write_all(int fd, const void *buffer, size_t length)
{
	const unsigned char *position = buffer;

	while (length > 0) {
		ssize_t n = write(fd, position, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		position += n;
		length -= (size_t)n;
	}
	return 0;
}
