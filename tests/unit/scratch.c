/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static void must(bool done, const char *what)
{
	if (!done)
		fail_msg("%s: %s", what, strerror(errno));
}

void scratch_make(struct scratch *scratch)
{
	snprintf(scratch->path, sizeof(scratch->path),
		 "/tmp/pibootfs-unit-XXXXXX");
	must(mkdtemp(scratch->path), "mkdtemp");
	scratch->fd = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(scratch->fd >= 0, scratch->path);
}

void scratch_remove(struct scratch *scratch)
{
	DIR *stream = opendir(scratch->path);
	const struct dirent *item;

	must(stream, scratch->path);
	while ((item = readdir(stream))) {
		if (strcmp(item->d_name, ".") == 0 ||
		    strcmp(item->d_name, "..") == 0)
			continue;
		if (unlinkat(scratch->fd, item->d_name, 0) < 0)
			must(unlinkat(scratch->fd, item->d_name,
				      AT_REMOVEDIR) == 0,
			     item->d_name);
	}
	closedir(stream);
	close(scratch->fd);
	must(rmdir(scratch->path) == 0, scratch->path);
}

void scratch_write(const struct scratch *scratch, const char *name,
		   const void *bytes, size_t length)
{
	int fd =
		openat(scratch->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	must(fd >= 0, name);
	must(ftruncate(fd, (off_t)length) == 0, name);
	must(pwrite(fd, bytes, length, 0) == (ssize_t)length, name);
	close(fd);
}

void scratch_touch(const struct scratch *scratch, const char *name)
{
	scratch_write(scratch, name, "", 0);
}

void scratch_link(const struct scratch *scratch, const char *target,
		  const char *name)
{
	must(symlinkat(target, scratch->fd, name) == 0, name);
}

void scratch_mkdir(const struct scratch *scratch, const char *name)
{
	must(mkdirat(scratch->fd, name, 0755) == 0, name);
}

void scratch_unlink(const struct scratch *scratch, const char *name)
{
	must(unlinkat(scratch->fd, name, 0) == 0, name);
}

void scratch_rename(const struct scratch *scratch, const char *from,
		    const char *to)
{
	must(renameat(scratch->fd, from, scratch->fd, to) == 0, from);
}

void scratch_truncate(const struct scratch *scratch, const char *name,
		      size_t length)
{
	int fd = openat(scratch->fd, name, O_WRONLY | O_CLOEXEC);

	must(fd >= 0, name);
	must(ftruncate(fd, (off_t)length) == 0, name);
	close(fd);
}
