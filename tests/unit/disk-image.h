/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole disks, built in memory: a partition table and FAT volumes in their
 * places.  Independent of the code under test.
 */
#ifndef PBF_UNIT_DISK_IMAGE_H
#define PBF_UNIT_DISK_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "fat-image.h"
#include "image.h"

struct disk {
	unsigned char *bytes;
	size_t size;
	uint32_t sector_bytes;
};

struct disk disk_new(size_t size, uint32_t sector_bytes);
void disk_free(struct disk *disk);

/* Copies a volume to a place, and frees it. */
void disk_put_volume(struct disk *disk, uint64_t start_bytes,
		     struct fat_image *volume);

/*
 * Writes entry INDEX of the MBR or EBR in SECTOR, and its signature.  START
 * and COUNT are sectors.
 */
void disk_mbr_entry(struct disk *disk, uint64_t sector, unsigned int index,
		    unsigned char type, uint32_t start, uint32_t count);

/* A partition of a GPT: sectors FIRST to LAST; entries with FIRST 0 are free.
 */
struct gpt_entry {
	uint64_t first, last;
};

/* Writes protective MBR, header and entries, and both again at the end. */
void disk_gpt(struct disk *disk, const struct gpt_entry *entries, size_t count);

/* The header in SECTOR of a disk, to be changed, and then sealed again. */
unsigned char *disk_sector(struct disk *disk, uint64_t sector);
void disk_gpt_seal(struct disk *disk, uint64_t sector);

/* The image that holds these bytes; the caller frees it. */
struct pbf_image *image_of_bytes(const void *bytes, size_t length);
struct pbf_image *image_of_disk(const struct disk *disk);
struct pbf_image *image_of_volume(const struct fat_image *volume);

#endif
