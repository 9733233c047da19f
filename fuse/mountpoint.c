/* SPDX-License-Identifier: BSD-2-Clause */
#include "mountpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

#define OUR_TYPE "fuse.pibootfs"
/* Dead mounts that may lie on top of each other. */
#define STALE_MAX 16

static bool is_descriptor(const char *mountpoint)
{
	return strncmp(mountpoint, "/dev/fd/", 8) == 0;
}

/* Whether the topmost mount at PATH is one of ours, alive or dead. */
static bool is_ours(const char *path)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *mount;
	bool ours = false;

	if (!mounts)
		return false;
	while ((mount = getmntent(mounts)))
		if (strcmp(mount->mnt_dir, path) == 0)
			ours = strcmp(mount->mnt_type, OUR_TYPE) == 0;
	endmntent(mounts);
	return ours;
}

/*
 * As realpath(3), but the last name may be a dead mount, of which nothing can
 * be learnt: then what stands before it is resolved.
 */
static bool resolve(const char *mountpoint, char ret_path[PATH_MAX])
{
	_cleanup_free_ char *for_parent = NULL, *for_name = NULL;
	char parent[PATH_MAX];

	if (realpath(mountpoint, ret_path))
		return true;
	if (errno != ENOTCONN)
		return false;
	for_parent = strdup(mountpoint);
	for_name = strdup(mountpoint);
	if (!for_parent || !for_name || !realpath(dirname(for_parent), parent))
		return false;
	if (snprintf(ret_path, PATH_MAX, "%s/%s",
		     strcmp(parent, "/") == 0 ? "" : parent,
		     basename(for_name)) < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/* Unmounts what killed daemons left at PATH. */
static bool clean_up(const char *path)
{
	struct stat st;

	for (int i = 0; i < STALE_MAX; i++) {
		if (stat(path, &st) == 0 || errno != ENOTCONN)
			return true;
		if (!is_ours(path)) {
			log_message(LOG_ERR,
				    "mount point %s: a dead mount of another "
				    "program is there; unmount it first",
				    path);
			return false;
		}
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0) {
			log_message(LOG_ERR,
				    "mount point %s: a dead mount is there, "
				    "and unmounting it failed: %s",
				    path, strerror(errno));
			return false;
		}
		log_message(LOG_NOTICE,
			    "mount point %s: unmounted what a killed pibootfs "
			    "left there",
			    path);
	}
	return true;
}

/* Whether PATH is DIRECTORY or lies in it. */
static bool is_within(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (strcmp(directory, "/") == 0)
		return true;
	return strncmp(path, directory, length) == 0 &&
	       (path[length] == '\0' || path[length] == '/');
}

static bool check_directory(const char *what, const char *path)
{
	struct stat st;
	int error = stat(path, &st) < 0 ? errno : 0;

	if (error == 0 && !S_ISDIR(st.st_mode))
		error = ENOTDIR;
	if (error != 0)
		log_message(LOG_ERR, "%s %s: %s", what, path, strerror(error));
	return error == 0;
}

static bool check_apart(const char *images_path, const char *path)
{
	if (is_within(path, images_path)) {
		log_message(LOG_ERR,
			    "mount point %s lies in the image directory %s; "
			    "choose one outside",
			    path, images_path);
		return false;
	}
	if (is_within(images_path, path)) {
		log_message(LOG_ERR,
			    "image directory %s lies in the mount point %s, "
			    "which would hide it; choose another",
			    images_path, path);
		return false;
	}
	return true;
}

static bool check_device(void)
{
	_cleanup_close_ int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return true;
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		log_message(LOG_ERR,
			    "/dev/fuse: %s; load the module (modprobe fuse), "
			    "or give the container the device",
			    strerror(errno));
	else
		log_message(LOG_ERR, "/dev/fuse: %s; run as root",
			    strerror(errno));
	return false;
}

static bool check_images(const char *images, char ret_path[PATH_MAX])
{
	if (!check_directory("image directory", images))
		return false;
	if (access(images, R_OK | X_OK) == 0 && realpath(images, ret_path))
		return true;
	log_message(LOG_ERR, "image directory %s: %s", images, strerror(errno));
	return false;
}

bool mountpoint_prepare(const char *images, const char *mountpoint,
			char ret_images[PATH_MAX],
			char ret_mountpoint[PATH_MAX])
{
	if (!check_images(images, ret_images))
		return false;
	if (is_descriptor(mountpoint)) {
		snprintf(ret_mountpoint, PATH_MAX, "%s", mountpoint);
		return true;
	}
	if (!resolve(mountpoint, ret_mountpoint)) {
		log_message(LOG_ERR, "mount point %s: %s", mountpoint,
			    strerror(errno));
		return false;
	}
	if (!clean_up(ret_mountpoint) ||
	    !check_directory("mount point", ret_mountpoint) ||
	    !check_apart(ret_images, ret_mountpoint))
		return false;
	if (is_ours(ret_mountpoint)) {
		log_message(LOG_ERR,
			    "mount point %s: busy, a pibootfs is mounted "
			    "there; unmount it first",
			    ret_mountpoint);
		return false;
	}
	return check_device();
}

dev_t mountpoint_device(const char *path)
{
	struct statx facts;

	/* DONT_SYNC: nobody answers requests of the mount yet. */
	if (is_descriptor(path) ||
	    statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0,
		  &facts) < 0)
		return 0;
	return makedev(facts.stx_dev_major, facts.stx_dev_minor);
}
