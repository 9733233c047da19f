/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables: MBR with logical partitions, GPT with its backup; and what
 * partitions are called by.
 *
 * libblkid reads them, but never the image itself: see partition_copy.h.  What
 * it finds is checked again here.
 */
#ifndef PBF_PARTITION_H
#define PBF_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "partition_copy.h"
#include "reason.h"

/* Primary and logical ones. */
#define PBF_PARTITIONS_MAX (4 + PBF_EBR_MAX)

enum pbf_table_type {
	PBF_TABLE_NONE,
	PBF_TABLE_MBR,
	PBF_TABLE_GPT,
	PBF_TABLE_OTHER, /* one that no board boots from */
};

#define PBF_TABLE_NAME_BYTES 16u

struct pbf_partition {
	unsigned int number; /* as Linux numbers it: 1-4, logical from 5 */
	uint64_t start_bytes;
	uint64_t size_bytes;
};

/* A partition may reach beyond the end of the image, or be behind it. */
struct pbf_partition_table {
	enum pbf_table_type type;
	char name[PBF_TABLE_NAME_BYTES]; /* of the type, by libblkid */
	uint32_t sector_bytes;
	/* Of the disk that a GPT is for, larger than an image that was cut off;
	 * else of the image. */
	uint64_t disk_bytes;
	size_t count;
	struct pbf_partition partitions[PBF_PARTITIONS_MAX];
	/* The extended partition that reaches beyond the end, where what lists
	 * logical ones may be; 0: none */
	unsigned int cut_extended;
};

/* How much of PARTITION lies beyond the end of IMAGE. */
uint64_t pbf_partition_missing_bytes(const struct pbf_partition *partition,
				     const struct pbf_image *image);

/*
 * Reads the table of an image whose sectors have SECTOR_BYTES.  An image
 * without an MBR or GPT gives PBF_TABLE_NONE and 0.  -EIO or -ETIMEDOUT from
 * reading, -ENOMEM.
 */
int pbf_partition_table_read(struct pbf_image *image, uint32_t sector_bytes,
			     struct pbf_partition_table *ret_table,
			     struct pbf_reason *why);

/* The same for tables of all types that libblkid knows; reads more. */
int pbf_partition_table_read_any(struct pbf_image *image, uint32_t sector_bytes,
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
