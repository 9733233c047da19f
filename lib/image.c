/* SPDX-License-Identifier: BSD-2-Clause */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "checked.h"

/* Meets the alignment O_DIRECT asks for on every device in use. */
#define DIRECT_ALIGNMENT 4096u
/* One direct read; aligned, and a multiple of DIRECT_ALIGNMENT. */
#define DIRECT_CHUNK (1u << 20)

struct pbf_image {
	int fd;
	bool direct;
	uint32_t sector_bytes;
	uint64_t size_bytes;
	int64_t give_up_at_ms;
	struct pbf_stamp stamp;
};

int64_t pbf_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pbf_pause_ms(long milliseconds)
{
	struct timespec duration = { .tv_nsec = milliseconds * 1000000L };

	while (nanosleep(&duration, &duration) < 0 && errno == EINTR)
		;
}

static int make_direct(struct pbf_image *image, struct pbf_reason *why)
{
	int sector_bytes = 0;
	uint64_t size_bytes = 0;
	int flags = fcntl(image->fd, F_GETFL);

	if (ioctl(image->fd, BLKGETSIZE64, &size_bytes) < 0 ||
	    ioctl(image->fd, BLKSSZGET, &sector_bytes) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "block device does not tell its size: %s",
				  strerror(errno));
	if (flags < 0 || fcntl(image->fd, F_SETFL, flags | O_DIRECT) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "block device cannot be read directly: %s",
				  strerror(errno));
	image->direct = true;
	image->size_bytes = size_bytes;
	image->sector_bytes = (uint32_t)sector_bytes;
	return 0;
}

int pbf_image_open(int directory_fd, const char *name,
		   struct pbf_image **ret_image, struct pbf_reason *why)
{
	/* O_NONBLOCK: opening a FIFO by mistake must not wait for a writer. */
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	_cleanup_image_ struct pbf_image *image = calloc(1, sizeof(*image));
	struct stat st;
	int error;

	if (!image)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	image->fd = openat(directory_fd, name, flags);
	if (image->fd < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "cannot be opened: %s", strerror(errno));
	if (fstat(image->fd, &st) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "cannot be examined: %s", strerror(errno));
	if (S_ISBLK(st.st_mode)) {
		error = make_direct(image, why);
		if (error < 0)
			return error;
	} else if (S_ISREG(st.st_mode)) {
		image->size_bytes = (uint64_t)st.st_size;
	} else {
		return pbf_refuse(why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
				  "neither a regular file nor a block device");
	}
	error = pbf_stamp_of_descriptor(image->fd, &image->stamp);
	if (error < 0)
		return error;
	*ret_image = image;
	image = NULL;
	return 0;
}

void pbf_image_free(struct pbf_image *image)
{
	if (!image)
		return;
	if (image->fd >= 0)
		close(image->fd);
	free(image);
}

void pbf_image_give_up_at(struct pbf_image *image, int64_t monotonic_ms)
{
	image->give_up_at_ms = monotonic_ms;
}

/* Reads up to LENGTH bytes into an area that meets the fd's alignment. */
static int read_fully(struct pbf_image *image, uint64_t offset_bytes,
		      unsigned char *buffer, size_t length, size_t needed,
		      struct pbf_reason *why)
{
	size_t done = 0;

	while (done < needed) {
		ssize_t n = pread(image->fd, buffer + done, length - done,
				  (off_t)(offset_bytes + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pbf_refuse(why, -EIO, offset_bytes + done,
					  "reading failed: %s",
					  strerror(errno));
		if (n == 0)
			return pbf_refuse(why, -EIO, offset_bytes + done,
					  "image was truncated here");
		done += (size_t)n;
	}
	return 0;
}

static int read_direct(struct pbf_image *image, uint64_t offset_bytes,
		       unsigned char *buffer, size_t length,
		       struct pbf_reason *why)
{
	_cleanup_free_ void *bounce = NULL;
	size_t bounce_bytes = DIRECT_CHUNK;

	if (length + 2 * DIRECT_ALIGNMENT < bounce_bytes)
		bounce_bytes = (length + 2 * DIRECT_ALIGNMENT) /
			       DIRECT_ALIGNMENT * DIRECT_ALIGNMENT;
	if (posix_memalign(&bounce, DIRECT_ALIGNMENT, bounce_bytes) != 0)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	while (length > 0) {
		uint64_t start =
			offset_bytes / DIRECT_ALIGNMENT * DIRECT_ALIGNMENT;
		size_t skip = (size_t)(offset_bytes - start);
		size_t part = bounce_bytes - skip;
		int error;

		if (part > length)
			part = length;
		/* Asking to the aligned end; the device's end may come first.
		 */
		error = read_fully(
			image, start, bounce,
			(size_t)div_round_up(skip + part, DIRECT_ALIGNMENT) *
				DIRECT_ALIGNMENT,
			skip + part, why);
		if (error < 0)
			return error;
		memcpy(buffer, (unsigned char *)bounce + skip, part);
		buffer += part;
		offset_bytes += part;
		length -= part;
	}
	return 0;
}

int pbf_image_read(struct pbf_image *image, uint64_t offset_bytes, void *buffer,
		   size_t length, struct pbf_reason *why)
{
	uint64_t end_bytes;

	if (!checked_add(offset_bytes, length, &end_bytes) ||
	    end_bytes > image->size_bytes)
		return pbf_refuse(why, -EIO, offset_bytes,
				  "lies beyond the end of the image, "
				  "which has %llu bytes",
				  (unsigned long long)image->size_bytes);
	if (image->give_up_at_ms && pbf_monotonic_ms() > image->give_up_at_ms)
		return pbf_refuse(why, -ETIMEDOUT, offset_bytes,
				  "reading took too long");
	if (image->direct)
		return read_direct(image, offset_bytes, buffer, length, why);
	return read_fully(image, offset_bytes, buffer, length, length, why);
}

uint64_t pbf_image_size_bytes(const struct pbf_image *image)
{
	return image->size_bytes;
}

uint32_t pbf_image_sector_bytes(const struct pbf_image *image)
{
	return image->sector_bytes;
}

const struct pbf_stamp *pbf_image_stamp(const struct pbf_image *image)
{
	return &image->stamp;
}
