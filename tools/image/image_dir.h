/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory of the image, read to its end and sorted by name.  Where a name
 * comes twice the first one counts, as for a board.
 */
#ifndef PBF_IMAGE_DIR_H
#define PBF_IMAGE_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "fat_entry.h"
#include "image_view.h"

struct image_entry {
	char *name;
	bool is_directory;
	uint32_t first_cluster;
	uint32_t size_bytes;
	struct timespec modified;
	uint64_t slot_offset_bytes; /* of its entry in the image */
};

struct image_dir {
	struct image_entry *entries;
	size_t count;
};

/*
 * Reads the directory at FIRST_CLUSTER (PBF_FAT_ROOT for the root), which PATH
 * names in messages.  -EUCLEAN when not all of it could be read; that was
 * said, and *ret_dir has the rest.  After -ENOMEM, which was said as well, it
 * has nothing.
 */
int image_dir_read(struct image_view *view, uint32_t first_cluster,
		   const char *path, struct image_dir *ret_dir);
void image_dir_release(struct image_dir *dir);

/* Copies what FOUND says of an entry, its name borrowed as NAME. */
struct image_entry image_entry_of(const struct pbf_found *found, char *name);

#define _cleanup_dir_ _cleanup_(image_dir_release)

#endif
