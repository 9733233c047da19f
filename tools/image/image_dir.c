/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_dir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fat_dir.h"
#include "say.h"

static int append(struct image_dir *dir, size_t *capacity,
		  const struct pbf_fat_entry *entry)
{
	char *name;

	if (dir->count == *capacity) {
		size_t more = *capacity * 2 + 32;
		struct image_entry *entries = reallocarray(
			dir->entries, more, sizeof(dir->entries[0]));

		if (!entries)
			return -ENOMEM;
		dir->entries = entries;
		*capacity = more;
	}
	name = strdup(entry->name);
	if (!name)
		return -ENOMEM;
	dir->entries[dir->count++] = (struct image_entry){
		.name = name,
		.is_directory = entry->is_directory,
		.first_cluster = entry->first_cluster,
		.size_bytes = entry->size_bytes,
		.modified = entry->modified,
		.slot_offset_bytes = entry->slot_offset_bytes,
	};
	return 0;
}

/* By name, then in the directory's own order. */
static int compare(const void *a, const void *b)
{
	const struct image_entry *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	if (order != 0)
		return order;
	return one->slot_offset_bytes < other->slot_offset_bytes ? -1 : 1;
}

static void sort(struct image_dir *dir)
{
	size_t kept = 0;

	if (dir->count == 0)
		return;
	qsort(dir->entries, dir->count, sizeof(dir->entries[0]), compare);
	for (size_t i = 1; i < dir->count; i++) {
		if (strcmp(dir->entries[kept].name, dir->entries[i].name) == 0)
			free(dir->entries[i].name);
		else
			dir->entries[++kept] = dir->entries[i];
	}
	dir->count = kept + 1;
}

/* Reads all entries; -EUCLEAN when some are missing, which was said. */
static int read_entries(struct image_view *view, uint32_t first_cluster,
			const char *path, struct image_dir *dir)
{
	struct pbf_dir_walk walk;
	struct pbf_reason why = { .text = "" };
	enum pbf_slot_kind kind = PBF_SLOT_NONE;
	size_t capacity = 0;
	int result = 0;
	int error = pbf_dir_walk_start(&walk, view->source.volume,
				       first_cluster, &why);

	while (error == 0) {
		struct pbf_fat_entry entry;

		error = pbf_dir_walk_next(&walk, &kind, &entry, &why);
		if (error < 0 || kind == PBF_SLOT_END)
			break;
		if (kind == PBF_SLOT_ENTRY &&
		    append(dir, &capacity, &entry) < 0)
			return -ENOMEM;
		if (kind == PBF_SLOT_BAD) {
			say_refusal(view->name, path, -EUCLEAN, &why, NULL);
			result = -EUCLEAN;
		}
	}
	if (error == 0)
		return result;
	say_refusal(view->name, path, error, &why,
		    "what comes before it is shown");
	return -EUCLEAN;
}

int image_dir_read(struct image_view *view, uint32_t first_cluster,
		   const char *path, struct image_dir *ret_dir)
{
	struct image_dir dir = { .count = 0 };
	int error = read_entries(view, first_cluster, path, &dir);

	if (error == -ENOMEM) {
		image_dir_release(&dir);
		*ret_dir = dir;
		return image_view_no_memory(view);
	}
	sort(&dir);
	*ret_dir = dir;
	return error;
}

void image_dir_release(struct image_dir *dir)
{
	for (size_t i = 0; i < dir->count; i++)
		free(dir->entries[i].name);
	free(dir->entries);
	*dir = (struct image_dir){ 0 };
}

struct image_entry image_entry_of(const struct pbf_found *found, char *name)
{
	return (struct image_entry){
		.name = name,
		.is_directory = found->is_directory,
		.first_cluster = found->first_cluster,
		.size_bytes = (uint32_t)found->size_bytes,
		.modified = found->modified,
		.slot_offset_bytes = found->slot_offset_bytes,
	};
}
