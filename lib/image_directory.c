/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: everything that changes is guarded by `lock`. */
#include "image_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

struct pbf_image_directory {
	char *path;
	dev_t excluded; /* the daemon's own mount; 0 when it is not known */
	bool root_is_local;
	pthread_mutex_t lock;
	struct pbf_directory *first;   /* as opened at the start */
	struct pbf_directory *current; /* where the path led last */
	bool is_inside;
};

static struct pbf_directory *use(struct pbf_directory *entered)
{
	entered->users++;
	return entered;
}

/* With the lock held, or while nobody else knows of it. */
static void release(struct pbf_directory *entered)
{
	if (!entered || --entered->users > 0)
		return;
	close(entered->fd);
	pbf_board_index_free(entered->index);
	free(entered);
}

/* Opens what PLACE is; its one user is the caller. */
static int open_place(const struct pbf_place *place,
		      struct pbf_directory **ret_opened)
{
	struct pbf_directory *opened = calloc(1, sizeof(*opened));
	int error = opened ? pbf_board_index_new(&opened->index) : -ENOMEM;

	if (error < 0) {
		free(opened);
		return error;
	}
	opened->users = 1;
	opened->device = place->stat.st_dev;
	opened->inode = place->stat.st_ino;
	opened->fd = openat(place->directory_fd, place->name,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (opened->fd < 0) {
		error = -errno;
		release(opened);
		return error;
	}
	*ret_opened = opened;
	return 0;
}

static int walk_path(const struct pbf_image_directory *directory,
		     struct pbf_place *ret_place)
{
	const struct pbf_walk walk = {
		.reach = PBF_ANYWHERE,
		.excluded = directory->excluded,
	};

	return pbf_walk(&walk, -1, directory->path, ret_place);
}

/* Whether "/" is on a file system that waits for its own disk at most. */
static bool is_root_local(void)
{
	static const unsigned int types[] = {
		BTRFS_SUPER_MAGIC,     EXT4_SUPER_MAGIC, F2FS_SUPER_MAGIC,
		OVERLAYFS_SUPER_MAGIC, SQUASHFS_MAGIC,	 TMPFS_MAGIC,
		XFS_SUPER_MAGIC,
	};
	_cleanup_close_ int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((unsigned int)fs.f_type == types[i])
			return true;
	return false;
}

static char *absolute(const char *path)
{
	_cleanup_free_ char *here = NULL;
	char *joined;

	if (path[0] == '/')
		return strdup(path);
	here = getcwd(NULL, 0);
	if (!here || asprintf(&joined, "%s/%s", here, path) < 0)
		return NULL;
	return joined;
}

int pbf_image_directory_open(const char *path,
			     struct pbf_image_directory **ret_directory)
{
	struct pbf_image_directory *directory = calloc(1, sizeof(*directory));
	_cleanup_place_ struct pbf_place place = { .directory_fd = -1 };
	int error;

	if (!directory)
		return -ENOMEM;
	pthread_mutex_init(&directory->lock, NULL);
	directory->root_is_local = is_root_local();
	directory->path = absolute(path);
	error = directory->path ? walk_path(directory, &place) : -ENOMEM;
	if (error == 0)
		error = open_place(&place, &directory->first);
	if (error < 0) {
		pbf_image_directory_free(directory);
		return error;
	}
	directory->current = use(directory->first);
	*ret_directory = directory;
	return 0;
}

void pbf_image_directory_free(struct pbf_image_directory *directory)
{
	if (!directory)
		return;
	release(directory->current);
	release(directory->first);
	pthread_mutex_destroy(&directory->lock);
	free(directory->path);
	free(directory);
}

const char *
pbf_image_directory_path(const struct pbf_image_directory *directory)
{
	return directory->path;
}

void pbf_image_directory_exclude(struct pbf_image_directory *directory,
				 dev_t device)
{
	directory->excluded = device;
}

dev_t pbf_image_directory_excluded(const struct pbf_image_directory *directory)
{
	return directory->excluded;
}

bool pbf_image_directory_is_inside(struct pbf_image_directory *directory)
{
	bool is_inside;

	pthread_mutex_lock(&directory->lock);
	is_inside = directory->is_inside;
	pthread_mutex_unlock(&directory->lock);
	return is_inside;
}

/* The current directory, if it is the one that STAT is of; else NULL. */
static struct pbf_directory *use_if_same(struct pbf_image_directory *directory,
					 const struct stat *stat)
{
	struct pbf_directory *entered = NULL;

	pthread_mutex_lock(&directory->lock);
	if (directory->current->device == stat->st_dev &&
	    directory->current->inode == stat->st_ino)
		entered = use(directory->current);
	if (entered)
		directory->is_inside = false;
	pthread_mutex_unlock(&directory->lock);
	return entered;
}

static struct pbf_directory *
enter_at_once(struct pbf_image_directory *directory)
{
	_cleanup_close_ int fd =
		directory->root_is_local ?
			pbf_directory_at_once(directory->path) :
			-1;
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat) < 0)
		return NULL;
	return use_if_same(directory, &stat);
}

static struct pbf_directory *use_first(struct pbf_image_directory *directory)
{
	struct pbf_directory *entered;

	pthread_mutex_lock(&directory->lock);
	directory->is_inside = true;
	entered = use(directory->first);
	pthread_mutex_unlock(&directory->lock);
	return entered;
}

/* Makes OPENED, whose user is the caller, the current one. */
static void replace(struct pbf_image_directory *directory,
		    struct pbf_directory *opened)
{
	pthread_mutex_lock(&directory->lock);
	release(directory->current);
	directory->current = use(opened);
	directory->is_inside = false;
	pthread_mutex_unlock(&directory->lock);
}

int pbf_image_directory_enter(struct pbf_image_directory *directory,
			      enum pbf_reach reach,
			      struct pbf_directory **ret_entered)
{
	_cleanup_place_ struct pbf_place place = { .directory_fd = -1 };
	struct pbf_directory *entered = enter_at_once(directory);
	int error = 0;

	if (!entered && reach == PBF_AT_ONCE)
		return -EAGAIN;
	if (!entered) {
		error = walk_path(directory, &place);
		if (error == 0)
			entered = use_if_same(directory, &place.stat);
		else if (error == -EDEADLK)
			entered = use_first(directory);
		if (!entered && error == 0) {
			error = open_place(&place, &entered);
			if (error == 0)
				replace(directory, entered);
		}
	}
	if (!entered)
		return error;
	*ret_entered = entered;
	return 0;
}

void pbf_image_directory_leave(struct pbf_image_directory *directory,
			       struct pbf_directory *entered)
{
	pthread_mutex_lock(&directory->lock);
	release(entered);
	pthread_mutex_unlock(&directory->lock);
}
