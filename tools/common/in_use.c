/* SPDX-License-Identifier: BSD-2-Clause */
#include "in_use.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"

/* Enough for a flags line of fdinfo, a command, a path in sysfs. */
#define TEXT_BYTES 4096

static void close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}
#define _cleanup_stream_ _cleanup_(close_stream)

static bool is_same(const struct stat *image, const struct stat *other)
{
	if (S_ISBLK(image->st_mode))
		return S_ISBLK(other->st_mode) &&
		       other->st_rdev == image->st_rdev;
	return other->st_dev == image->st_dev && other->st_ino == image->st_ino;
}

/*
 * Reads a small file of /proc or /sys as a string; when it cannot, "" and the
 * negative errno.
 */
static int read_text(int directory_fd, const char *name,
		     char ret_text[TEXT_BYTES])
{
	_cleanup_close_ int fd =
		openat(directory_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0)
		n = read(fd, ret_text, TEXT_BYTES - 1);
	ret_text[n > 0 ? n : 0] = '\0';
	return n < 0 ? -errno : 0;
}

/* Whether ERROR of looking at a process is that it has ended meanwhile. */
static bool is_ended(int error)
{
	return error == -ENOENT || error == -ESRCH;
}

/* Whether descriptor NAME of a process can write, or that cannot be told. */
static bool may_write(int process_fd, const char *name)
{
	char path[64], text[TEXT_BYTES];
	const char *flags;
	int error;

	snprintf(path, sizeof(path), "fdinfo/%s", name);
	error = read_text(process_fd, path, text);
	if (error < 0)
		return !is_ended(error);
	flags = strstr(text, "flags:");
	return flags && (strtol(flags + strlen("flags:"), NULL, 8) &
			 O_ACCMODE) != O_RDONLY;
}

/* Whether a process is one that serves images as disks; and what it is. */
static bool serves_disks(int process_fd, char ret_command[TEXT_BYTES])
{
	static const char *const servers[] = { "nbd-server", "nbdkit",
					       "qemu-" };

	read_text(process_fd, "comm", ret_command);
	ret_command[strcspn(ret_command, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
		if (strncmp(ret_command, servers[i], strlen(servers[i])) == 0)
			return true;
	return false;
}

/*
 * Whether descriptor NAME of a process is work on what it has open.  An NBD
 * server has an image that it exports read-only, or as the base of copies on
 * write, open for reading; still the boards must not see it change.
 */
static int refuse_use(int process_fd, const char *pid, const char *name,
		      struct pbf_reason *why)
{
	char command[TEXT_BYTES];
	const char *use =
		serves_disks(process_fd, command) ? "serves it" : NULL;

	if (may_write(process_fd, name))
		use = "has it open for writing";
	if (!use)
		return 0;
	return pbf_refuse(why, -EBUSY, PBF_REASON_NO_OFFSET,
			  "process %s (%.64s) %s", pid, command, use);
}

static int refuse_look(const char *what, const char *name, int error,
		       struct pbf_reason *why)
{
	return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
			  "who uses it cannot be told, as %s%s cannot be read: "
			  "%s",
			  what, name, strerror(-error));
}

/* Of a process that may not be looked at: -EACCES if it is likely to count. */
static int pass_over(int process_fd)
{
	char command[TEXT_BYTES];

	return serves_disks(process_fd, command) ? -EACCES : 0;
}

/* -EACCES when the process serves disks, and may not be looked at. */
static int look_at_process(const struct stat *image, int proc_fd,
			   const char *pid, struct pbf_reason *why)
{
	_cleanup_close_ int process_fd =
		openat(proc_fd, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *stream = NULL;
	const struct dirent *item;
	bool is_hidden = false;
	int fd = -1, error = 0;

	if (process_fd >= 0)
		fd = openat(process_fd, "fd",
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		stream = fdopendir(fd);
	if (!stream) {
		error = -errno;
		if (fd >= 0)
			close(fd);
		if (is_ended(error))
			return 0;
		if (error == -EACCES || error == -EPERM)
			return pass_over(process_fd);
		return refuse_look("/proc/", pid, error, why);
	}
	while (error == 0 && (item = readdir(stream))) {
		struct stat st;

		if (!isdigit((unsigned char)item->d_name[0]))
			continue;
		if (fstatat(dirfd(stream), item->d_name, &st, 0) < 0)
			is_hidden |= errno == EACCES || errno == EPERM;
		else if (is_same(image, &st))
			error = refuse_use(process_fd, pid, item->d_name, why);
	}
	return error == 0 && is_hidden ? pass_over(process_fd) : error;
}

static int look_at_processes(const struct stat *image, size_t *ret_unseen,
			     struct pbf_reason *why)
{
	_cleanup_closedir_ DIR *stream = opendir("/proc");
	const struct dirent *item;

	*ret_unseen = 0;
	if (!stream)
		return refuse_look("/proc", "", -errno, why);
	while ((item = readdir(stream))) {
		int error;

		if (!isdigit((unsigned char)item->d_name[0]) ||
		    strtol(item->d_name, NULL, 10) == getpid())
			continue;
		error = look_at_process(image, dirfd(stream), item->d_name,
					why);
		if (error == -EACCES)
			(*ret_unseen)++;
		else if (error < 0)
			return error;
	}
	return 0;
}

/* Loop devices hold a file without being processes. */
static int look_at_loops(const struct stat *image, struct pbf_reason *why)
{
	_cleanup_closedir_ DIR *stream = opendir("/sys/block");
	const struct dirent *item;

	/* Not every container has it; and then it has no loop devices. */
	if (!stream && errno != ENOENT)
		return refuse_look("/sys/block", "", -errno, why);
	while (stream && (item = readdir(stream))) {
		char name[64], path[TEXT_BYTES];
		struct stat st;

		if (strncmp(item->d_name, "loop", 4) != 0)
			continue;
		snprintf(name, sizeof(name), "%.32s/loop/backing_file",
			 item->d_name);
		read_text(dirfd(stream), name, path);
		path[strcspn(path, "\n")] = '\0';
		if (path[0] == '/' && stat(path, &st) == 0 &&
		    is_same(image, &st))
			return pbf_refuse(why, -EBUSY, PBF_REASON_NO_OFFSET,
					  "/dev/%s is a loop device over it",
					  item->d_name);
	}
	return 0;
}

/* Whether the block device MAJOR:MINOR is the image, or a partition of it. */
static bool is_part_of(const struct stat *image, unsigned int major_number,
		       unsigned int minor_number)
{
	char path[128], text[TEXT_BYTES];
	unsigned int whole_major, whole_minor;

	if (makedev(major_number, minor_number) == image->st_rdev)
		return true;
	/* The directory of a partition lies in that of its disk. */
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition",
		 major_number, minor_number);
	if (access(path, F_OK) < 0)
		return false;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../dev",
		 major_number, minor_number);
	read_text(AT_FDCWD, path, text);
	/* The kernel wrote it. NOLINTNEXTLINE(cert-err34-c) */
	return sscanf(text, "%u:%u", &whole_major, &whole_minor) == 2 &&
	       makedev(whole_major, whole_minor) == image->st_rdev;
}

static int look_at_mounts(const struct stat *image, struct pbf_reason *why)
{
	_cleanup_stream_ FILE *stream = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	size_t room = 0;

	if (!stream)
		return refuse_look("/proc/self/mountinfo", "", -errno, why);
	while (getline(&line, &room, stream) >= 0) {
		unsigned int major_number, minor_number;
		char where[256];

		/* id, parent, device, root, mount point: proc(5) */
		/* NOLINTNEXTLINE(cert-err34-c) */
		if (sscanf(line, "%*u %*u %u:%u %*s %255s", &major_number,
			   &minor_number, where) == 3 &&
		    is_part_of(image, major_number, minor_number))
			return pbf_refuse(why, -EBUSY, PBF_REASON_NO_OFFSET,
					  "it is mounted on %s", where);
	}
	return 0;
}

/* Mounts elsewhere, logical volumes, RAID: they claim a device. */
static int look_at_claims(const char *path, struct pbf_reason *why)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd < 0 && errno == EBUSY)
		return pbf_refuse(why, -EBUSY, PBF_REASON_NO_OFFSET,
				  "the kernel uses it, as a mount or a part of "
				  "another device");
	return 0;
}

int image_in_use(const char *path, size_t *ret_unseen, struct pbf_reason *why)
{
	struct stat image;
	size_t unseen;
	int error;

	if (stat(path, &image) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "cannot be examined: %s", strerror(errno));
	if (!S_ISREG(image.st_mode) && !S_ISBLK(image.st_mode))
		return pbf_refuse(why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
				  "neither a regular file nor a block device");
	error = look_at_processes(&image, &unseen, why);
	if (error < 0 && error != -EBUSY)
		return error;
	if (error == 0)
		error = look_at_loops(&image, why);
	if (error == 0 && S_ISBLK(image.st_mode))
		error = look_at_mounts(&image, why);
	if (error == 0 && S_ISBLK(image.st_mode))
		error = look_at_claims(path, why);
	*ret_unseen = unseen;
	return error;
}
