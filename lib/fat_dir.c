/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_dir.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fat_table.h"

static int refuse_chain(const struct pbf_dir_walk *walk, uint32_t cluster,
			const char *what, struct pbf_reason *why)
{
	uint32_t fat = pbf_fat_volume_geometry(walk->volume)->active_fat;

	return pbf_refuse(why, -EUCLEAN,
			  pbf_fat_link_offset(walk->volume, fat, cluster),
			  "directory's chain %s cluster %u", what, cluster);
}

/*
 * Learns what comes after CLUSTER.  A directory whose cluster is free was
 * deleted, or is not quite written; but nothing deletes a root directory, and
 * what it has up to where it breaks is better than nothing.
 */
static int read_link(struct pbf_dir_walk *walk, uint32_t cluster,
		     struct pbf_reason *why)
{
	uint32_t fat = pbf_fat_volume_geometry(walk->volume)->active_fat;
	enum pbf_fat_link link;
	uint32_t next;
	int error = pbf_fat_link(walk->volume, fat, cluster, &link, &next, why);

	if (error < 0)
		return error;
	walk->next_cluster = link == PBF_LINK_NEXT ? next : 0;
	walk->broken = link == PBF_LINK_FREE || link == PBF_LINK_BAD;
	if (walk->broken && !walk->is_root)
		return refuse_chain(walk, cluster, "breaks at", why);
	return 0;
}

/* Moves to CLUSTER. */
static int enter_cluster(struct pbf_dir_walk *walk, uint32_t cluster,
			 struct pbf_reason *why)
{
	int error;

	if (cluster == walk->loop_mark)
		return refuse_chain(walk, cluster, "loops through", why);
	if (++walk->loop_steps >= walk->loop_limit) {
		walk->loop_mark = cluster;
		walk->loop_steps = 0;
		walk->loop_limit = walk->loop_limit * 2 + 1;
	}
	error = read_link(walk, cluster, why);
	if (error < 0)
		return error;
	walk->cluster = cluster;
	walk->area_offset = pbf_fat_cluster_offset(walk->volume, cluster);
	walk->area_bytes = pbf_fat_volume_geometry(walk->volume)->cluster_bytes;
	walk->position = 0;
	return 0;
}

int pbf_dir_walk_start(struct pbf_dir_walk *walk, struct pbf_fat_volume *volume,
		       uint32_t first_cluster, struct pbf_reason *why)
{
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(volume);

	/* Not the chunk: it is read before it is looked at. */
	memset(walk, 0, offsetof(struct pbf_dir_walk, chunk));
	walk->volume = volume;
	walk->reader.code_page = pbf_fat_volume_code_page(volume);
	walk->is_root = first_cluster == PBF_FAT_ROOT;
	if (first_cluster == PBF_FAT_ROOT && geometry->type != PBF_FAT32) {
		walk->area_offset = geometry->root_start;
		walk->area_bytes = geometry->root_bytes;
		return 0;
	}
	if (first_cluster == PBF_FAT_ROOT)
		first_cluster = geometry->root_cluster;
	if (!pbf_fat_cluster_exists(volume, first_cluster))
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "directory's first cluster %#x is not in the "
				  "volume",
				  first_cluster);
	walk->start_offset = pbf_fat_volume_start(volume) +
			     pbf_fat_cluster_offset(volume, first_cluster);
	return enter_cluster(walk, first_cluster, why);
}

/* Reads on; chunk_length is 0 afterwards when the directory ends. */
static int fill_chunk(struct pbf_dir_walk *walk, struct pbf_reason *why)
{
	uint64_t left;
	int error;

	walk->chunk_position = 0;
	walk->chunk_length = 0;
	if (walk->position == walk->area_bytes) {
		if (walk->broken)
			return refuse_chain(walk, walk->cluster, "breaks at",
					    why);
		if (walk->next_cluster == 0)
			return 0;
		error = enter_cluster(walk, walk->next_cluster, why);
		if (error < 0)
			return error;
	}
	left = walk->area_bytes - walk->position;
	if (left > PBF_DIR_CHUNK_BYTES)
		left = PBF_DIR_CHUNK_BYTES;
	error = pbf_fat_volume_read(walk->volume,
				    walk->area_offset + walk->position,
				    walk->chunk, (size_t)left, why);
	if (error < 0)
		return error;
	walk->position += left;
	walk->chunk_length = (uint32_t)left;
	return 0;
}

/* Counts the slot that comes next. */
static void count_slot(struct pbf_dir_walk *walk)
{
	walk->slots++;
	if (pbf_slot_is_subdirectory(walk->chunk + walk->chunk_position))
		walk->subdirectories++;
}

/*
 * Notes a directory that Linux would not enter.  This ends the walk: a sound
 * directory is left at once, in others the rest is looked through.
 */
static void note_refusal_by_linux(struct pbf_dir_walk *walk)
{
	if (walk->is_root)
		return;
	while (walk->subdirectories < PBF_FAT_SUBDIRS_MIN) {
		if (walk->chunk_position == walk->chunk_length &&
		    fill_chunk(walk, NULL) < 0)
			return;
		if (walk->chunk_length == 0 ||
		    walk->slots == PBF_FAT_DIR_SLOTS_MAX) {
			pbf_fat_volume_note(walk->volume, walk->start_offset,
					    PBF_FAT_SUBDIRS_NOTE);
			return;
		}
		count_slot(walk);
		walk->chunk_position += PBF_FAT_SLOT_BYTES;
	}
}

int pbf_dir_walk_next(struct pbf_dir_walk *walk, enum pbf_slot_kind *ret_kind,
		      struct pbf_fat_entry *ret_entry, struct pbf_reason *why)
{
	enum pbf_fat_type type = pbf_fat_volume_geometry(walk->volume)->type;

	for (;;) {
		uint64_t offset;
		enum pbf_slot_kind kind;

		if (walk->chunk_position == walk->chunk_length) {
			int error = fill_chunk(walk, why);

			if (error < 0)
				return error;
			if (walk->chunk_length == 0) {
				note_refusal_by_linux(walk);
				*ret_kind = PBF_SLOT_END;
				return 0;
			}
		}
		offset = pbf_fat_volume_start(walk->volume) +
			 walk->area_offset + walk->position -
			 walk->chunk_length + walk->chunk_position;
		kind = pbf_slot_feed(&walk->reader, type,
				     walk->chunk + walk->chunk_position, offset,
				     ret_entry, why);
		if (kind == PBF_SLOT_END) {
			note_refusal_by_linux(walk);
			*ret_kind = kind;
			return 0;
		}
		if (walk->slots == PBF_FAT_DIR_SLOTS_MAX)
			return pbf_refuse(why, -EUCLEAN, offset,
					  "directory has more than %u slots",
					  PBF_FAT_DIR_SLOTS_MAX);
		count_slot(walk);
		walk->chunk_position += PBF_FAT_SLOT_BYTES;
		if (kind != PBF_SLOT_NONE) {
			*ret_kind = kind;
			return 0;
		}
	}
}

int pbf_dir_find(struct pbf_fat_volume *volume, uint32_t first_cluster,
		 const char *name, struct pbf_fat_entry *ret_entry,
		 struct pbf_reason *why)
{
	struct pbf_dir_walk walk;
	struct pbf_fat_entry entry;
	bool found = false;
	int error = pbf_dir_walk_start(&walk, volume, first_cluster, why);

	while (error == 0) {
		enum pbf_slot_kind kind;
		enum pbf_name_match match;

		error = pbf_dir_walk_next(&walk, &kind, &entry, why);
		if (error < 0 || kind == PBF_SLOT_END)
			break;
		if (kind != PBF_SLOT_ENTRY)
			continue;
		match = pbf_fat_entry_match(&entry, name);
		if (match == PBF_NAME_EXACT ||
		    (match == PBF_NAME_FOLDED && !found)) {
			*ret_entry = entry;
			found = true;
		}
		if (match == PBF_NAME_EXACT) {
			note_refusal_by_linux(&walk);
			return 0;
		}
	}
	/* A directory that breaks further on still shows what came before. */
	if (found)
		return 0;
	return error < 0 ? error : -ENOENT;
}

/* The directories passed on the way to a path, to find loops. */
struct ancestors {
	uint32_t clusters[PBF_FAT_DEPTH_MAX];
	size_t count;
};

static int enter_directory(struct ancestors *ancestors,
			   const struct pbf_fat_volume *volume,
			   const struct pbf_fat_entry *entry,
			   struct pbf_reason *why)
{
	uint32_t cluster = entry->first_cluster;
	uint32_t root = pbf_fat_volume_geometry(volume)->root_cluster;

	/*
	 * First cluster 0 means the root only in "..": here it is a directory
	 * whose entry was written before its cluster was.
	 */
	if (!pbf_fat_cluster_exists(volume, cluster))
		return pbf_refuse(why, -EUCLEAN, entry->slot_offset_bytes,
				  "directory's first cluster %#x is not in the "
				  "volume",
				  cluster);
	for (size_t i = 0; i < ancestors->count; i++)
		if (ancestors->clusters[i] == cluster)
			cluster = root;
	if (cluster == root)
		return pbf_refuse(why, -EUCLEAN, entry->slot_offset_bytes,
				  "directory contains itself");
	if (ancestors->count == PBF_FAT_DEPTH_MAX)
		return pbf_refuse(why, -EUCLEAN, entry->slot_offset_bytes,
				  "more than %u directories deep",
				  PBF_FAT_DEPTH_MAX);
	ancestors->clusters[ancestors->count++] = cluster;
	return 0;
}

/* A path as it grows name by name. */
static int append_name(char **path, size_t *length, const char *name)
{
	size_t name_length = strlen(name);
	char *longer = realloc(*path, *length + name_length + 2);

	if (!longer)
		return -ENOMEM;
	if (*length > 0)
		longer[(*length)++] = '/';
	memcpy(longer + *length, name, name_length + 1);
	*length += name_length;
	*path = longer;
	return 0;
}

int pbf_fat_resolve(struct pbf_fat_volume *volume, const char *path,
		    const struct pbf_deny *deny,
		    struct pbf_fat_entry *ret_entry, char **ret_stored_path,
		    struct pbf_reason *why)
{
	_cleanup_free_ char *stored = calloc(1, 1);
	_cleanup_free_ char *asked = strdup(path);
	struct pbf_fat_entry entry = { .is_directory = true };
	struct ancestors ancestors = { .count = 0 };
	size_t stored_length = 0;
	char *rest = asked, *name;

	if (!stored || !asked)
		return -ENOMEM;
	while ((name = strsep(&rest, "/"))) {
		uint32_t directory = entry.first_cluster;
		int error;

		if (name[0] == '\0')
			continue;
		if (!entry.is_directory)
			return -ENOTDIR;
		error = pbf_dir_find(volume, directory, name, &entry, why);
		if (error == 0 && pbf_deny_has(deny, entry.name, entry.alias))
			error = pbf_refuse(
				why, -EPERM, PBF_REASON_NO_OFFSET,
				"\"%s\" is denied by the option deny",
				entry.name);
		if (error == 0 && entry.is_directory)
			error = enter_directory(&ancestors, volume, &entry,
						why);
		if (error == 0)
			error = append_name(&stored, &stored_length,
					    entry.name);
		if (error < 0)
			return error;
	}
	*ret_entry = entry;
	if (ret_stored_path) {
		*ret_stored_path = stored;
		stored = NULL;
	}
	return 0;
}

void pbf_fat_label(struct pbf_fat_volume *volume,
		   char ret_label[PBF_FAT_ALIAS_BYTES])
{
	enum pbf_code_page page = pbf_fat_volume_code_page(volume);
	struct pbf_dir_walk walk;
	struct pbf_fat_entry entry;
	enum pbf_slot_kind kind = PBF_SLOT_END;
	int error = pbf_dir_walk_start(&walk, volume, PBF_FAT_ROOT, NULL);

	while (error == 0) {
		error = pbf_dir_walk_next(&walk, &kind, &entry, NULL);
		if (error < 0 || kind == PBF_SLOT_END)
			break;
		if (kind == PBF_SLOT_LABEL) {
			memcpy(ret_label, entry.alias, sizeof(entry.alias));
			return;
		}
	}
	pbf_fat_label_decode(pbf_fat_volume_geometry(volume)->label, page,
			     ret_label);
	if (strcmp(ret_label, "NO NAME") == 0)
		ret_label[0] = '\0';
}
