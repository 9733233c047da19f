/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of an image's partitions is the one a board boots from.  Never by
 * label or UUID: the halves of an A/B image repeat them.
 */
#ifndef PBF_BOOT_VOLUME_H
#define PBF_BOOT_VOLUME_H

#include "fat_volume.h"
#include "image.h"
#include "reason.h"

/* The sector sizes tried on a file, which does not tell its own. */
#define PBF_SECTOR_SIZES              \
	{                             \
		512, 4096, 2048, 1024 \
	}

/*
 * Opens the boot volume of IMAGE, which must outlive it.  A PARTITION other
 * than 0 is the choice.  Otherwise a valid GPT is used, else a FAT volume that
 * fills the image, else an MBR; candidates are the partitions with a FAT boot
 * sector, whatever their type says.  Of these: the one that autoboot.txt in
 * the first names, else the first that holds a Raspberry Pi's boot files, else
 * the first.  *ret_partition is its number, 0 for an unpartitioned image.
 *
 * -EUCLEAN when there is none, -ENOENT when PARTITION does not exist, else as
 * pbf_image_read().
 */
int pbf_boot_volume_open(struct pbf_image *image, unsigned int partition,
			 struct pbf_fat_volume **ret_volume,
			 unsigned int *ret_partition, struct pbf_reason *why);

#endif
