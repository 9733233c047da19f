/* SPDX-License-Identifier: BSD-2-Clause */
#include "path_watch.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/vfs.h>

#include "cleanup.h"

/* What can make a name in a directory, or "..", lead elsewhere. */
#define CHANGES                                                               \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF | \
	 IN_ONLYDIR)

bool pbf_is_on_local_disk(int fd)
{
	static const unsigned int types[] = {
		BTRFS_SUPER_MAGIC,     EXT4_SUPER_MAGIC, F2FS_SUPER_MAGIC,
		OVERLAYFS_SUPER_MAGIC, SQUASHFS_MAGIC,	 TMPFS_MAGIC,
		XFS_SUPER_MAGIC,
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((unsigned int)fs.f_type == types[i])
			return true;
	return false;
}

struct pbf_path_watch pbf_path_watch_begin(void)
{
	struct pbf_path_watch watch = {
		.changes_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
		.mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC),
	};

	watch.holds = watch.changes_fd >= 0 && watch.mounts_fd >= 0;
	return watch;
}

void pbf_path_watch_through(void *context, int directory_fd)
{
	struct pbf_path_watch *watch = context;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", directory_fd);
	if (watch->holds &&
	    (!pbf_is_on_local_disk(directory_fd) ||
	     inotify_add_watch(watch->changes_fd, path, CHANGES) < 0))
		watch->holds = false;
}

bool pbf_path_watch_holds(struct pbf_path_watch *watch)
{
	struct pollfd told[] = {
		{ .fd = watch->changes_fd, .events = POLLIN },
		{ .fd = watch->mounts_fd, .events = POLLPRI },
	};

	if (watch->holds && poll(told, 2, 0) != 0)
		watch->holds = false;
	return watch->holds;
}

void pbf_path_watch_release(const struct pbf_path_watch *watch)
{
	pbf_close_descriptor(&watch->changes_fd);
	pbf_close_descriptor(&watch->mounts_fd);
}
