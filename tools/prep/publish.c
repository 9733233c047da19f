/* SPDX-License-Identifier: BSD-2-Clause */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fd_io.h"
#include "refuse.h"
#include "stamp.h"
#include "temporary_name.h"

/* As many links as the kernel follows. */
#define LINKS_MAX 40
/* For other names, when one is taken. */
#define ATTEMPTS_MAX 100

struct prep_publish {
	char path[PATH_MAX]; /* of the target, no link */
	char directory[PATH_MAX];
	const char *name; /* of the target, in PATH */
	int directory_fd;
	int fd;
	/* While the file has a name of its own, else "". */
	char temporary[NAME_MAX + 1];
	bool is_new; /* there was no target */
	bool is_committed;
	int old_fd;		/* the target as it was, else -1 */
	struct pbf_stamp stamp; /* of the target */
};

/*
 * Follows PATH while it is a link, into publish->path.  Unlike realpath(),
 * this is content with a link that leads to nothing yet.
 */
static int follow_links(struct prep_publish *publish, const char *path,
			struct pbf_reason *why)
{
	char target[PATH_MAX];
	int length = snprintf(publish->path, sizeof(publish->path), "%s", path);

	for (int links = 0; links < LINKS_MAX; links++) {
		char *slash = strrchr(publish->path, '/');
		size_t keep = slash ? (size_t)(slash - publish->path) + 1 : 0;
		ssize_t n;

		if (length < 0 || (size_t)length >= sizeof(publish->path))
			return pbf_refuse(why, -ENAMETOOLONG,
					  PBF_REASON_NO_OFFSET,
					  "%s: the path is too long", path);
		n = readlink(publish->path, target, sizeof(target) - 1);
		if (n < 0)
			return 0; /* no link; open() will tell what else */
		target[n] = '\0';
		if (target[0] == '/')
			keep = 0;
		length = snprintf(publish->path + keep,
				  sizeof(publish->path) - keep, "%s", target);
		if (length >= 0)
			length += (int)keep;
	}
	return pbf_refuse(why, -ELOOP, PBF_REASON_NO_OFFSET,
			  "%s: the link leads to itself", path);
}

/* Opens the directory of publish->path, and tells the name in it apart. */
static int open_directory(struct prep_publish *publish, struct pbf_reason *why)
{
	const char *slash = strrchr(publish->path, '/');
	size_t length = slash ? (size_t)(slash - publish->path) : 0;

	publish->name = slash ? slash + 1 : publish->path;
	if (!slash)
		snprintf(publish->directory, sizeof(publish->directory), ".");
	else
		snprintf(publish->directory, sizeof(publish->directory), "%.*s",
			 length ? (int)length : 1, publish->path);
	if (publish->name[0] == '\0')
		return pbf_refuse(why, -EISDIR, PBF_REASON_NO_OFFSET,
				  "%s is a directory", publish->path);
	publish->directory_fd =
		open(publish->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (publish->directory_fd < 0)
		return refuse_errno("cannot be opened", publish->directory,
				    why);
	return 0;
}

/* Looks at what there is; its mode is 0 when there is nothing. */
static int look_at_target(struct prep_publish *publish, struct stat *ret_st,
			  struct pbf_reason *why)
{
	*ret_st = (struct stat){ 0 };
	if (fstatat(publish->directory_fd, publish->name, ret_st,
		    AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return refuse_errno("cannot be examined", publish->path,
					    why);
		publish->is_new = true;
		return 0;
	}
	if (!S_ISREG(ret_st->st_mode))
		return pbf_refuse(why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
				  "%s is no regular file", publish->path);
	publish->old_fd =
		openat(publish->directory_fd, publish->name,
		       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (publish->old_fd < 0)
		return refuse_errno("cannot be opened", publish->path, why);
	return pbf_stamp_of_path(publish->directory_fd, publish->name,
				 &publish->stamp);
}

/*
 * A nameless file goes away by itself, even with kill -9.  It can get a name
 * only through /proc; so without that it has to have one from the beginning.
 */
static int open_temporary(struct prep_publish *publish, mode_t mode)
{
	for (int attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
		int error;

		publish->fd = -1;
		if (attempts == 0 && access("/proc/self/fd", X_OK) == 0)
			publish->fd =
				openat(publish->directory_fd, ".",
				       O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
		if (publish->fd >= 0)
			return 0;
		error = prep_temporary_name(publish->name, publish->temporary);
		if (error < 0)
			return error;
		publish->fd =
			openat(publish->directory_fd, publish->temporary,
			       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (publish->fd >= 0)
			return 0;
		publish->temporary[0] = '\0';
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int take_after(const struct prep_publish *publish,
		      const struct stat *target, struct pbf_reason *why)
{
	struct stat st;

	if (fstat(publish->fd, &st) < 0)
		return refuse_errno("cannot be examined", publish->path, why);
	/* Not needed is not tried: it can fail where it changes nothing. */
	if ((st.st_uid != target->st_uid || st.st_gid != target->st_gid) &&
	    fchown(publish->fd, target->st_uid, target->st_gid) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "%s belongs to user %u and group %u, and "
				  "only root can replace it by a file of "
				  "theirs: %s",
				  publish->path, target->st_uid, target->st_gid,
				  strerror(errno));
	if (fchmod(publish->fd, target->st_mode & 07777) < 0)
		return refuse_errno("cannot get its mode", publish->path, why);
	return 0;
}

int prep_publish_new(const char *path, struct prep_publish **ret_publish,
		     struct pbf_reason *why)
{
	_cleanup_publish_ struct prep_publish *publish =
		calloc(1, sizeof(*publish));
	struct stat target = { .st_mode = 0 };
	int error;

	if (!publish)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	publish->fd = -1;
	publish->directory_fd = -1;
	publish->old_fd = -1;
	error = follow_links(publish, path, why);
	if (error == 0)
		error = open_directory(publish, why);
	if (error == 0)
		error = look_at_target(publish, &target, why);
	if (error < 0)
		return error;
	error = open_temporary(publish, publish->is_new ? 0666 : 0600);
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "no file can be made in %s: %s",
				  publish->directory, strerror(-error));
	if (!publish->is_new)
		error = take_after(publish, &target, why);
	if (error < 0)
		return error;
	*ret_publish = publish;
	publish = NULL;
	return 0;
}

int prep_publish_fd(const struct prep_publish *publish)
{
	return publish->fd;
}

const char *prep_publish_path(const struct prep_publish *publish)
{
	return publish->path;
}

/* Links a nameless file to NAME: 0 or -1 with errno. */
static int link_file(const struct prep_publish *publish, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", publish->fd);
	return linkat(AT_FDCWD, path, publish->directory_fd, name,
		      AT_SYMLINK_FOLLOW);
}

/* Gives a nameless file the name that it has while it is moved. */
static int give_name(struct prep_publish *publish, struct pbf_reason *why)
{
	for (int attempts = 0;
	     publish->temporary[0] == '\0' && attempts < ATTEMPTS_MAX;
	     attempts++) {
		char name[NAME_MAX + 1];

		if (prep_temporary_name(publish->name, name) < 0)
			break;
		/* Noted first: a signal may come right after linkat(). */
		memcpy(publish->temporary, name, sizeof(name));
		if (link_file(publish, name) == 0)
			return 0;
		publish->temporary[0] = '\0';
		if (errno != EEXIST)
			break;
	}
	if (publish->temporary[0] == '\0')
		return refuse_errno("cannot be named", publish->path, why);
	return 0;
}

static int check_unchanged(const struct prep_publish *publish,
			   struct pbf_reason *why)
{
	struct stat st;
	struct pbf_stamp now;
	bool is_there = fstatat(publish->directory_fd, publish->name, &st,
				AT_SYMLINK_NOFOLLOW) == 0;

	if (is_there != publish->is_new &&
	    (!is_there || (S_ISREG(st.st_mode) &&
			   pbf_stamp_of_path(publish->directory_fd,
					     publish->name, &now) == 0 &&
			   pbf_stamp_equal(&now, &publish->stamp))))
		return 0;
	return pbf_refuse(why, -ESTALE, PBF_REASON_NO_OFFSET,
			  "%s was %s by somebody else meanwhile, and is left "
			  "as it is",
			  publish->path,
			  publish->is_new ? "made" :
			  is_there	  ? "changed" :
					    "removed");
}

/* A new file that has no name yet needs no other one before its own. */
static bool takes_name_at_once(const struct prep_publish *publish)
{
	return publish->is_new && publish->temporary[0] == '\0';
}

/*
 * What must not be there is not replaced even if it comes this very moment,
 * on file systems that can do that.
 */
static int move_into_place(const struct prep_publish *publish)
{
	unsigned int flags = publish->is_new ? RENAME_NOREPLACE : 0;
	int result;

	if (takes_name_at_once(publish))
		return link_file(publish, publish->name) < 0 ? -errno : 0;
	result = renameat2(publish->directory_fd, publish->temporary,
			   publish->directory_fd, publish->name, flags);

	if (result < 0 && errno == EINVAL && flags != 0)
		result = renameat(publish->directory_fd, publish->temporary,
				  publish->directory_fd, publish->name);
	return result < 0 ? -errno : 0;
}

int prep_publish_commit(struct prep_publish *publish, struct pbf_reason *why)
{
	int error;

	if (fsync(publish->fd) < 0)
		return refuse_errno("cannot be written to the disk",
				    publish->path, why);
	error = check_unchanged(publish, why);
	if (error == 0 && !takes_name_at_once(publish))
		error = give_name(publish, why);
	if (error < 0)
		return error;
	error = move_into_place(publish);
	if (error == -EEXIST)
		return pbf_refuse(why, -ESTALE, PBF_REASON_NO_OFFSET,
				  "%s was made by somebody else meanwhile: run "
				  "this again",
				  publish->path);
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "%s cannot be put into its place: %s",
				  publish->path, strerror(-error));
	publish->temporary[0] = '\0';
	publish->is_committed = true;
	if (fsync(publish->directory_fd) < 0)
		return refuse_errno("cannot be written to the disk",
				    publish->directory, why);
	return 0;
}

/* Puts a copy of the old file into the place of the new one. */
static int publish_old(const struct prep_publish *publish,
		       struct pbf_reason *why)
{
	_cleanup_publish_ struct prep_publish *back = NULL;
	int error = prep_publish_new(publish->path, &back, why);

	if (!back)
		return error;
	error = fd_copy_all(publish->old_fd, back->fd);
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "%s cannot be written: %s", publish->path,
				  strerror(-error));
	return prep_publish_commit(back, why);
}

int prep_publish_revert(struct prep_publish *publish, struct pbf_reason *why)
{
	if (!publish->is_committed)
		return 0;
	publish->is_committed = false;
	if (!publish->is_new)
		return publish_old(publish, why);
	if (unlinkat(publish->directory_fd, publish->name, 0) < 0)
		return refuse_errno("cannot be removed again", publish->path,
				    why);
	return 0;
}

void prep_publish_free(struct prep_publish *publish)
{
	if (!publish)
		return;
	if (publish->temporary[0] != '\0')
		unlinkat(publish->directory_fd, publish->temporary, 0);
	if (publish->fd >= 0)
		close(publish->fd);
	if (publish->old_fd >= 0)
		close(publish->old_fd);
	if (publish->directory_fd >= 0)
		close(publish->directory_fd);
	free(publish);
}
