/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables: MBR with logical partitions, GPT with its backup; and what
 * partitions are called by.
 *
 * libblkid reads them, but never the image: it is given a sparse copy in memory
 * of just those sectors in which tables and superblocks live, so that what it
 * can read is bounded and cannot change under it, and block devices are read as
 * the image layer reads them.  What it finds is checked again here.
 */
#ifndef PBF_PARTITION_H
#define PBF_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "reason.h"

/* 4 primary partitions and at most this many logical ones (EBRs followed). */
#define PBF_EBR_MAX 128
#define PBF_PARTITIONS_MAX (4 + PBF_EBR_MAX)

enum pbf_table_type {
	PBF_TABLE_NONE,
	PBF_TABLE_MBR,
	PBF_TABLE_GPT,
};

struct pbf_partition {
	unsigned int number; /* as Linux numbers it: 1-4, logical from 5 */
	uint64_t start_bytes;
	uint64_t size_bytes; /* may reach beyond the end of the image */
};

struct pbf_partition_table {
	enum pbf_table_type type;
	uint32_t sector_bytes;
	size_t count;
	struct pbf_partition partitions[PBF_PARTITIONS_MAX];
};

/*
 * Whether SECTOR (the first 512 bytes of an image) is an MBR that protects a
 * GPT: type 0xee in any of the four entries (UEFI 2.10, section 5.2.3).
 */
bool pbf_mbr_protects_gpt(const unsigned char sector[512]);

/*
 * Reads the table of an image whose sectors have SECTOR_BYTES.  An image
 * without one gives PBF_TABLE_NONE and 0.  Partitions that start beyond the
 * end of the image are left out.  -EIO or -ETIMEDOUT from reading, -ENOMEM.
 */
int pbf_partition_table_read(struct pbf_image *image, uint32_t sector_bytes,
			     struct pbf_partition_table *ret_table,
			     struct pbf_reason *why);

#define PBF_PARTITION_NAME_BYTES 128u

/* Each is "" where there is none. */
struct pbf_partition_names {
	char part_uuid[PBF_PARTITION_NAME_BYTES];  /* PARTUUID, of the table */
	char part_label[PBF_PARTITION_NAME_BYTES]; /* PARTLABEL, likewise */
	/* Of the file system in it. */
	char type[PBF_PARTITION_NAME_BYTES];
	char uuid[PBF_PARTITION_NAME_BYTES];
	char label[PBF_PARTITION_NAME_BYTES];
};

/*
 * What PARTITION, one of TABLE, is called by.  Swap space and the like, which
 * is no file system, has no type.  Errors as above.
 */
int pbf_partition_names_read(struct pbf_image *image,
			     const struct pbf_partition_table *table,
			     const struct pbf_partition *partition,
			     struct pbf_partition_names *ret_names,
			     struct pbf_reason *why);

#endif
