/* SPDX-License-Identifier: BSD-2-Clause */
#include "undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "refuse.h"
#include "undo_file.h"
#include "undo_internal.h"
#include "undo_path.h"
#include "undo_restore.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

static int find_paths(struct undo *undo, const char *path,
		      struct pbf_reason *why)
{
	_cleanup_free_ char *directory = NULL;
	char *slash;

	undo->image_path = realpath(path, NULL);
	if (!undo->image_path)
		return refuse_errno("cannot be found", NULL, why);
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

static int open_and_lock(struct undo *undo, struct pbf_reason *why)
{
	/* O_NONBLOCK: opening a FIFO by mistake must not wait for a reader. */
	const int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	struct stat locked, named;

	undo->fd = open(undo->image_path, flags);
	if (undo->fd < 0 || fstat(undo->fd, &locked) < 0)
		return refuse_errno("cannot be opened for writing", NULL, why);
	if (!S_ISREG(locked.st_mode))
		return pbf_refuse(why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
				  "is no regular file, and only those can be "
				  "changed in place");
	if (flock(undo->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return pbf_refuse(why, -EBUSY, PBF_REASON_NO_OFFSET,
					  "is locked by another program, as "
					  "pibootfs-prep does: wait for its "
					  "end");
		return refuse_errno("cannot be locked", NULL, why);
	}
	/* It may have been replaced between opening and locking. */
	if (stat(undo->image_path, &named) < 0 ||
	    named.st_dev != locked.st_dev || named.st_ino != locked.st_ino)
		return pbf_refuse(why, -EBUSY, PBF_REASON_NO_OFFSET,
				  "has just been replaced: run this again");
	return 0;
}

int undo_note_stamp(struct undo *undo, struct pbf_reason *why)
{
	int error = pbf_stamp_of_descriptor(undo->fd, &undo->stamp);

	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "cannot be examined: %s", strerror(-error));
	return 0;
}

int undo_open(const char *path, struct undo **ret_undo, struct pbf_reason *why)
{
	_cleanup_undo_ struct undo *undo = calloc(1, sizeof(*undo));
	int error;

	if (!undo)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	undo->directory_fd = -1;
	undo->fd = -1;
	undo->undone_fd = -1;
	error = find_paths(undo, path, why);
	if (error == 0)
		error = open_and_lock(undo, why);
	if (error == 0)
		error = undo_note_stamp(undo, why);
	if (error < 0)
		return error;
	*ret_undo = undo;
	undo = NULL;
	return 0;
}

void undo_close(struct undo *undo)
{
	if (!undo)
		return;
	if (undo->fd >= 0)
		close(undo->fd); /* and by that unlocks it */
	if (undo->undone_fd >= 0)
		close(undo->undone_fd);
	if (undo->directory_fd >= 0)
		close(undo->directory_fd);
	free(undo->image_path);
	free(undo->undo_path);
	free(undo);
}

int undo_check_unchanged(const struct undo *undo, struct pbf_reason *why)
{
	struct pbf_stamp now;
	int error = pbf_stamp_of_descriptor(undo->fd, &now);

	if (error == 0 && pbf_stamp_equal(&now, &undo->stamp))
		return 0;
	return pbf_refuse(why, -ESTALE, PBF_REASON_NO_OFFSET,
			  "was changed by somebody else meanwhile, and is left "
			  "as it is: run this again");
}

int undo_fd(const struct undo *undo)
{
	return undo->fd;
}

const char *undo_image_path(const struct undo *undo)
{
	return undo->image_path;
}

void undo_read_boot_id(char ret_id[UNDO_BOOT_ID_BYTES])
{
	_cleanup_close_ int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	memset(ret_id, 0, UNDO_BOOT_ID_BYTES);
	if (fd >= 0)
		n = read(fd, ret_id, UNDO_BOOT_ID_BYTES - 1);
	if (n < 0)
		memset(ret_id, 0, UNDO_BOOT_ID_BYTES);
}

int undo_sync_removal(const struct undo *undo, struct pbf_reason *why)
{
	if (fsync(undo->directory_fd) == 0)
		return 0;
	return refuse_errno("is removed, but may come back after a power cut, "
			    "and then be put back from",
			    undo->undo_path, why);
}

int undo_remove_file(const struct undo *undo, struct pbf_reason *why)
{
	if (unlinkat(undo->directory_fd, undo->undo_name, 0) < 0)
		return refuse_errno("cannot be removed", undo->undo_path, why);
	return undo_sync_removal(undo, why);
}

int undo_finish(const struct undo *undo, int undo_fd,
		const struct undo_header *header, struct pbf_reason *why)
{
	int error = undo_put_back(undo->fd, undo_fd, header, why);

	return error < 0 ? error : undo_remove_file(undo, why);
}
