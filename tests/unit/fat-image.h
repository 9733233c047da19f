/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small FAT volumes, built in memory field by field from Microsoft's
 * specification and not by the code under test.  Nothing is chosen behind a
 * test's back: the test says which clusters a file has, so that it can break
 * them.  What does not fit fails the test.
 */
#ifndef PBF_UNIT_FAT_IMAGE_H
#define PBF_UNIT_FAT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* The last cluster of a chain, in any type. */
#define FAT_END 0x0fffffffu
/* All copies of the table. */
#define FAT_ALL UINT32_MAX
/* A directory's first cluster, for the root directory. */
#define FAT_ROOT 0u
#define FAT_SLOT_BYTES 32u

#define FAT_ATTRIBUTE_HIDDEN 0x02
#define FAT_ATTRIBUTE_LABEL 0x08
#define FAT_ATTRIBUTE_DIRECTORY 0x10
#define FAT_ATTRIBUTE_ARCHIVE 0x20

/* What is 0 gets the default. */
struct fat_layout {
	uint32_t type;		  /* 12, 16 or 32; default 32 */
	uint32_t sector_bytes;	  /* 512 */
	uint32_t cluster_sectors; /* 1 */
	uint32_t clusters;	  /* 60; 4100 for FAT16 */
	uint32_t fat_count;	  /* 2 */
	uint32_t root_entries;	  /* 16; none for FAT32 */
	uint32_t root_cluster;	  /* 2; FAT32 only */
	uint32_t start_bytes;	  /* of the volume in the image; 0 */
};

struct fat_image {
	struct fat_layout layout;
	uint32_t cluster_bytes;
	uint64_t fat_start; /* these three: from the volume's start */
	uint64_t fat_bytes;
	uint64_t data_start;
	unsigned char *bytes; /* of the whole image */
	size_t size;
};

/* A volume with an empty root directory. */
struct fat_image *fat_image_new(const struct fat_layout *layout);
void fat_image_free(struct fat_image *image);

/* The boot sector. */
unsigned char *fat_boot_sector(struct fat_image *image);

/* Where things lie in the image. */
uint64_t fat_link_at(const struct fat_image *image, uint32_t copy,
		     uint32_t cluster);
uint64_t fat_cluster_at(const struct fat_image *image, uint32_t cluster);

/* Writes the entry of CLUSTER in one copy of the table, or FAT_ALL. */
void fat_link(struct fat_image *image, uint32_t copy, uint32_t cluster,
	      uint32_t value);

/* Links COUNT clusters that follow each other, and ends the chain. */
void fat_link_run(struct fat_image *image, uint32_t first, uint32_t count);

/* One slot for a file or directory; NAME has its 11 bytes: "CONFIG  TXT". */
struct fat_slot {
	const char *name;
	uint8_t attributes;
	uint8_t nt_case;
	uint32_t first_cluster;
	uint32_t size;
	uint16_t date, time;
};
void fat_slot_write(const struct fat_slot *slot, unsigned char *ret_bytes);

/* Appends a slot to a directory; returns where it lies in the image. */
uint64_t fat_append(struct fat_image *image, uint32_t directory,
		    const unsigned char *slot);

/* Appends the slots of a long name, given as ASCII, for the short NAME. */
void fat_append_long(struct fat_image *image, uint32_t directory,
		     const char *long_name, const char *name);

/*
 * Adds a file whose content lies in clusters that follow each other, and its
 * slot; returns where the slot lies.
 */
uint64_t fat_add_file(struct fat_image *image, uint32_t directory,
		      const char *name, uint32_t first_cluster,
		      const void *content, size_t size);

/* The same, of text. */
uint64_t fat_add_text(struct fat_image *image, uint32_t directory,
		      const char *name, uint32_t first_cluster,
		      const char *text);

/* Adds a directory of one cluster, with "." and "..". */
uint64_t fat_add_directory(struct fat_image *image, uint32_t directory,
			   const char *name, uint32_t cluster);

#endif
