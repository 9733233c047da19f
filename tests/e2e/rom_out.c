/* SPDX-License-Identifier: BSD-2-Clause */
#include "rom_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fd_io.h"

#define FILES "files/"

static int refuse_errno(struct pbf_reason *why, const char *what)
{
	return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET, "%s: %s", what,
			  strerror(errno));
}

int rom_out_open(const char *directory, struct pbf_reason *why)
{
	static const char *const names[] = { ROM_OUT_KERNEL, ROM_OUT_INITRAMFS,
					     ROM_OUT_DEVICE_TREE,
					     ROM_OUT_CMDLINE };
	int out_fd;

	if (mkdir(directory, 0777) < 0 && errno != EEXIST)
		return refuse_errno(why, directory);
	out_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out_fd < 0)
		return refuse_errno(why, directory);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(out_fd, names[i], 0);
	return out_fd;
}

int rom_out_write(int out_fd, const char *name, const struct rom_file *file,
		  struct pbf_reason *why)
{
	_cleanup_close_ int fd = openat(
		out_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return refuse_errno(why, name);
	errno = -fd_write_at(fd, 0, file->bytes, file->length);
	return errno == 0 ? 0 : refuse_errno(why, name);
}

static bool leads_out(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += strspn(part, "/");
		if (strncmp(part, "..", 2) == 0 &&
		    (part[2] == '/' || part[2] == '\0'))
			return true;
	}
	return false;
}

int rom_out_keep(int out_fd, const char *path, const struct rom_file *file,
		 struct pbf_reason *why)
{
	char name[sizeof(FILES) + TFTP_PATH_MAX_CHARS];

	if (leads_out(path))
		return 0;
	snprintf(name, sizeof(name), FILES "%s", path);
	for (char *slash = strchr(name, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(out_fd, name, 0777) < 0 && errno != EEXIST)
			return refuse_errno(why, name);
		*slash = '/';
	}
	return rom_out_write(out_fd, name, file, why);
}
