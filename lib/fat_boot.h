/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The FAT boot sector: where the parts of a volume lie, and whether this is a
 * FAT volume at all.  Follows Linux (fs/fat/inode.c) where it and Microsoft's
 * specification (FAT32 File System Specification 1.03) differ, because Linux
 * wrote the volume.
 */
#ifndef PBF_FAT_BOOT_H
#define PBF_FAT_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "reason.h"

/* What pbf_fat_boot_decode() needs of a volume's start. */
#define PBF_FAT_BOOT_BYTES 512u

#define PBF_FAT_LABEL_BYTES 11u

/* Clusters are numbered from here. */
#define PBF_FAT_FIRST_CLUSTER 2u

enum pbf_fat_type {
	PBF_FAT12 = 12,
	PBF_FAT16 = 16,
	PBF_FAT32 = 32,
};

/* Offsets and lengths are bytes from the start of the volume. */
struct pbf_fat_geometry {
	enum pbf_fat_type type;
	uint32_t sector_bytes;
	uint32_t cluster_bytes;
	uint32_t cluster_count; /* no more than the FAT has entries for */
	uint32_t fat_count;
	uint32_t active_fat;
	uint64_t fat_start;
	uint64_t fat_bytes;    /* of one copy */
	uint64_t root_start;   /* FAT12 and FAT16 only */
	uint64_t root_bytes;   /* FAT12 and FAT16 only */
	uint32_t root_cluster; /* FAT32 only */
	uint64_t data_start;
	/* Mounted read-write somewhere, or not cleanly unmounted. */
	bool dirty;
	/* What is strange about it but served nevertheless; NULL for nothing.
	 */
	const char *oddity;
	/* As in the boot sector; all blanks where it has none. */
	unsigned char label[PBF_FAT_LABEL_BYTES];
};

/*
 * Decodes SECTOR, the first PBF_FAT_BOOT_BYTES of a volume.  VOLUME_BYTES, the
 * size of its container, serves only when the sector names no size itself.
 * -EUCLEAN when this is not a FAT volume or cannot be read as one; WHY's
 * offset is then relative to the start of the volume.
 */
int pbf_fat_boot_decode(const unsigned char sector[PBF_FAT_BOOT_BYTES],
			uint64_t volume_bytes,
			struct pbf_fat_geometry *ret_geometry,
			struct pbf_reason *why);

#endif
