/* SPDX-License-Identifier: BSD-2-Clause */
#include "partition.h"

#include <blkid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "checked.h"
#include "cleanup.h"
#include "partition_copy.h"

/* Linux file systems have their superblock in here; the last is btrfs's. */
#define SUPERBLOCK_BYTES (128u * 1024u)

static void free_probe(blkid_probe *probe)
{
	if (*probe)
		blkid_free_probe(*probe);
}

/* libblkid counts in units of 512 bytes, whatever the sector size. */
static bool decode_partition(blkid_partition found,
			     struct pbf_partition *ret_partition)
{
	int number = blkid_partition_get_partno(found);
	blkid_loff_t start = blkid_partition_get_start(found);
	blkid_loff_t size = blkid_partition_get_size(found);
	uint64_t start_bytes, size_bytes, end_bytes;

	if (number <= 0 || start <= 0 || size <= 0 ||
	    !checked_mul((uint64_t)start, 512, &start_bytes) ||
	    !checked_mul((uint64_t)size, 512, &size_bytes) ||
	    !checked_add(start_bytes, size_bytes, &end_bytes))
		return false;
	*ret_partition = (struct pbf_partition){
		.number = (unsigned int)number,
		.start_bytes = start_bytes,
		.size_bytes = size_bytes,
	};
	return true;
}

uint64_t pbf_partition_missing_bytes(const struct pbf_partition *partition,
				     const struct pbf_image *image)
{
	uint64_t image_bytes = pbf_image_size_bytes(image);
	uint64_t end_bytes = partition->start_bytes + partition->size_bytes;

	if (end_bytes <= image_bytes)
		return 0;
	return partition->start_bytes < image_bytes ? end_bytes - image_bytes :
						      partition->size_bytes;
}

static void decode_partitions(blkid_partlist list,
			      const struct pbf_image *image,
			      struct pbf_partition_table *table)
{
	int count = blkid_partlist_numof_partitions(list);

	for (int i = 0; i < count && table->count < PBF_PARTITIONS_MAX; i++) {
		blkid_partition found = blkid_partlist_get_partition(list, i);
		struct pbf_partition partition;

		if (!decode_partition(found, &partition))
			continue;
		if (!blkid_partition_is_extended(found))
			table->partitions[table->count++] = partition;
		else if (pbf_partition_missing_bytes(&partition, image) > 0)
			table->cut_extended = partition.number;
	}
}

static void decode_type(const char *type, struct pbf_partition_table *table)
{
	snprintf(table->name, sizeof(table->name), "%s", type);
	if (strcmp(type, "gpt") == 0)
		table->type = PBF_TABLE_GPT;
	else if (strcmp(type, "dos") == 0)
		table->type = PBF_TABLE_MBR;
	else
		table->type = PBF_TABLE_OTHER;
}

/* For a table in a copy, of any type or only of those that are used. */
static int probe_copy(int copy_fd, uint32_t sector_bytes, bool any,
		      blkid_probe *ret_probe)
{
	char dos[] = "dos", gpt[] = "gpt";
	char *types[] = { gpt, dos, NULL };
	blkid_probe probe = blkid_new_probe();

	*ret_probe = probe;
	if (!probe || blkid_probe_set_device(probe, copy_fd, 0, 0) < 0 ||
	    blkid_probe_set_sectorsize(probe, sector_bytes) < 0 ||
	    blkid_probe_enable_superblocks(probe, 0) < 0 ||
	    blkid_probe_enable_partitions(probe, 1) < 0)
		return -ENOMEM;
	if (!any && blkid_probe_filter_partitions_type(probe, BLKID_FLTR_ONLYIN,
						       types) < 0)
		return -ENOMEM;
	return 0;
}

static int read_table(struct pbf_image *image, uint32_t sector_bytes, bool any,
		      struct pbf_partition_table *ret_table,
		      struct pbf_reason *why)
{
	struct pbf_partition_table table = { .sector_bytes = sector_bytes };
	_cleanup_close_ int copy_fd =
		pbf_copy_table(image, sector_bytes, any, why);
	_cleanup_(free_probe) blkid_probe probe = NULL;
	blkid_partlist list;
	const char *type;
	struct stat st;
	int error = copy_fd < 0 ?
			    copy_fd :
			    probe_copy(copy_fd, sector_bytes, any, &probe);

	if (error < 0)
		return error;
	table.disk_bytes = fstat(copy_fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	/* A list of partitions does not tell the type of an empty table. */
	if (blkid_do_fullprobe(probe) == 0 &&
	    blkid_probe_lookup_value(probe, "PTTYPE", &type, NULL) == 0) {
		decode_type(type, &table);
		list = blkid_probe_get_partitions(probe);
		if (list)
			decode_partitions(list, image, &table);
	}
	*ret_table = table;
	return 0;
}

int pbf_partition_table_read(struct pbf_image *image, uint32_t sector_bytes,
			     struct pbf_partition_table *ret_table,
			     struct pbf_reason *why)
{
	return read_table(image, sector_bytes, false, ret_table, why);
}

int pbf_partition_table_read_any(struct pbf_image *image, uint32_t sector_bytes,
				 struct pbf_partition_table *ret_table,
				 struct pbf_reason *why)
{
	return read_table(image, sector_bytes, true, ret_table, why);
}

/* --- What partitions are called by --- */

static void take_name(const char *name, char ret_name[PBF_PARTITION_NAME_BYTES])
{
	snprintf(ret_name, PBF_PARTITION_NAME_BYTES, "%s", name ? name : "");
}

static int name_by_table(struct pbf_image *image, uint32_t sector_bytes,
			 unsigned int number, struct pbf_partition_names *names,
			 struct pbf_reason *why)
{
	_cleanup_close_ int copy_fd =
		pbf_copy_table(image, sector_bytes, false, why);
	_cleanup_(free_probe) blkid_probe probe = NULL;
	blkid_partlist list;
	blkid_partition found;
	int error = copy_fd < 0 ?
			    copy_fd :
			    probe_copy(copy_fd, sector_bytes, false, &probe);

	if (error < 0)
		return error;
	list = blkid_probe_get_partitions(probe);
	found = list ? blkid_partlist_get_partition_by_partno(list,
							      (int)number) :
		       NULL;
	if (found) {
		take_name(blkid_partition_get_uuid(found), names->part_uuid);
		take_name(blkid_partition_get_name(found), names->part_label);
	}
	return 0;
}

/* A copy of the beginning of PARTITION. */
static int copy_superblock(struct pbf_image *image,
			   const struct pbf_partition *partition,
			   struct pbf_reason *why)
{
	uint64_t length = partition->size_bytes -
			  pbf_partition_missing_bytes(partition, image);

	return pbf_copy_beginning(image, partition->start_bytes,
				  length < SUPERBLOCK_BYTES ? length :
							      SUPERBLOCK_BYTES,
				  partition->size_bytes, why);
}

static void name_by_superblock(blkid_probe probe,
			       struct pbf_partition_names *names)
{
	const char *usage = NULL, *value = NULL;

	if (blkid_probe_lookup_value(probe, "USAGE", &usage, NULL) < 0 ||
	    strcmp(usage, "filesystem") != 0)
		return;
	if (blkid_probe_lookup_value(probe, "TYPE", &value, NULL) == 0)
		take_name(value, names->type);
	if (blkid_probe_lookup_value(probe, "UUID", &value, NULL) == 0)
		take_name(value, names->uuid);
	if (blkid_probe_lookup_value(probe, "LABEL", &value, NULL) == 0)
		take_name(value, names->label);
}

int pbf_partition_names_read(struct pbf_image *image,
			     const struct pbf_partition_table *table,
			     const struct pbf_partition *partition,
			     struct pbf_partition_names *ret_names,
			     struct pbf_reason *why)
{
	struct pbf_partition_names names = { .type = "" };
	_cleanup_close_ int fd = copy_superblock(image, partition, why);
	_cleanup_(free_probe) blkid_probe probe = blkid_new_probe();
	int error = fd < 0 ? fd :
			     name_by_table(image, table->sector_bytes,
					   partition->number, &names, why);

	if (error < 0)
		return error;
	if (!probe || blkid_probe_set_device(probe, fd, 0, 0) < 0 ||
	    blkid_probe_enable_superblocks(probe, 1) < 0 ||
	    blkid_probe_set_superblocks_flags(
		    probe, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID |
				   BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE) < 0)
		return -ENOMEM;
	/* What may be two things at once is none. */
	if (blkid_do_safeprobe(probe) == 0)
		name_by_superblock(probe, &names);
	*ret_names = names;
	return 0;
}
