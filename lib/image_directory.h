/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image directory, which is a path: mounted later, renamed, replaced or
 * linked anew, it is followed at the next look.  Only where the path leads
 * into the daemon's own mount, the directory that was opened at the start goes
 * on.
 *
 * Threads: any may call.
 */
#ifndef PBF_IMAGE_DIRECTORY_H
#define PBF_IMAGE_DIRECTORY_H

#include <stdbool.h>
#include <sys/types.h>

#include "board_index.h"
#include "cleanup.h"
#include "path_walk.h"

struct pbf_image_directory;

/* The directory as it was found; does not change while it is used. */
struct pbf_directory {
	int fd;
	dev_t device;
	ino_t inode;
	bool is_local;
	struct pbf_board_index *index;
	/* image_directory.c only */
	unsigned int users;
	struct pbf_directory *next_left;
};

/* Negative errno when PATH is not a directory that can be read. */
int pbf_image_directory_open(const char *path,
			     struct pbf_image_directory **ret_directory);
void pbf_image_directory_free(struct pbf_image_directory *directory);

/* As written, made absolute. */
const char *
pbf_image_directory_path(const struct pbf_image_directory *directory);

/* Call it before other threads use the directory. */
void pbf_image_directory_exclude(struct pbf_image_directory *directory,
				 dev_t device);
dev_t pbf_image_directory_excluded(const struct pbf_image_directory *directory);

/* Whether the path led into the daemon's own mount at the last look. */
bool pbf_image_directory_is_inside(struct pbf_image_directory *directory);

/*
 * The directory that the path leads to now; the caller gives it back with
 * pbf_image_directory_leave().  At once it is known while nothing has changed
 * on its way since the last look (path_watch.h); otherwise -EAGAIN.  Any other
 * reach may hang, with the storage that the path leads to, and gives the errors
 * of pbf_walk().
 */
int pbf_image_directory_enter(struct pbf_image_directory *directory,
			      enum pbf_reach reach,
			      struct pbf_directory **ret_entered);
void pbf_image_directory_leave(struct pbf_image_directory *directory,
			       struct pbf_directory *entered);

#endif
