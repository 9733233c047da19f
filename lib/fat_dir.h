/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directories of a FAT volume: walking one, and finding a file by its path.
 * Nothing here recurses, and ".." on the disk is never followed.
 */
#ifndef PBF_FAT_DIR_H
#define PBF_FAT_DIR_H

#include <stdbool.h>
#include <stdint.h>

#include "deny.h"
#include "fat_entry.h"
#include "fat_volume.h"
#include "reason.h"

/* Microsoft's limit: 2 MiB of slots in one directory. */
#define PBF_FAT_DIR_SLOTS_MAX 65536u

/* Directories in a path below the root. */
#define PBF_FAT_DEPTH_MAX 64u

/* A directory's first cluster; the root has none of its own here. */
#define PBF_FAT_ROOT 0u

#define PBF_DIR_CHUNK_BYTES 4096u

/* Where a walk stands.  Callers own it and touch nothing in it. */
struct pbf_dir_walk {
	struct pbf_fat_volume *volume;
	struct pbf_slot_reader reader;
	uint32_t cluster;      /* being read; 0 in the root area of FAT12/16 */
	uint32_t next_cluster; /* 0 when the chain ends here */
	bool is_root;
	bool broken; /* the chain breaks off here, in the root directory */
	uint32_t loop_mark, loop_steps, loop_limit; /* Brent's cycle finder */
	uint64_t start_offset; /* of the directory in the image */
	uint64_t area_offset;  /* of the cluster or root area in the volume */
	uint64_t area_bytes;
	uint64_t position;		/* within the area, of the next chunk */
	uint32_t slots, subdirectories; /* seen so far */
	uint32_t chunk_length, chunk_position;
	unsigned char chunk[PBF_DIR_CHUNK_BYTES];
};

/*
 * Starts a walk through the directory at FIRST_CLUSTER, PBF_FAT_ROOT for the
 * root.  -EUCLEAN when the directory is broken at once, or as
 * pbf_fat_volume_read().
 */
int pbf_dir_walk_start(struct pbf_dir_walk *walk, struct pbf_fat_volume *volume,
		       uint32_t first_cluster, struct pbf_reason *why);

/*
 * Takes the next slot that means something: *ret_kind is PBF_SLOT_END,
 * PBF_SLOT_ENTRY, PBF_SLOT_LABEL or PBF_SLOT_BAD (then WHY says what is wrong
 * and the walk goes on).  END ends it.  -EUCLEAN when the directory's chain
 * breaks here, or as pbf_fat_volume_read(); then the walk is over.
 */
int pbf_dir_walk_next(struct pbf_dir_walk *walk, enum pbf_slot_kind *ret_kind,
		      struct pbf_fat_entry *ret_entry, struct pbf_reason *why);

/*
 * Finds NAME in one directory: an exact match if there is one, else the first
 * that is equal but for case, or whose short name is.  -ENOENT when there is
 * none, otherwise as pbf_dir_walk_next().
 */
int pbf_dir_find(struct pbf_fat_volume *volume, uint32_t first_cluster,
		 const char *name, struct pbf_fat_entry *ret_entry,
		 struct pbf_reason *why);

/*
 * Finds the entry at PATH: names separated by '/', "" for the root, which is
 * returned as a nameless directory.  -ENOTDIR when a file stands in the way,
 * -EPERM when DENY, which may be NULL, has an entry on the way (storage never
 * gives that error), -EUCLEAN also for a directory that contains itself, else
 * as above.  When RET_STORED_PATH is not NULL it is given the path as spelled
 * on the disk, in memory that the caller frees.
 */
int pbf_fat_resolve(struct pbf_fat_volume *volume, const char *path,
		    const struct pbf_deny *deny,
		    struct pbf_fat_entry *ret_entry, char **ret_stored_path,
		    struct pbf_reason *why);

/* The volume's label: the root directory's, else the boot sector's; or "". */
void pbf_fat_label(struct pbf_fat_volume *volume,
		   char ret_label[PBF_FAT_ALIAS_BYTES]);

#endif
