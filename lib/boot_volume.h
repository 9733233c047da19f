/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of an image's partitions is the one a board boots from.  Never by
 * label or UUID: the halves of an A/B image repeat them.
 */
#ifndef PBF_BOOT_VOLUME_H
#define PBF_BOOT_VOLUME_H

#include "autoboot.h"
#include "fat_volume.h"
#include "image.h"
#include "reason.h"

/* The sector sizes tried on a file, which does not tell its own. */
#define PBF_SECTOR_SIZES              \
	{                             \
		512, 4096, 2048, 1024 \
	}

/* Why a partition is the one. */
enum pbf_boot_reason {
	PBF_BOOT_NUMBERED,	/* the caller asked for it by its number */
	PBF_BOOT_UNPARTITIONED, /* the image as a whole is a FAT volume */
	PBF_BOOT_ONLY_FAT,	/* no other partition holds a FAT volume */
	PBF_BOOT_AUTOBOOT,	/* autoboot.txt in the first names it */
	PBF_BOOT_FILES,		/* the first that holds boot files */
	PBF_BOOT_FIRST_FAT,	/* the first with a FAT volume */
};

struct pbf_boot_choice {
	unsigned int partition; /* its number; 0: the image is unpartitioned */
	enum pbf_boot_reason reason;
	/* Of the disk, as its table has them; 0 when there is no table. */
	uint32_t sector_bytes;
};

/*
 * Opens the boot volume of IMAGE, which must outlive it.  A PARTITION other
 * than 0 is the choice.  Otherwise a valid GPT is used, else a FAT volume that
 * fills the image, else an MBR; candidates are the partitions with a FAT boot
 * sector, whatever their type says.  Of these: the one that autoboot.txt in
 * the first names, else the first that holds a Raspberry Pi's boot files, else
 * the first.
 *
 * An image that ends within the volume or its partition is served as far as it
 * goes, which is noted there.
 *
 * -EUCLEAN when there is none, or there is something else than a raw image, or
 * the image ends before the partition; -ENOENT when PARTITION does not exist,
 * else as pbf_image_read().
 */
int pbf_boot_volume_open(struct pbf_image *image, unsigned int partition,
			 struct pbf_fat_volume **ret_volume,
			 struct pbf_boot_choice *ret_choice,
			 struct pbf_reason *why);

/*
 * Reads autoboot.txt at the root of VOLUME, as far as it counts; the file's
 * size may be larger.  -ENOENT when there is none, else as pbf_dir_find().
 */
int pbf_boot_volume_autoboot(struct pbf_fat_volume *volume,
			     struct pbf_autoboot *ret_autoboot,
			     uint64_t *ret_size_bytes, struct pbf_reason *why);

#endif
