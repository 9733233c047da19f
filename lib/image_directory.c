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
	release(directory->current);
	release(directory->first);
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
 * Makes OPENED, unless it is NULL, the current directory, the way to which is
 * watched by WATCH.  Takes both, and uses the directory.
 */
static struct pbf_directory *settle(struct pbf_image_directory *directory,
				    struct pbf_directory *opened,
				    struct pbf_path_watch *watch)
{
	struct pbf_path_watch old;
	struct pbf_directory *entered;

	pthread_mutex_lock(&directory->lock);
	if (opened) {
		release(directory->current);
		directory->current = opened;
	}
	entered = use(directory->current);
	watch->holds &= entered->is_local;
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
	int error = walk_path(directory, &watch, &place);

	if (error == -EDEADLK) {
		*ret_entered = use_first(directory);
		return 0;
	}
	if (error == 0 && !is_current(directory, &place.stat))
		error = open_place(&place, &opened);
	if (error < 0)
		return error;
	*ret_entered = settle(directory, opened, &watch);
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
	release(entered);
	pthread_mutex_unlock(&directory->lock);
}
