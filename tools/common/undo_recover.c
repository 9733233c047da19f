/* SPDX-License-Identifier: BSD-2-Clause */
#include "undo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refuse.h"
#include "undo_file.h"
#include "undo_internal.h"
#include "undo_restore.h"

/*
 * Anybody who may make files in the image's directory can put one there, and
 * root would write into the image what it says.
 */
static int check_owner(const struct undo *undo, int undo_fd,
		       struct pbf_reason *why)
{
	struct stat st, image;

	if (fstat(undo_fd, &st) < 0 || fstat(undo->fd, &image) < 0)
		return refuse_errno("cannot be examined", undo->undo_path, why);
	if (!S_ISREG(st.st_mode))
		return pbf_refuse(why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
				  "%s is not a regular file: move it away",
				  undo->undo_path);
	if (st.st_uid != 0 && st.st_uid != image.st_uid &&
	    st.st_uid != geteuid())
		return pbf_refuse(why, -EPERM, PBF_REASON_NO_OFFSET,
				  "%s belongs to user %u, who is neither root "
				  "nor the owner of the image, and is not "
				  "trusted: remove it, or if you know where it "
				  "is from, give it to the owner of the image",
				  undo->undo_path, (unsigned int)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return pbf_refuse(why, -EPERM, PBF_REASON_NO_OFFSET,
				  "%s can be written by others than its owner, "
				  "and is not trusted: remove it, or if you "
				  "know what is in it, chmod go-w",
				  undo->undo_path);
	return 0;
}

/* Whether ST is of the very file that was being changed. */
static bool is_same_file(const struct stat *st,
			 const struct undo_header *header)
{
	char boot_id[UNDO_BOOT_ID_BYTES];
	bool is_same_boot;

	undo_read_boot_id(boot_id);
	is_same_boot = boot_id[0] != '\0' &&
		       memcmp(boot_id, header->boot_id, sizeof(boot_id)) == 0;
	return st->st_ino == header->inode &&
	       (st->st_dev == header->device || !is_same_boot);
}

/*
 * Whether the image is what was half changed.  A copy of both files is, too,
 * when it has nothing but what the change can have left; FORCE does not
 * override that.
 */
static int check_identity(const struct undo *undo, int undo_fd,
			  const struct undo_header *header, bool force,
			  struct pbf_reason *why)
{
	struct stat st;
	bool is_same, fits;
	int error;

	if (fstat(undo->fd, &st) < 0)
		return refuse_errno("cannot be examined", NULL, why);
	is_same = is_same_file(&st, header);
	fits = (uint64_t)st.st_size == header->old_size_bytes ||
	       (uint64_t)st.st_size == header->new_size_bytes;
	if (fits && is_same && force)
		return 0;
	if (fits) {
		error = undo_compare(undo->fd, undo_fd, header, is_same ? 1 : 0,
				     why);
		if (error != -ESTALE || is_same)
			return error;
	}
	return pbf_refuse(why, -ESTALE, PBF_REASON_NO_OFFSET,
			  "the undo file is of another image, which had inode "
			  "%llu and %llu bytes: if that is gone, remove the "
			  "undo file",
			  (unsigned long long)header->inode,
			  (unsigned long long)header->old_size_bytes);
}

const char *undo_outcome_text(enum undo_outcome outcome)
{
	switch (outcome) {
	case UNDO_NONE:
		return NULL;
	case UNDO_DROPPED:
		return "was not changed by a run of pibootfs-prep that was cut "
		       "off";
	case UNDO_RESTORED:
		return "put back to what it was before a run of pibootfs-prep "
		       "that was cut off";
	}
	return NULL;
}

int undo_recover(struct undo *undo, bool force, enum undo_outcome *ret_outcome,
		 struct pbf_reason *why)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	_cleanup_close_ int undo_fd =
		openat(undo->directory_fd, undo->undo_name, flags);
	enum undo_outcome outcome = UNDO_RESTORED;
	struct undo_header header;
	int error;

	if (undo_fd < 0 && errno == ENOENT) {
		*ret_outcome = UNDO_NONE;
		return 0;
	}
	if (undo_fd < 0)
		return refuse_errno("cannot be opened", undo->undo_path, why);
	error = check_owner(undo, undo_fd, why);
	if (error < 0)
		return error;
	error = undo_file_check(undo_fd, &header, why);
	if (error == -ENODATA) {
		outcome = UNDO_DROPPED;
		error = undo_remove_file(undo, why);
	} else if (error == 0) {
		error = check_identity(undo, undo_fd, &header, force, why);
		if (error == 0)
			error = undo_finish(undo, undo_fd, &header, why);
		if (error == 0)
			error = undo_note_stamp(undo, why);
	}
	if (error == 0)
		*ret_outcome = outcome;
	return error;
}
