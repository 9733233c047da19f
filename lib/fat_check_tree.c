/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "checked.h"
#include "fat_check_internal.h"
#include "fat_table.h"

/*
 * A directory being read.  Only the clusters that it could claim are read, so
 * that none is read twice, however directories are linked.
 */
struct frame {
	struct pbf_slot_reader reader;
	uint32_t first_cluster; /* 0 for the root area of FAT12 and FAT16 */
	uint32_t cluster;	/* being read; 0 likewise */
	uint64_t clusters_left; /* its own ones after that */
	uint64_t area_offset;	/* of the cluster or root area in the volume */
	uint64_t area_bytes;
	uint64_t position;		/* within the area, of the next chunk */
	uint32_t slots, subdirectories; /* seen so far */
	uint32_t chunk_length, chunk_position;
	size_t path_length;
	unsigned char chunk[PBF_DIR_CHUNK_BYTES];
};

struct tree {
	struct pbf_check *check;
	struct frame *frames; /* the way from the root to where we are */
	size_t depth;
};

#define FRAMES_MAX (PBF_FAT_DEPTH_MAX + 1)

/* --- Faults of chains --- */

static void add_to_why(struct pbf_reason *why, uint64_t slot_offset_bytes)
{
	if (why->offset_bytes == PBF_REASON_NO_OFFSET)
		why->offset_bytes = slot_offset_bytes;
}

/* Says what is wrong where a chain meets CLAIM's end. */
static void describe_end(const struct pbf_claim *claim, uint64_t needed,
			 struct pbf_reason *why)
{
	unsigned long long count = claim->count, all = needed;

	switch (claim->end) {
	case PBF_CLAIM_COMPLETE:
		pbf_refuse(why, 0, claim->offset_bytes,
			   "chain ends after %llu of %llu clusters", count,
			   all);
		break;
	case PBF_CLAIM_FREE:
		pbf_refuse(why, 0, claim->offset_bytes,
			   "chain runs into free cluster %u after %llu of %llu "
			   "clusters",
			   claim->cluster, count + 1, all);
		break;
	case PBF_CLAIM_LEAVES:
		pbf_refuse(why, 0, claim->offset_bytes,
			   "chain leaves the volume: cluster %u links to %#x",
			   claim->cluster, claim->entry);
		break;
	case PBF_CLAIM_LOOP:
		pbf_refuse(why, 0, claim->offset_bytes,
			   "chain loops through cluster %u", claim->cluster);
		break;
	case PBF_CLAIM_SHARED:
		pbf_refuse(why, 0, claim->offset_bytes,
			   "cluster %u belongs to another chain as well",
			   claim->cluster);
		break;
	case PBF_CLAIM_UNREADABLE: /* WHY has it */
		break;
	}
}

/* The content of a chain is there, but is it within the image? */
static void check_extent(struct pbf_check *check, uint32_t first_cluster,
			 uint64_t size_bytes, struct pbf_reason *why)
{
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(check->volume);
	uint32_t cluster = first_cluster;
	enum pbf_fat_link link;
	uint64_t left = size_bytes;

	/* Most volumes lie within their image wholly. */
	if (geometry->data_start + (uint64_t)geometry->cluster_count *
					   geometry->cluster_bytes <=
	    check->readable_bytes)
		return;
	while (left > 0) {
		uint64_t offset =
			pbf_fat_cluster_offset(check->volume, cluster);
		uint64_t length = left < geometry->cluster_bytes ?
					  left :
					  geometry->cluster_bytes;

		if (offset + length > check->readable_bytes) {
			pbf_refuse(why, 0,
				   pbf_fat_volume_start(check->volume) + offset,
				   "cluster %u lies beyond the end of the "
				   "image",
				   cluster);
			pbf_check_add(check, PBF_FAULT_CHAIN, why);
			return;
		}
		left -= length;
		if (pbf_fat_link(check->volume, geometry->active_fat, cluster,
				 &link, &cluster, NULL) < 0 ||
		    link != PBF_LINK_NEXT)
			return;
	}
}

/* A file of SIZE_BYTES has claimed CLAIM. */
static void judge_file(struct pbf_check *check,
		       const struct pbf_fat_entry *entry,
		       const struct pbf_claim *claim, struct pbf_reason *why)
{
	uint64_t needed = div_round_up(
		entry->size_bytes,
		pbf_fat_volume_geometry(check->volume)->cluster_bytes);

	describe_end(claim, needed, why);
	add_to_why(why, entry->slot_offset_bytes);
	if (claim->end == PBF_CLAIM_SHARED) {
		pbf_check_add_cross_link(check, claim->cluster, why);
	} else if (claim->count < needed) {
		pbf_check_add(check, PBF_FAULT_CHAIN, why);
	} else {
		if (claim->count > needed || claim->end != PBF_CLAIM_COMPLETE) {
			pbf_refuse(why, 0, why->offset_bytes,
				   "chain goes on after the %llu clusters that "
				   "the size needs",
				   (unsigned long long)needed);
			pbf_check_add(check, PBF_FAULT_EXCESS, why);
		}
		check_extent(check, entry->first_cluster, entry->size_bytes,
			     why);
	}
}

static int check_file(struct pbf_check *check,
		      const struct pbf_fat_entry *entry)
{
	struct pbf_reason why;
	struct pbf_claim claim;
	int error;

	if (entry->size_bytes == 0 && entry->first_cluster == 0)
		return 0;
	if (!pbf_fat_cluster_exists(check->volume, entry->first_cluster)) {
		pbf_refuse(&why, 0, entry->slot_offset_bytes,
			   "first cluster %#x is not in the volume",
			   entry->first_cluster);
		pbf_check_add(check,
			      entry->size_bytes > 0 ? PBF_FAULT_CHAIN :
						      PBF_FAULT_EXCESS,
			      &why);
		return 0;
	}
	error = pbf_claim_chain(&check->claims, entry->first_cluster, &claim,
				&why);
	if (error == 0)
		judge_file(check, entry, &claim, &why);
	return error;
}

/* --- Directories --- */

static bool is_ancestor(const struct tree *tree, uint32_t cluster)
{
	for (size_t i = 0; i < tree->depth; i++)
		if (tree->frames[i].first_cluster == cluster)
			return true;
	return false;
}

static void judge_directory(const struct tree *tree,
			    const struct pbf_claim *claim,
			    uint64_t slot_offset_bytes, struct pbf_reason *why)
{
	struct pbf_check *check = tree->check;

	if (claim->end == PBF_CLAIM_COMPLETE)
		return;
	describe_end(claim, claim->count + 1, why);
	if (claim->end == PBF_CLAIM_FREE || claim->end == PBF_CLAIM_LEAVES)
		pbf_refuse(why, 0, claim->offset_bytes,
			   "directory's chain breaks at cluster %u",
			   claim->cluster);
	add_to_why(why, slot_offset_bytes);
	if (claim->end != PBF_CLAIM_SHARED) {
		pbf_check_add(check, PBF_FAULT_DIRECTORY, why);
	} else if (claim->count == 0 && is_ancestor(tree, claim->cluster)) {
		pbf_refuse(why, 0, slot_offset_bytes,
			   "directory contains itself");
		pbf_check_add(check, PBF_FAULT_LOOP, why);
	} else {
		pbf_check_add_cross_link(check, claim->cluster, why);
	}
}

static void push_frame(struct tree *tree, uint32_t first_cluster,
		       uint64_t cluster_count)
{
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(tree->check->volume);
	struct frame *frame = &tree->frames[tree->depth++];

	memset(frame, 0, offsetof(struct frame, chunk));
	frame->reader.code_page = pbf_fat_volume_code_page(tree->check->volume);
	frame->path_length = strlen(tree->check->path);
	frame->first_cluster = first_cluster;
	frame->cluster = first_cluster;
	if (first_cluster == 0) {
		frame->area_offset = geometry->root_start;
		frame->area_bytes = geometry->root_bytes;
		return;
	}
	frame->clusters_left = cluster_count - 1;
	frame->area_offset =
		pbf_fat_cluster_offset(tree->check->volume, first_cluster);
	frame->area_bytes = geometry->cluster_bytes;
}

/* Claims the directory at check->path and begins to read what is its own. */
static int enter_directory(struct tree *tree, uint32_t first_cluster,
			   uint64_t slot_offset_bytes)
{
	struct pbf_check *check = tree->check;
	struct pbf_claim claim;
	struct pbf_reason why;
	int error;

	if (!pbf_fat_cluster_exists(check->volume, first_cluster)) {
		pbf_refuse(&why, 0, slot_offset_bytes,
			   "directory's first cluster %#x is not in the "
			   "volume",
			   first_cluster);
		pbf_check_add(check, PBF_FAULT_DIRECTORY, &why);
		return 0;
	}
	error = pbf_claim_chain(&check->claims, first_cluster, &claim, &why);
	if (error < 0)
		return error;
	judge_directory(tree, &claim, slot_offset_bytes, &why);
	if (claim.count == 0)
		return 0;
	if (tree->depth == FRAMES_MAX) {
		pbf_refuse(&why, 0, slot_offset_bytes,
			   "more than %u directories deep", PBF_FAT_DEPTH_MAX);
		pbf_check_add(check, PBF_FAULT_DIRECTORY, &why);
		return 0;
	}
	push_frame(tree, first_cluster, claim.count);
	return 0;
}

static int enter_root(struct tree *tree)
{
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(tree->check->volume);

	if (geometry->type == PBF_FAT32)
		return enter_directory(tree, geometry->root_cluster,
				       PBF_REASON_NO_OFFSET);
	push_frame(tree, 0, 0);
	return 0;
}

/* Moves to the next of the directory's own clusters; false at their end. */
static bool next_area(struct pbf_check *check, struct frame *frame)
{
	uint32_t fat = pbf_fat_volume_geometry(check->volume)->active_fat;
	enum pbf_fat_link link;

	if (frame->clusters_left == 0 ||
	    pbf_fat_link(check->volume, fat, frame->cluster, &link,
			 &frame->cluster, NULL) < 0 ||
	    link != PBF_LINK_NEXT)
		return false;
	frame->clusters_left--;
	frame->area_offset =
		pbf_fat_cluster_offset(check->volume, frame->cluster);
	frame->position = 0;
	return true;
}

/* Reads on; false at the directory's end, or when that fails. */
static bool fill_chunk(struct pbf_check *check, struct frame *frame)
{
	struct pbf_reason why;
	uint64_t left;

	if (frame->position == frame->area_bytes && !next_area(check, frame))
		return false;
	left = frame->area_bytes - frame->position;
	if (left > PBF_DIR_CHUNK_BYTES)
		left = PBF_DIR_CHUNK_BYTES;
	if (pbf_fat_volume_read(check->volume,
				frame->area_offset + frame->position,
				frame->chunk, (size_t)left, &why) < 0) {
		pbf_check_add(check, PBF_FAULT_DIRECTORY, &why);
		return false;
	}
	frame->position += left;
	frame->chunk_length = (uint32_t)left;
	frame->chunk_position = 0;
	return true;
}

/* Counts the slot that comes next. */
static void count_slot(struct frame *frame)
{
	frame->slots++;
	if (pbf_slot_is_subdirectory(frame->chunk + frame->chunk_position))
		frame->subdirectories++;
}

/* As in fat_dir.c, where the innermost directory ends. */
static void note_refusal_by_linux(const struct tree *tree, struct frame *frame)
{
	struct pbf_fat_volume *volume = tree->check->volume;

	if (tree->depth == 1)
		return;
	while (frame->subdirectories < PBF_FAT_SUBDIRS_MIN &&
	       frame->slots < PBF_FAT_DIR_SLOTS_MAX &&
	       (frame->chunk_position < frame->chunk_length ||
		fill_chunk(tree->check, frame))) {
		count_slot(frame);
		frame->chunk_position += PBF_FAT_SLOT_BYTES;
	}
	/* Otherwise reading has failed. */
	if (frame->subdirectories < PBF_FAT_SUBDIRS_MIN &&
	    frame->position == frame->area_bytes)
		pbf_fat_volume_note(
			volume,
			pbf_fat_volume_start(volume) +
				pbf_fat_cluster_offset(volume,
						       frame->first_cluster),
			PBF_FAT_SUBDIRS_NOTE);
}

/* Takes the next slot of the innermost directory; END also when it fails. */
static enum pbf_slot_kind next_slot(const struct tree *tree,
				    struct pbf_fat_entry *ret_entry)
{
	struct pbf_check *check = tree->check;
	struct frame *frame = &tree->frames[tree->depth - 1];
	enum pbf_slot_kind kind;
	struct pbf_reason why;
	uint64_t offset;

	if (frame->chunk_position == frame->chunk_length &&
	    !fill_chunk(check, frame)) {
		if (frame->position == frame->area_bytes)
			note_refusal_by_linux(tree, frame);
		return PBF_SLOT_END;
	}
	offset = pbf_fat_volume_start(check->volume) + frame->area_offset +
		 frame->position - frame->chunk_length + frame->chunk_position;
	kind = pbf_slot_feed(
		&frame->reader, pbf_fat_volume_geometry(check->volume)->type,
		frame->chunk + frame->chunk_position, offset, ret_entry, &why);
	if (kind == PBF_SLOT_BAD)
		pbf_check_add(check, PBF_FAULT_NAME, &why);
	if (kind == PBF_SLOT_END) {
		note_refusal_by_linux(tree, frame);
		return kind;
	}
	if (frame->slots == PBF_FAT_DIR_SLOTS_MAX) {
		pbf_refuse(&why, 0, offset, "directory has more than %u slots",
			   PBF_FAT_DIR_SLOTS_MAX);
		pbf_check_add(check, PBF_FAULT_DIRECTORY, &why);
		return PBF_SLOT_END;
	}
	count_slot(frame);
	frame->chunk_position += PBF_FAT_SLOT_BYTES;
	return kind;
}

/* Puts NAME behind the innermost directory's path. */
static void extend_path(const struct tree *tree, const char *name)
{
	char *end =
		tree->check->path + tree->frames[tree->depth - 1].path_length;

	if (end > tree->check->path)
		*end++ = '/';
	memcpy(end, name, strlen(name) + 1);
}

static int take_entry(struct tree *tree, const struct pbf_fat_entry *entry)
{
	struct pbf_health *health = &tree->check->health;

	extend_path(tree, entry->name);
	if (!tree->check->second_round)
		(*(entry->is_directory ? &health->directories :
					 &health->files))++;
	if (entry->is_directory)
		return enter_directory(tree, entry->first_cluster,
				       entry->slot_offset_bytes);
	return check_file(tree->check, entry);
}

int pbf_check_tree(struct pbf_check *check)
{
	_cleanup_free_ struct frame *frames =
		malloc(FRAMES_MAX * sizeof(frames[0]));
	struct tree tree = { .check = check, .frames = frames };
	int error;

	if (!frames)
		return -ENOMEM;
	check->path[0] = '\0';
	error = enter_root(&tree);
	while (error == 0 && tree.depth > 0) {
		struct pbf_fat_entry entry;
		enum pbf_slot_kind kind;

		check->path[frames[tree.depth - 1].path_length] = '\0';
		kind = next_slot(&tree, &entry);
		if (kind == PBF_SLOT_END)
			tree.depth--;
		else if (kind == PBF_SLOT_ENTRY)
			error = take_entry(&tree, &entry);
	}
	return error;
}
