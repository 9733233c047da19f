/* SPDX-License-Identifier: BSD-2-Clause */
#include "undo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fd_io.h"
#include "refuse.h"
#include "undo_file.h"
#include "undo_internal.h"
#include "undo_restore.h"

static int reserve_range(int fd, const struct range *range)
{
	int result = 0;

	do
		result = fallocate(fd, FALLOC_FL_KEEP_SIZE,
				   (off_t)range->offset_bytes,
				   (off_t)range->length_bytes);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : 0;
}

/* Reserving changes no byte: a place without space is still full of zeroes. */
static int reserve(const struct undo *undo, const struct ranges *ranges,
		   struct pbf_reason *why)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct range *range = &ranges->items[i];

		int error = range->length_bytes > 0 ?
				    reserve_range(undo->fd, range) :
				    0;

		if (error == -ENOSPC || error == -EDQUOT || error == -EFBIG)
			return pbf_refuse(
				why, error, range->offset_bytes,
				"no space to write %llu bytes into "
				"the image: %s",
				(unsigned long long)range->length_bytes,
				strerror(-error));
		if (error < 0)
			break; /* not every file system can do that */
	}
	return 0;
}

/* Makes the undo file, and all that it takes for it to outlive a power cut. */
static int write_undo_file(const struct undo *undo,
			   const struct undo_header *header,
			   const struct ranges *ranges, int *ret_fd,
			   struct pbf_reason *why)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(undo->directory_fd, undo->undo_name, flags, 0600);
	int error;

	if (fd < 0 && errno == EEXIST)
		return pbf_refuse(why, -EEXIST, PBF_REASON_NO_OFFSET,
				  "%s is there: an earlier change has to be "
				  "undone first",
				  undo->undo_path);
	if (fd < 0)
		return refuse_errno("cannot be made", undo->undo_path, why);
	error = undo_file_write(fd, undo->fd, header, ranges, why);
	if (error == 0 && (fsync(fd) < 0 || fsync(undo->directory_fd) < 0))
		error = refuse_errno("cannot be written to the disk",
				     undo->undo_path, why);
	if (error < 0) {
		/* Left behind, it would be found incomplete, and dropped. */
		unlinkat(undo->directory_fd, undo->undo_name, 0);
		close(fd);
		return error;
	}
	*ret_fd = fd;
	return 0;
}

static int write_image(const struct undo *undo,
		       const struct undo_header *header,
		       const struct ranges *ranges, struct pbf_reason *why)
{
	int error;

	if (header->new_size_bytes > header->old_size_bytes &&
	    ftruncate(undo->fd, (off_t)header->new_size_bytes) < 0)
		return refuse_errno("cannot grow", NULL, why);
	error = ranges_write(ranges, undo->fd, why);
	if (error == 0 && fsync(undo->fd) < 0)
		error = refuse_errno("cannot be written to the disk", NULL,
				     why);
	return error;
}

static int make_header(const struct undo *undo, uint64_t new_size_bytes,
		       struct undo_header *header, struct pbf_reason *why)
{
	struct stat st;

	if (fstat(undo->fd, &st) < 0)
		return refuse_errno("cannot be examined", NULL, why);
	*header = (struct undo_header){
		.device = st.st_dev,
		.inode = st.st_ino,
		.old_size_bytes = (uint64_t)st.st_size,
		.new_size_bytes =
			new_size_bytes ? new_size_bytes : (uint64_t)st.st_size,
	};
	undo_read_boot_id(header->boot_id);
	if (header->new_size_bytes < header->old_size_bytes)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "has %llu bytes, and is never made smaller",
				  (unsigned long long)header->old_size_bytes);
	return 0;
}

/* Puts the image back after ERROR, of which WHY tells unless worse happens. */
static void roll_back(const struct undo *undo, int undo_fd,
		      struct pbf_reason *why)
{
	struct undo_header header;
	int error = undo_file_check(undo_fd, &header, NULL);

	if (error == 0)
		error = undo_finish(undo, undo_fd, &header, NULL);
	if (error < 0)
		pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
			   "is half changed: once its disk is in order, run "
			   "this again to put it back from %s",
			   undo->undo_path);
}

int undo_apply(struct undo *undo, struct ranges *ranges,
	       uint64_t new_size_bytes, struct pbf_reason *why)
{
	_cleanup_close_ int undo_fd = -1;
	struct undo_header header = { 0 };
	int error = make_header(undo, new_size_bytes, &header, why);

	if (error == 0)
		error = ranges_sort(ranges, header.new_size_bytes, why);
	if (error < 0)
		return error;
	if (ranges->count == 0 &&
	    header.new_size_bytes == header.old_size_bytes)
		return 0;
	error = reserve(undo, ranges, why);
	if (error == 0)
		error = write_undo_file(undo, &header, ranges, &undo_fd, why);
	if (error < 0)
		return error;
	error = write_image(undo, &header, ranges, why);
	if (error == 0 && unlinkat(undo->directory_fd, undo->undo_name, 0) < 0)
		error = refuse_errno("cannot be removed", undo->undo_path, why);
	if (error < 0) {
		roll_back(undo, undo_fd, why);
		return error;
	}
	undo->undone_fd = undo_fd;
	undo_fd = -1;
	return undo_sync_removal(undo, why);
}

/* So that not even a power cut leaves the image between. */
static int name_again(const struct undo *undo)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_close_ int fd =
		openat(undo->directory_fd, undo->undo_name, flags, 0600);
	int error;

	if (fd < 0)
		return -errno;
	error = fd_copy_all(undo->undone_fd, fd);
	if (error == 0 && (fsync(fd) < 0 || fsync(undo->directory_fd) < 0))
		error = -errno;
	if (error < 0)
		unlinkat(undo->directory_fd, undo->undo_name, 0);
	return error;
}

int undo_revert(struct undo *undo, struct pbf_reason *why)
{
	struct undo_header header;
	int error;

	if (undo->undone_fd < 0)
		return 0;
	error = undo_file_check(undo->undone_fd, &header, why);
	if (error < 0)
		return error;
	/* On a full disk it has to do without. */
	if (name_again(undo) < 0)
		return undo_put_back(undo->fd, undo->undone_fd, &header, why);
	return undo_finish(undo, undo->undone_fd, &header, why);
}
