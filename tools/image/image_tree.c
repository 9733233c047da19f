/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fat_claim.h"
#include "say.h"

struct frame {
	struct image_entry self; /* its name belongs to the frame above */
	struct image_dir dir;
	size_t next; /* entry to look at */
	size_t path_length;
};

struct walk {
	struct image_view *view;
	const struct image_visitor *visitor;
	struct pbf_claims claims; /* of the directories entered */
	char *path;
	size_t path_bytes;
	bool damaged;
	struct frame frames[IMAGE_DEPTH_MAX];
	size_t depth;
};

static int refuse(struct walk *walk, const struct image_entry *entry,
		  const char *text)
{
	struct pbf_reason why;

	walk->damaged = true;
	pbf_refuse(&why, -EUCLEAN, entry->slot_offset_bytes, "%s", text);
	say_refusal(walk->view->name, walk->path, -EUCLEAN, &why,
		    "leaving it out");
	return 0;
}

/*
 * Whether no directory that was entered before has a cluster of the one at
 * CLUSTER; 0 or 1, or a negative errno, which was said.
 */
static int is_separate(struct walk *walk, uint32_t cluster)
{
	struct pbf_claim claim;
	struct pbf_reason why = { .text = "" };
	int error;

	if (cluster == PBF_FAT_ROOT)
		cluster = pbf_fat_volume_geometry(walk->view->source.volume)
				  ->root_cluster;
	if (!pbf_fat_cluster_exists(walk->view->source.volume, cluster))
		return 1; /* the root area, or refused when it is read */
	error = pbf_claim_chain(&walk->claims, cluster, &claim, &why);
	if (error < 0)
		say_refusal(walk->view->name, walk->path, error, &why, NULL);
	return error < 0 ? error : claim.end != PBF_CLAIM_SHARED;
}

static int call(const struct walk *walk,
		int (*function)(void *context, const struct image_step *step))
{
	const struct frame *frame = &walk->frames[walk->depth - 1];
	const struct image_step step = {
		.path = walk->path,
		.depth = walk->depth - 1,
		.self = &frame->self,
		.dir = &frame->dir,
	};

	return function ? function(walk->visitor->context, &step) : 0;
}

/* Enters the directory SELF, which walk->path names. */
static int enter(struct walk *walk, const struct image_entry *self)
{
	struct frame *frame = &walk->frames[walk->depth];
	int error;

	if (walk->depth > 0 && self->first_cluster == PBF_FAT_ROOT)
		return refuse(walk, self,
			      "directory's first cluster 0 is not in the "
			      "volume");
	error = is_separate(walk, self->first_cluster);
	if (error < 0)
		return error;
	if (error == 0)
		return refuse(walk, self,
			      "directory contains itself, or shares clusters "
			      "with another");
	if (walk->depth == IMAGE_DEPTH_MAX)
		return refuse(walk, self, "too many directories deep");
	*frame = (struct frame){ .self = *self,
				 .path_length = strlen(walk->path) };
	error = image_dir_read(walk->view, self->first_cluster, walk->path,
			       &frame->dir);
	if (error == -ENOMEM)
		return error;
	walk->damaged = walk->damaged || error < 0;
	walk->depth++;
	return call(walk, walk->visitor->enter);
}

/* Puts NAME behind the path of the innermost directory. */
static int extend_path(struct walk *walk, const char *name)
{
	size_t length = walk->frames[walk->depth - 1].path_length;
	size_t needed = length + strlen(name) + 2;

	if (needed > walk->path_bytes) {
		char *path = realloc(walk->path, needed * 2);

		if (!path)
			return image_view_no_memory(walk->view);
		walk->path = path;
		walk->path_bytes = needed * 2;
	}
	if (length > 0)
		walk->path[length++] = '/';
	memcpy(walk->path + length, name, strlen(name) + 1);
	return 0;
}

/* Goes on to the next directory within the innermost, or out of that. */
static int step(struct walk *walk)
{
	struct frame *frame = &walk->frames[walk->depth - 1];
	int result;

	while (frame->next < frame->dir.count &&
	       !frame->dir.entries[frame->next].is_directory)
		frame->next++;
	if (frame->next < frame->dir.count) {
		const struct image_entry *entry =
			&frame->dir.entries[frame->next++];

		result = extend_path(walk, entry->name);
		return result < 0 ? result : enter(walk, entry);
	}
	walk->path[frame->path_length] = '\0';
	result = call(walk, walk->visitor->leave);
	image_dir_release(&frame->dir);
	walk->depth--;
	return result;
}

int image_tree_walk(struct image_view *view, const struct image_entry *start,
		    const char *path, const struct image_visitor *visitor)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	int result;

	if (!walk)
		return image_view_no_memory(view);
	walk->view = view;
	walk->visitor = visitor;
	walk->path = strdup(path);
	walk->path_bytes = strlen(path) + 1;
	if (walk->path &&
	    pbf_claims_init(&walk->claims, view->source.volume) == 0)
		result = enter(walk, start);
	else
		result = image_view_no_memory(view);
	while (result == 0 && walk->depth > 0)
		result = step(walk);
	if (result == 0 && walk->damaged)
		result = -EUCLEAN;
	while (walk->depth > 0)
		image_dir_release(&walk->frames[--walk->depth].dir);
	pbf_claims_release(&walk->claims);
	free(walk->path);
	free(walk);
	return result;
}
