/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The least a FUSE file system can do and still be asked as pibootfs is: one
 * directory, "board", with one file, "file", whose content lies in memory.
 * Names are live (no entry timeout), attributes and pages are kept.  What it
 * costs is what FUSE costs; the benchmark shows pibootfs beside it.
 *
 *	minimal-fs MOUNTPOINT FILE	serves FILE's content, in the foreground
 */
#define FUSE_USE_VERSION 314

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_SECONDS 86400.0

enum {
	INODE_BOARD = 2,
	INODE_FILE = 3,
};

static char *content;
static size_t content_bytes;

static struct stat attributes_of(fuse_ino_t inode)
{
	return (struct stat){
		.st_ino = inode,
		.st_mode =
			inode == INODE_FILE ? S_IFREG | 0444 : S_IFDIR | 0555,
		.st_nlink = inode == INODE_FILE ? 1 : 2,
		.st_size = inode == INODE_FILE ? (off_t)content_bytes : 0,
	};
}

static void lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { .attr_timeout = KEPT_SECONDS };

	if (parent == FUSE_ROOT_ID && strcmp(name, "board") == 0)
		entry.ino = INODE_BOARD;
	else if (parent == INODE_BOARD && strcmp(name, "file") == 0)
		entry.ino = INODE_FILE;
	if (entry.ino == 0) {
		fuse_reply_err(request, ENOENT);
		return;
	}
	entry.attr = attributes_of(entry.ino);
	fuse_reply_entry(request, &entry);
}

static void getattr(fuse_req_t request, fuse_ino_t inode,
		    struct fuse_file_info *file)
{
	struct stat attributes = attributes_of(inode);

	(void)file;
	fuse_reply_attr(request, &attributes, KEPT_SECONDS);
}

static void open_file(fuse_req_t request, fuse_ino_t inode,
		      struct fuse_file_info *file)
{
	(void)inode;
	file->keep_cache = 1;
	fuse_reply_open(request, file);
}

static void read_file(fuse_req_t request, fuse_ino_t inode, size_t size,
		      off_t offset, struct fuse_file_info *file)
{
	size_t start = (size_t)offset;

	(void)inode;
	(void)file;
	if (offset < 0 || start > content_bytes)
		start = content_bytes;
	if (size > content_bytes - start)
		size = content_bytes - start;
	fuse_reply_buf(request, content + start, size);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = lookup,
	.getattr = getattr,
	.open = open_file,
	.read = read_file,
};

static int read_content(const char *path)
{
	FILE *file = fopen(path, "rb");
	long size;

	if (!file)
		return -1;
	if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) <= 0) {
		fclose(file);
		return -1;
	}
	rewind(file);
	content = malloc((size_t)size);
	if (content)
		content_bytes = fread(content, 1, (size_t)size, file);
	fclose(file);
	return content && content_bytes == (size_t)size ? 0 : -1;
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
		fputs("usage: minimal-fs MOUNTPOINT FILE\n", stderr);
		return 2;
	}
	if (read_content(argv[2]) < 0) {
		fprintf(stderr, "minimal-fs: %s: cannot be read\n", argv[2]);
		return 1;
	}
	status = serve(argv[1]);
	free(content);
	return status;
}
