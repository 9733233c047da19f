/* SPDX-License-Identifier: BSD-2-Clause */
/* The File Allocation Table of a volume: which cluster follows which. */
#ifndef PBF_FAT_TABLE_H
#define PBF_FAT_TABLE_H

#include <stdint.h>

#include "fat_volume.h"
#include "reason.h"

enum pbf_fat_link {
	PBF_LINK_NEXT, /* leads to *ret_next */
	PBF_LINK_END,  /* last cluster of a chain */
	PBF_LINK_FREE,
	PBF_LINK_BAD, /* bad cluster, reserved or out of range */
};

/*
 * Reads the entry of an existing CLUSTER in copy FAT_INDEX of the table.
 * Negative errno as pbf_fat_volume_read(); *ret_next is written always.
 */
int pbf_fat_link(struct pbf_fat_volume *volume, uint32_t fat_index,
		 uint32_t cluster, enum pbf_fat_link *ret_link,
		 uint32_t *ret_next, struct pbf_reason *why);

/* Where the entry of CLUSTER lies in the image, for messages. */
uint64_t pbf_fat_link_offset(const struct pbf_fat_volume *volume,
			     uint32_t fat_index, uint32_t cluster);

#endif
