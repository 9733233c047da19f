/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All directories from one on downwards.  Each is entered once, however many
 * names a hostile image gives it, and there is no recursion.
 */
#ifndef PBF_IMAGE_TREE_H
#define PBF_IMAGE_TREE_H

#include "fat_dir.h"
#include "image_dir.h"
#include "image_view.h"

/* A directory on the way. */
struct image_step {
	const char *path; /* in the image, "" for the root */
	size_t depth;	  /* 0 where the walk begins */
	const struct image_entry *self;
	const struct image_dir *dir; /* what is in it */
};

/*
 * Called for each directory before those in it, and after them.  A result
 * other than 0 ends the walk.
 */
struct image_visitor {
	int (*enter)(void *context, const struct image_step *step);
	int (*leave)(void *context,
		     const struct image_step *step); /* or NULL */
	void *context;
};

/* A walk is never deeper than this. */
#define IMAGE_DEPTH_MAX (PBF_FAT_DEPTH_MAX + 1)

/*
 * Walks from START, the directory at PATH.  Returns what ended the walk, or
 * -EUCLEAN when some directories could not be read or entered, or -ENOMEM;
 * both were said.
 */
int image_tree_walk(struct image_view *view, const struct image_entry *start,
		    const char *path, const struct image_visitor *visitor);

#endif
