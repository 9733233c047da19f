/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Following a path name by name, links and all, as far as the caller is
 * willing to go: a name can lead to storage that hangs, or into the mount of
 * this very daemon, which would then wait for itself.
 */
#ifndef PBF_PATH_WALK_H
#define PBF_PATH_WALK_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

enum pbf_reach {
	/*
	 * What the kernel has in memory of one file system: waits for nothing,
	 * if that file system is a local one.
	 */
	PBF_AT_ONCE,
	PBF_NEAR,     /* that file system, which may have to read its disk */
	PBF_ANYWHERE, /* may hang, with the storage that a link leads to */
};

struct pbf_walk {
	enum pbf_reach reach;
	dev_t excluded; /* a file system not to be entered; 0 for none */
	bool only_stat; /* no descriptor is wanted: -1 */
	/*
	 * NULL, or told of each object that is the last name of the path, or
	 * of a link that such an object was: NAME in DIRECTORY.
	 */
	void (*met)(void *context, const struct stat *directory,
		    const char *name, const struct stat *object);
	/* NULL, or told of each directory that a name is looked up in. */
	void (*through)(void *context, int directory_fd);
	void *context;
};

/* Where a walk has come to. */
struct pbf_place {
	int directory_fd; /* O_PATH */
	char name[NAME_MAX + 1];
	struct stat stat; /* never of a link */
};

/*
 * Follows PATH from DIRECTORY_FD.  -EAGAIN when it leads beyond the reach,
 * -EDEADLK when it leads into the excluded file system, -ELOOP after 40 links,
 * else as openat(2).  The caller gives *ret_place back.
 */
int pbf_walk(const struct pbf_walk *walk, int directory_fd, const char *path,
	     struct pbf_place *ret_place);

static inline void pbf_place_release(const struct pbf_place *place)
{
	pbf_close_descriptor(&place->directory_fd);
}
#define _cleanup_place_ _cleanup_(pbf_place_release)

#endif
