/* SPDX-License-Identifier: BSD-2-Clause */
#include "path_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */

/* As openat(2) with O_PATH, within REACH. */
static int open_path(int directory_fd, const char *name, uint64_t flags,
		     enum pbf_reach reach)
{
	struct open_how how = { .flags = flags | O_PATH | O_CLOEXEC };
	int fd;

	if (reach != PBF_ANYWHERE)
		how.resolve = RESOLVE_NO_XDEV;
	if (reach == PBF_AT_ONCE)
		how.resolve |= RESOLVE_CACHED;
	fd = (int)syscall(SYS_openat2, directory_fd, name, &how, sizeof(how));
	if (fd >= 0)
		return fd;
	/* An old kernel, or a sandbox that does not know of it. */
	if (errno == ENOSYS || errno == EPERM || errno == EINVAL) {
		if (reach == PBF_AT_ONCE)
			return -EAGAIN;
		fd = openat(directory_fd, name, (int)how.flags);
	}
	if (fd < 0 && errno == EXDEV)
		return -EAGAIN;
	return fd < 0 ? -errno : fd;
}

/* What is left of a path, and the directory it is to be looked up in. */
struct walk_state {
	const struct pbf_walk *walk;
	struct pbf_place *place;
	int directory_fd; /* place->directory_fd, or the caller's */
	struct stat directory;
	char path[PATH_MAX];
	const char *rest; /* of `path` */
	int links;
};

/* The stat of FD; asks nothing of the excluded file system. */
static int examine(const struct walk_state *state, int fd, struct stat *ret)
{
	struct statx facts;

	/* Who does not leave a file system does not come into another one. */
	if (state->walk->excluded != 0 && state->walk->reach == PBF_ANYWHERE &&
	    (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &facts) < 0 ||
	     makedev(facts.stx_dev_major, facts.stx_dev_minor) ==
		     state->walk->excluded))
		return -EDEADLK;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

/* Goes on in FD, which is taken. */
static void enter(struct walk_state *state, int fd, const struct stat *stat)
{
	pbf_place_release(state->place);
	state->place->directory_fd = fd;
	state->directory_fd = fd;
	state->directory = *stat;
}

static int enter_root(struct walk_state *state)
{
	dev_t device = state->directory.st_dev;
	_cleanup_close_ int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat stat;
	int error;

	if (fd < 0)
		return -errno;
	error = examine(state, fd, &stat);
	if (error < 0)
		return error;
	/* A path that begins there is for who may go anywhere. */
	if (state->walk->reach != PBF_ANYWHERE && stat.st_dev != device)
		return -EAGAIN;
	enter(state, pbf_take_descriptor(&fd), &stat);
	return 0;
}

/*
 * Whether what the link NAME says is in memory: the kernel follows no other
 * when it may not wait.
 */
static bool is_link_at_hand(const struct walk_state *state)
{
	_cleanup_close_ int fd = open_path(state->directory_fd,
					   state->place->name, 0, PBF_AT_ONCE);

	return fd != -EAGAIN;
}

/* Puts what the link FD says before the rest of the path. */
static int follow_link(struct walk_state *state, int fd)
{
	char target[PATH_MAX], path[PATH_MAX];
	ssize_t length;

	if (state->walk->reach == PBF_AT_ONCE && !is_link_at_hand(state))
		return -EAGAIN;
	length = readlinkat(fd, "", target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	if (++state->links > LINKS_MAX)
		return -ELOOP;
	target[length] = '\0';
	if (snprintf(path, sizeof(path), "%s%s%s", target,
		     state->rest[0] ? "/" : "",
		     state->rest) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	memcpy(state->path, path, sizeof(path));
	state->rest = state->path;
	return path[0] == '/' ? enter_root(state) : 0;
}

/*
 * Takes the next name off the rest.  Where there is none, after a slash, the
 * path ends in the directory itself.
 */
static int take_name(struct walk_state *state)
{
	const char *start = state->rest + strspn(state->rest, "/");
	size_t length = strcspn(start, "/");

	state->rest = start + length + strspn(start + length, "/");
	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	if (length == 0) {
		start = ".";
		length = 1;
	}
	memcpy(state->place->name, start, length);
	state->place->name[length] = '\0';
	return 0;
}

/* Looks up place->name; positive when that is where the path ends. */
static int step(struct walk_state *state)
{
	struct pbf_place *place = state->place;
	const struct pbf_walk *walk = state->walk;
	_cleanup_close_ int fd = open_path(state->directory_fd, place->name,
					   O_NOFOLLOW, walk->reach);
	struct stat stat;
	bool is_last = state->rest[0] == '\0';
	int error = fd < 0 ? fd : examine(state, fd, &stat);

	if (error < 0)
		return error;
	if (is_last && walk->met)
		walk->met(walk->context, &state->directory, place->name, &stat);
	if (S_ISLNK(stat.st_mode))
		return follow_link(state, fd);
	if (is_last) {
		place->stat = stat;
		return 1;
	}
	enter(state, pbf_take_descriptor(&fd), &stat);
	return 0;
}

int pbf_walk(const struct pbf_walk *walk, int directory_fd, const char *path,
	     struct pbf_place *ret_place)
{
	_cleanup_place_ struct pbf_place place = { .directory_fd = -1 };
	struct walk_state state = {
		.walk = walk,
		.place = &place,
		.directory_fd = directory_fd,
	};
	size_t length = strlen(path);
	int result;

	if (length >= sizeof(state.path))
		return -ENAMETOOLONG;
	memcpy(state.path, path, length + 1);
	state.rest = state.path;
	result = path[0] == '/' ?
			 enter_root(&state) :
			 examine(&state, directory_fd, &state.directory);
	while (result == 0) {
		result = take_name(&state);
		if (result == 0 && walk->through)
			walk->through(walk->context, state.directory_fd);
		if (result == 0)
			result = step(&state);
	}
	if (result > 0 && place.directory_fd < 0 && !walk->only_stat) {
		place.directory_fd = fcntl(directory_fd, F_DUPFD_CLOEXEC, 0);
		if (place.directory_fd < 0)
			result = -errno;
	}
	if (result < 0)
		return result;
	*ret_place = place;
	place.directory_fd = -1;
	return 0;
}
