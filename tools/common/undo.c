/* SPDX-License-Identifier: BSD-2-Clause */
#include "undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "undo_file.h"
#include "undo_path.h"
#include "undo_restore.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

struct prep_undo {
	char *image_path; /* resolved */
	char *undo_path;
	const char *undo_name; /* its last part */
	int directory_fd;
	int fd;
};

static int refuse_errno(const char *what, const char *path,
			struct pbf_reason *why)
{
	int error = -errno;

	return pbf_refuse(why, error, PBF_REASON_NO_OFFSET, "%s %s: %s", path,
			  what, strerror(-error));
}

static int find_paths(struct prep_undo *undo, const char *path,
		      struct pbf_reason *why)
{
	_cleanup_free_ char *directory = NULL;
	char *slash;

	undo->image_path = realpath(path, NULL);
	if (!undo->image_path)
		return refuse_errno("cannot be found", path, why);
	undo->undo_path = undo_path_of(undo->image_path);
	directory = strdup(undo->image_path);
	if (!undo->undo_path || !directory)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	undo->undo_name = strrchr(undo->undo_path, '/') + 1;
	slash = strrchr(directory, '/');
	slash[slash == directory ? 1 : 0] = '\0';
	undo->directory_fd =
		open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (undo->directory_fd < 0)
		return refuse_errno("cannot be opened", directory, why);
	return 0;
}

static int open_and_lock(struct prep_undo *undo, struct pbf_reason *why)
{
	/* O_NONBLOCK: opening a FIFO by mistake must not wait for a reader. */
	const int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct stat locked, named;

	undo->fd = open(undo->image_path, flags);
	if (undo->fd < 0 || fstat(undo->fd, &locked) < 0)
		return refuse_errno("cannot be opened for writing",
				    undo->image_path, why);
	if (!S_ISREG(locked.st_mode))
		return pbf_refuse(why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
				  "%s is no regular file, and only those can "
				  "be changed in place",
				  undo->image_path);
	if (flock(undo->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return pbf_refuse(why, -EBUSY, PBF_REASON_NO_OFFSET,
					  "%s is locked by another program",
					  undo->image_path);
		return refuse_errno("cannot be locked", undo->image_path, why);
	}
	/* It may have been replaced between opening and locking. */
	if (stat(undo->image_path, &named) < 0 ||
	    named.st_dev != locked.st_dev || named.st_ino != locked.st_ino)
		return pbf_refuse(why, -EBUSY, PBF_REASON_NO_OFFSET,
				  "%s has just been replaced",
				  undo->image_path);
	return 0;
}

int prep_undo_open(const char *path, struct prep_undo **ret_undo,
		   struct pbf_reason *why)
{
	_cleanup_undo_ struct prep_undo *undo = calloc(1, sizeof(*undo));
	int error;

	if (!undo)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	undo->directory_fd = -1;
	undo->fd = -1;
	error = find_paths(undo, path, why);
	if (error == 0)
		error = open_and_lock(undo, why);
	if (error < 0)
		return error;
	*ret_undo = undo;
	undo = NULL;
	return 0;
}

void prep_undo_close(struct prep_undo *undo)
{
	if (!undo)
		return;
	if (undo->fd >= 0)
		close(undo->fd); /* and by that unlocks it */
	if (undo->directory_fd >= 0)
		close(undo->directory_fd);
	free(undo->image_path);
	free(undo->undo_path);
	free(undo);
}

int prep_undo_fd(const struct prep_undo *undo)
{
	return undo->fd;
}

const char *prep_undo_image_path(const struct prep_undo *undo)
{
	return undo->image_path;
}

/* A device number says nothing after the next boot; this tells boots apart. */
static void read_boot_id(char ret_id[PREP_UNDO_BOOT_ID_BYTES])
{
	_cleanup_close_ int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	memset(ret_id, 0, PREP_UNDO_BOOT_ID_BYTES);
	if (fd >= 0)
		n = read(fd, ret_id, PREP_UNDO_BOOT_ID_BYTES - 1);
	if (n < 0)
		memset(ret_id, 0, PREP_UNDO_BOOT_ID_BYTES);
}

static int sync_removal(const struct prep_undo *undo, struct pbf_reason *why)
{
	if (fsync(undo->directory_fd) == 0)
		return 0;
	return refuse_errno("is removed, but may come back after a power cut, "
			    "and then be put back from",
			    undo->undo_path, why);
}

static int remove_undo_file(const struct prep_undo *undo,
			    struct pbf_reason *why)
{
	if (unlinkat(undo->directory_fd, undo->undo_name, 0) < 0)
		return refuse_errno("cannot be removed", undo->undo_path, why);
	return sync_removal(undo, why);
}

static int put_back(const struct prep_undo *undo, int undo_fd,
		    const struct prep_undo_header *header,
		    struct pbf_reason *why)
{
	int error = prep_undo_put_back(undo->fd, undo_fd, header, why);

	return error < 0 ? error : remove_undo_file(undo, why);
}

static int check_identity(const struct prep_undo *undo,
			  const struct prep_undo_header *header,
			  struct pbf_reason *why)
{
	char boot_id[PREP_UNDO_BOOT_ID_BYTES];
	struct stat st;
	bool is_same_boot;

	if (fstat(undo->fd, &st) < 0)
		return refuse_errno("cannot be examined", undo->image_path,
				    why);
	read_boot_id(boot_id);
	is_same_boot = boot_id[0] != '\0' &&
		       memcmp(boot_id, header->boot_id, sizeof(boot_id)) == 0;
	if (st.st_ino == header->inode &&
	    (st.st_dev == header->device || !is_same_boot) &&
	    ((uint64_t)st.st_size == header->old_size_bytes ||
	     (uint64_t)st.st_size == header->new_size_bytes))
		return 0;
	return pbf_refuse(why, -ESTALE, PBF_REASON_NO_OFFSET,
			  "the undo file is of another image, which had inode "
			  "%llu and %llu bytes: if that is gone, remove the "
			  "undo file",
			  (unsigned long long)header->inode,
			  (unsigned long long)header->old_size_bytes);
}

const char *prep_undo_outcome_text(enum prep_undo_outcome outcome)
{
	switch (outcome) {
	case PREP_UNDO_NONE:
		return NULL;
	case PREP_UNDO_DROPPED:
		return "was not changed by a run of pibootfs-prep that was cut "
		       "off";
	case PREP_UNDO_RESTORED:
		return "put back to what it was before a run of pibootfs-prep "
		       "that was cut off";
	}
	return NULL;
}

int prep_undo_recover(struct prep_undo *undo, bool force,
		      enum prep_undo_outcome *ret_outcome,
		      struct pbf_reason *why)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	_cleanup_close_ int undo_fd =
		openat(undo->directory_fd, undo->undo_name, flags);
	enum prep_undo_outcome outcome = PREP_UNDO_RESTORED;
	struct prep_undo_header header;
	int error;

	if (undo_fd < 0 && errno == ENOENT) {
		*ret_outcome = PREP_UNDO_NONE;
		return 0;
	}
	if (undo_fd < 0)
		return refuse_errno("cannot be opened", undo->undo_path, why);
	error = prep_undo_file_check(undo_fd, &header, why);
	if (error == -ENODATA) {
		outcome = PREP_UNDO_DROPPED;
		error = remove_undo_file(undo, why);
	} else if (error == 0) {
		error = check_identity(undo, &header, why);
		if (error == 0 && !force)
			error = prep_undo_compare(undo->fd, undo_fd, &header,
						  why);
		if (error == 0)
			error = put_back(undo, undo_fd, &header, why);
	}
	if (error == 0)
		*ret_outcome = outcome;
	return error;
}

/* Reserving changes no byte: a place without space is still full of zeroes. */
static int reserve(const struct prep_undo *undo,
		   const struct prep_ranges *ranges, struct pbf_reason *why)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct prep_range *range = &ranges->items[i];

		if (range->length_bytes == 0 ||
		    fallocate(undo->fd, FALLOC_FL_KEEP_SIZE,
			      (off_t)range->offset_bytes,
			      (off_t)range->length_bytes) == 0)
			continue;
		if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
			return pbf_refuse(
				why, -errno, range->offset_bytes,
				"no space to write %llu bytes into "
				"the image: %s",
				(unsigned long long)range->length_bytes,
				strerror(errno));
		break; /* not every file system can do that */
	}
	return 0;
}

/* Makes the undo file, and all that it takes for it to outlive a power cut. */
static int write_undo_file(const struct prep_undo *undo,
			   const struct prep_undo_header *header,
			   const struct prep_ranges *ranges, int *ret_fd,
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
	error = prep_undo_file_write(fd, undo->fd, header, ranges, why);
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

static int write_image(const struct prep_undo *undo,
		       const struct prep_undo_header *header,
		       const struct prep_ranges *ranges, struct pbf_reason *why)
{
	int error;

	if (header->new_size_bytes > header->old_size_bytes &&
	    ftruncate(undo->fd, (off_t)header->new_size_bytes) < 0)
		return refuse_errno("cannot grow", undo->image_path, why);
	error = prep_ranges_write(ranges, undo->fd, why);
	if (error == 0 && fsync(undo->fd) < 0)
		error = refuse_errno("cannot be written to the disk",
				     undo->image_path, why);
	return error;
}

static int make_header(const struct prep_undo *undo, uint64_t new_size_bytes,
		       struct prep_undo_header *header, struct pbf_reason *why)
{
	struct stat st;

	if (fstat(undo->fd, &st) < 0)
		return refuse_errno("cannot be examined", undo->image_path,
				    why);
	*header = (struct prep_undo_header){
		.device = st.st_dev,
		.inode = st.st_ino,
		.old_size_bytes = (uint64_t)st.st_size,
		.new_size_bytes =
			new_size_bytes ? new_size_bytes : (uint64_t)st.st_size,
	};
	read_boot_id(header->boot_id);
	if (header->new_size_bytes < header->old_size_bytes)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "%s has %llu bytes, and is never made "
				  "smaller",
				  undo->image_path,
				  (unsigned long long)header->old_size_bytes);
	return 0;
}

/* Puts the image back after ERROR, of which WHY tells unless worse happens. */
static void roll_back(const struct prep_undo *undo, int undo_fd,
		      struct pbf_reason *why)
{
	struct prep_undo_header header;
	int error = prep_undo_file_check(undo_fd, &header, NULL);

	if (error == 0)
		error = put_back(undo, undo_fd, &header, NULL);
	if (error < 0)
		pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
			   "%s is half changed: run this again to put it back "
			   "from %s, once its disk is in order",
			   undo->image_path, undo->undo_path);
}

int prep_undo_apply(struct prep_undo *undo, struct prep_ranges *ranges,
		    uint64_t new_size_bytes, struct pbf_reason *why)
{
	_cleanup_close_ int undo_fd = -1;
	struct prep_undo_header header = { 0 };
	int error = make_header(undo, new_size_bytes, &header, why);

	if (error == 0)
		error = prep_ranges_sort(ranges, header.new_size_bytes, why);
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
	return sync_removal(undo, why);
}
