/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The least a FUSE file system can do and still be asked as pibootfs is: every
 * name in its root is a board's directory, and all boards have the same files,
 * whose content lies in memory.  Names are live (no entry timeout), attributes
 * and pages are kept.  What it costs is what FUSE costs; the benchmark shows
 * pibootfs beside it.
 *
 *	minimal-fs MOUNTPOINT DIRECTORY	serves the files in DIRECTORY, in the
 *					foreground
 */
#define FUSE_USE_VERSION 314

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEPT_SECONDS 86400.0
#define FILES_MAX 64u
#define FIRST_FILE 2u
/* Boards are numbered by their names, in hexadecimal, from here. */
#define FIRST_BOARD ((fuse_ino_t)1 << 40)

struct file {
	char name[NAME_MAX + 1];
	char *content;
	size_t size_bytes;
};

static struct file files[FILES_MAX];
static size_t file_count;

static const struct file *file_of(fuse_ino_t inode)
{
	return inode >= FIRST_FILE && inode < FIRST_FILE + file_count ?
		       &files[inode - FIRST_FILE] :
		       NULL;
}

static struct stat attributes_of(fuse_ino_t inode)
{
	const struct file *file = file_of(inode);

	return (struct stat){
		.st_ino = inode,
		.st_mode = file ? S_IFREG | 0444 : S_IFDIR | 0555,
		.st_nlink = file ? 1 : 2,
		.st_size = file ? (off_t)file->size_bytes : 0,
	};
}

static void lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { .attr_timeout = KEPT_SECONDS };

	if (parent == FUSE_ROOT_ID)
		entry.ino = FIRST_BOARD + strtoul(name, NULL, 16);
	for (size_t i = 0; parent != FUSE_ROOT_ID && i < file_count; i++)
		if (strcmp(files[i].name, name) == 0)
			entry.ino = FIRST_FILE + i;
	if (entry.ino == 0) {
		fuse_reply_err(request, ENOENT);
		return;
	}
	entry.attr = attributes_of(entry.ino);
	fuse_reply_entry(request, &entry);
}

static void getattr(fuse_req_t request, fuse_ino_t inode,
		    struct fuse_file_info *info)
{
	struct stat attributes = attributes_of(inode);

	(void)info;
	fuse_reply_attr(request, &attributes, KEPT_SECONDS);
}

static void open_file(fuse_req_t request, fuse_ino_t inode,
		      struct fuse_file_info *info)
{
	(void)inode;
	info->keep_cache = 1;
	fuse_reply_open(request, info);
}

static void read_file(fuse_req_t request, fuse_ino_t inode, size_t size,
		      off_t offset, struct fuse_file_info *info)
{
	const struct file *file = file_of(inode);
	size_t start = (size_t)offset;

	(void)info;
	if (offset < 0 || start > file->size_bytes)
		start = file->size_bytes;
	if (size > file->size_bytes - start)
		size = file->size_bytes - start;
	fuse_reply_buf(request, file->content + start, size);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = lookup,
	.getattr = getattr,
	.open = open_file,
	.read = read_file,
};

static int read_content(int directory, const char *name)
{
	struct file *file = &files[file_count];
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t got = -1;

	if (fd >= 0 && file_count < FILES_MAX && fstat(fd, &st) == 0) {
		file->size_bytes = (size_t)st.st_size;
		file->content = malloc(file->size_bytes + 1);
		if (file->content)
			got = read(fd, file->content, file->size_bytes);
	}
	if (fd >= 0)
		close(fd);
	if (got < 0 || (size_t)got != file->size_bytes)
		return -1;
	snprintf(file->name, sizeof(file->name), "%s", name);
	file_count++;
	return 0;
}

static int read_directory(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	int error = 0;

	if (!directory)
		return -1;
	while (error == 0 && (entry = readdir(directory)))
		if (entry->d_type == DT_REG)
			error = read_content(dirfd(directory), entry->d_name);
	closedir(directory);
	return error;
}

static int serve(const char *mountpoint)
{
	char program[] = "minimal-fs", option[] = "-oro,allow_other";
	char *words[] = { program, option };
	struct fuse_args args = FUSE_ARGS_INIT(2, words);
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	struct fuse_session *session =
		fuse_session_new(&args, &operations, sizeof(operations), NULL);
	int status = 1;

	if (config && session && fuse_set_signal_handlers(session) == 0) {
		if (fuse_session_mount(session, mountpoint) == 0) {
			status = fuse_session_loop_mt(session, config) < 0;
			fuse_session_unmount(session);
		}
		fuse_remove_signal_handlers(session);
	}
	if (session)
		fuse_session_destroy(session);
	if (config)
		fuse_loop_cfg_destroy(config);
	fuse_opt_free_args(&args);
	return status;
}

int main(int argc, char **argv)
{
	int status;

	if (argc != 3) {
		fputs("usage: minimal-fs MOUNTPOINT DIRECTORY\n", stderr);
		return 2;
	}
	if (read_directory(argv[2]) < 0) {
		fprintf(stderr, "minimal-fs: %s: cannot be read\n", argv[2]);
		return 1;
	}
	status = serve(argv[1]);
	for (size_t i = 0; i < file_count; i++)
		free(files[i].content);
	return status;
}
