/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: everything that changes is guarded by `lock`. */
#include "image_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path_watch.h"

struct pbf_image_directory {
	char *path;
	dev_t excluded; /* the daemon's own mount; 0 when it is not known */
	pthread_mutex_t lock;
	struct pbf_directory *first;   /* as opened at the start */
	struct pbf_directory *current; /* where the path led last */
	struct pbf_path_watch watch;   /* of the way there */
	/* Used by nobody any more; closing one may hang. */
	struct pbf_directory *left;
	bool is_inside;
};

static struct pbf_directory *use(struct pbf_directory *entered)
{
	entered->users++;
	return entered;
}

/* With the lock held. */
static void release(struct pbf_image_directory *directory,
		    struct pbf_directory *entered)
{
	if (--entered->users > 0)
		return;
	entered->next_left = directory->left;
	directory->left = entered;
}

static void close_one(struct pbf_directory *opened)
{
	pbf_close_descriptor(&opened->fd);
	pbf_board_index_free(opened->index);
	free(opened);
}

/* Without the lock, and not where nobody may wait. */
static void close_left(struct pbf_image_directory *directory)
{
	struct pbf_directory *left;

	pthread_mutex_lock(&directory->lock);
	left = directory->left;
	directory->left = NULL;
	pthread_mutex_unlock(&directory->lock);
	while (left) {
		struct pbf_directory *next = left->next_left;

		close_one(left);
		left = next;
	}
}

/* Opens what PLACE is; its one user is the caller. */
static int open_place(const struct pbf_place *place,
		      struct pbf_directory **ret_opened)
{
	struct pbf_directory *opened = calloc(1, sizeof(*opened));
	int error = opened ? pbf_board_index_new(&opened->index) : -ENOMEM;
	struct stat stat;

	if (error < 0) {
		free(opened);
		return error;
	}
	opened->users = 1;
	opened->fd = openat(place->directory_fd, place->name,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* What has just been opened may be another one than was met. */
	if (opened->fd < 0 || fstat(opened->fd, &stat) < 0) {
		error = -errno;
		close_one(opened);
		return error;
	}
	opened->device = stat.st_dev;
	opened->inode = stat.st_ino;
	opened->is_local = pbf_is_on_local_disk(opened->fd);
	*ret_opened = opened;
	return 0;
}

static int walk_path(const struct pbf_image_directory *directory,
		     struct pbf_path_watch *watch, struct pbf_place *ret_place)
{
	const struct pbf_walk walk = {
		.reach = PBF_ANYWHERE,
		.excluded = directory->excluded,
		.through = pbf_path_watch_through,
		.context = watch,
	};

	return pbf_walk(&walk, -1, directory->path, ret_place);
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
	directory->watch = pbf_path_watch_begin();
	directory->path = absolute(path);
	error = directory->path ?
			walk_path(directory, &directory->watch, &place) :
			-ENOMEM;
	if (error == 0)
		error = open_place(&place, &directory->first);
	if (error < 0) {
		pbf_image_directory_free(directory);
		return error;
	}
	directory->current = use(directory->first);
	directory->watch.holds &= directory->first->is_local;
	*ret_directory = directory;
	return 0;
}

void pbf_image_directory_free(struct pbf_image_directory *directory)
{
	if (!directory)
		return;
	if (directory->current)
		release(directory, directory->current);
	if (directory->first)
		release(directory, directory->first);
	close_left(directory);
	pbf_path_watch_release(&directory->watch);
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

static struct pbf_directory *
use_if_watched(struct pbf_image_directory *directory)
{
	struct pbf_directory *entered = NULL;

	pthread_mutex_lock(&directory->lock);
	if (pbf_path_watch_holds(&directory->watch))
		entered = use(directory->current);
	pthread_mutex_unlock(&directory->lock);
	return entered;
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

static bool is_current(struct pbf_image_directory *directory,
		       const struct stat *stat)
{
	bool is_same;

	pthread_mutex_lock(&directory->lock);
	is_same = directory->current->device == stat->st_dev &&
		  directory->current->inode == stat->st_ino;
	pthread_mutex_unlock(&directory->lock);
	return is_same;
}

/*
 * Makes OPENED, unless it is NULL, the current directory.  The way is watched
 * by WATCH, which is taken, and led to FOUND.  Uses the directory.
 */
static struct pbf_directory *settle(struct pbf_image_directory *directory,
				    struct pbf_directory *opened,
				    const struct stat *found,
				    struct pbf_path_watch *watch)
{
	struct pbf_path_watch old;
	struct pbf_directory *entered;

	pthread_mutex_lock(&directory->lock);
	if (opened) {
		release(directory, directory->current);
		directory->current = opened;
	}
	entered = use(directory->current);
	watch->holds &= entered->is_local && entered->device == found->st_dev &&
			entered->inode == found->st_ino;
	old = directory->watch;
	directory->watch = *watch;
	directory->is_inside = false;
	pthread_mutex_unlock(&directory->lock);
	*watch = old;
	return entered;
}

/* Follows the path anew. */
static int enter_anew(struct pbf_image_directory *directory,
		      struct pbf_directory **ret_entered)
{
	_cleanup_(pbf_path_watch_release) struct pbf_path_watch watch =
		pbf_path_watch_begin();
	_cleanup_place_ struct pbf_place place = { .directory_fd = -1 };
	struct pbf_directory *opened = NULL;
	int error;

	close_left(directory);
	error = walk_path(directory, &watch, &place);
	if (error == -EDEADLK) {
		*ret_entered = use_first(directory);
		return 0;
	}
	if (error == 0 && !is_current(directory, &place.stat))
		error = open_place(&place, &opened);
	if (error < 0)
		return error;
	*ret_entered = settle(directory, opened, &place.stat, &watch);
	return 0;
}

int pbf_image_directory_enter(struct pbf_image_directory *directory,
			      enum pbf_reach reach,
			      struct pbf_directory **ret_entered)
{
	struct pbf_directory *entered = use_if_watched(directory);

	if (!entered)
		return reach == PBF_AT_ONCE ?
			       -EAGAIN :
			       enter_anew(directory, ret_entered);
	*ret_entered = entered;
	return 0;
}

void pbf_image_directory_leave(struct pbf_image_directory *directory,
			       struct pbf_directory *entered)
{
	pthread_mutex_lock(&directory->lock);
	release(directory, entered);
	pthread_mutex_unlock(&directory->lock);
}
