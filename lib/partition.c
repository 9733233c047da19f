/* SPDX-License-Identifier: BSD-2-Clause */
#include "partition.h"

#include <blkid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bytes.h"
#include "checked.h"

/* MBR and EBR (both: four entries, then 55 aa) */
#define MBR_ENTRIES 0x1be
#define MBR_ENTRY_BYTES 16u
#define MBR_ENTRY_TYPE 4u
#define MBR_ENTRY_START 8u
#define MBR_ENTRY_SECTORS 12u
#define MBR_SIGNATURE 0x1fe

/* GPT header, UEFI 2.10 section 5.3.2 */
#define GPT_SIGNATURE "EFI PART"
#define GPT_ENTRIES_LBA 0x48
#define GPT_ENTRY_COUNT 0x50
#define GPT_ENTRY_BYTES 0x54
/* The array in use has 128 entries of 128 bytes; eight times that is plenty. */
#define GPT_ARRAY_BYTES_MAX (1024u * 128u)

/* Linux file systems have their superblock in here; the last is btrfs's. */
#define SUPERBLOCK_BYTES (128u * 1024u)

/* The sparse copy that libblkid reads. */
struct table_copy {
	struct pbf_image *image;
	uint32_t sector_bytes;
	int fd;
};

static void close_copy(struct table_copy *copy)
{
	if (copy->fd >= 0)
		close(copy->fd);
}

static void free_probe(blkid_probe *probe)
{
	if (*probe)
		blkid_free_probe(*probe);
}

static bool is_table_sector(const unsigned char *sector)
{
	return sector[MBR_SIGNATURE] == 0x55 &&
	       sector[MBR_SIGNATURE + 1] == 0xaa;
}

static const unsigned char *mbr_entry(const unsigned char *sector,
				      unsigned int i)
{
	return sector + MBR_ENTRIES + i * MBR_ENTRY_BYTES;
}

static bool is_extended(const unsigned char *entry)
{
	unsigned char type = entry[MBR_ENTRY_TYPE];

	return (type == 0x05 || type == 0x0f || type == 0x85) &&
	       get_le32(entry + MBR_ENTRY_SECTORS) != 0;
}

bool pbf_mbr_protects_gpt(const unsigned char sector[512])
{
	if (!is_table_sector(sector))
		return false;
	for (unsigned int i = 0; i < 4; i++)
		if (mbr_entry(sector, i)[MBR_ENTRY_TYPE] == 0xee)
			return true;
	return false;
}

static int put(const struct table_copy *copy, uint64_t offset_bytes,
	       const void *bytes, size_t length)
{
	if (pwrite(copy->fd, bytes, length, (off_t)offset_bytes) !=
	    (ssize_t)length)
		return -ENOMEM; /* memory is all that a memfd can lack */
	return 0;
}

/* Copies the EBRs that an extended partition links together. */
static int copy_logical(const struct table_copy *copy,
			const unsigned char *extended, struct pbf_reason *why)
{
	uint64_t sector_bytes = copy->sector_bytes;
	uint64_t start = get_le32(extended + MBR_ENTRY_START) * sector_bytes;
	uint64_t size = get_le32(extended + MBR_ENTRY_SECTORS) * sector_bytes;
	uint64_t position = 0; /* of the current EBR, from START */

	for (unsigned int links = 0; links < PBF_EBR_MAX; links++) {
		unsigned char sector[512];
		unsigned int i;
		int error;

		if (position >= size ||
		    start + position + sizeof(sector) >
			    pbf_image_size_bytes(copy->image))
			return 0;
		error = pbf_image_read(copy->image, start + position, sector,
				       sizeof(sector), why);
		if (error < 0)
			return error;
		if (!is_table_sector(sector))
			return 0;
		error = put(copy, start + position, sector, sizeof(sector));
		if (error < 0)
			return error;
		for (i = 0; i < 4 && !is_extended(mbr_entry(sector, i)); i++)
			;
		if (i == 4)
			return 0;
		position = get_le32(mbr_entry(sector, i) + MBR_ENTRY_START) *
			   sector_bytes;
	}
	return 0;
}

/*
 * Copies a GPT header and its array.  A header that asks for more than any
 * real one does is left out, which sends libblkid to the other header.
 */
static int copy_gpt(const struct table_copy *copy, uint64_t header_bytes,
		    struct pbf_reason *why)
{
	_cleanup_free_ unsigned char *array = NULL;
	uint64_t image_bytes = pbf_image_size_bytes(copy->image);
	unsigned char header[512];
	uint64_t array_start, array_bytes;
	int error;

	if (header_bytes + sizeof(header) > image_bytes)
		return 0;
	error = pbf_image_read(copy->image, header_bytes, header,
			       sizeof(header), why);
	if (error < 0)
		return error;
	if (memcmp(header, GPT_SIGNATURE, strlen(GPT_SIGNATURE)) != 0)
		return 0;
	array_bytes = (uint64_t)get_le32(header + GPT_ENTRY_COUNT) *
		      get_le32(header + GPT_ENTRY_BYTES);
	if (array_bytes == 0 || array_bytes > GPT_ARRAY_BYTES_MAX)
		return 0;
	if (!checked_mul(get_le64(header + GPT_ENTRIES_LBA), copy->sector_bytes,
			 &array_start) ||
	    array_start > image_bytes ||
	    array_bytes > image_bytes - array_start)
		return 0;
	array = malloc(array_bytes);
	if (!array)
		return -ENOMEM;
	error = pbf_image_read(copy->image, array_start, array, array_bytes,
			       why);
	if (error < 0)
		return error;
	error = put(copy, header_bytes, header, sizeof(header));
	return error < 0 ? error : put(copy, array_start, array, array_bytes);
}

static int fill_copy(const struct table_copy *copy, struct pbf_reason *why)
{
	uint64_t image_bytes = pbf_image_size_bytes(copy->image);
	uint64_t sector_bytes = copy->sector_bytes;
	unsigned char mbr[512];
	int error;

	error = pbf_image_read(copy->image, 0, mbr, sizeof(mbr), why);
	if (error < 0)
		return error;
	if (!is_table_sector(mbr))
		return 0;
	error = put(copy, 0, mbr, sizeof(mbr));
	if (error < 0)
		return error;
	if (pbf_mbr_protects_gpt(mbr)) {
		error = copy_gpt(copy, sector_bytes, why);
		if (error == 0 && image_bytes > 2 * sector_bytes)
			error = copy_gpt(copy,
					 (image_bytes / sector_bytes - 1) *
						 sector_bytes,
					 why);
		return error;
	}
	for (unsigned int i = 0; i < 4 && error == 0; i++)
		if (is_extended(mbr_entry(mbr, i)))
			error = copy_logical(copy, mbr_entry(mbr, i), why);
	return error;
}

/* libblkid counts in units of 512 bytes, whatever the sector size. */
static bool decode_partition(blkid_partition found, uint64_t image_bytes,
			     struct pbf_partition *ret_partition)
{
	int number = blkid_partition_get_partno(found);
	blkid_loff_t start = blkid_partition_get_start(found);
	blkid_loff_t size = blkid_partition_get_size(found);
	uint64_t start_bytes, size_bytes, end_bytes;

	if (number <= 0 || start <= 0 || size <= 0 ||
	    blkid_partition_is_extended(found))
		return false;
	if (!checked_mul((uint64_t)start, 512, &start_bytes) ||
	    !checked_mul((uint64_t)size, 512, &size_bytes) ||
	    !checked_add(start_bytes, size_bytes, &end_bytes) ||
	    start_bytes >= image_bytes)
		return false;
	*ret_partition = (struct pbf_partition){
		.number = (unsigned int)number,
		.start_bytes = start_bytes,
		.size_bytes = size_bytes,
	};
	return true;
}

static void decode_table(blkid_partlist list, uint64_t image_bytes,
			 struct pbf_partition_table *table)
{
	int count = blkid_partlist_numof_partitions(list);
	const char *type = NULL;

	for (int i = 0; i < count && table->count < PBF_PARTITIONS_MAX; i++) {
		blkid_partition found = blkid_partlist_get_partition(list, i);

		if (decode_partition(found, image_bytes,
				     &table->partitions[table->count]))
			table->count++;
	}
	if (count > 0)
		type = blkid_parttable_get_type(blkid_partition_get_table(
			blkid_partlist_get_partition(list, 0)));
	if (type)
		table->type = strcmp(type, "gpt") == 0 ? PBF_TABLE_GPT :
							 PBF_TABLE_MBR;
}

/* Finds the partitions in COPY; the list is part of *ret_probe. */
static int probe_copy(const struct table_copy *copy, blkid_probe *ret_probe,
		      blkid_partlist *ret_list)
{
	char dos[] = "dos", gpt[] = "gpt";
	char *types[] = { gpt, dos, NULL };
	blkid_probe probe = blkid_new_probe();

	*ret_probe = probe;
	if (!probe || blkid_probe_set_device(probe, copy->fd, 0, 0) < 0 ||
	    blkid_probe_set_sectorsize(probe, copy->sector_bytes) < 0 ||
	    blkid_probe_enable_partitions(probe, 1) < 0 ||
	    blkid_probe_filter_partitions_type(probe, BLKID_FLTR_ONLYIN,
					       types) < 0)
		return -ENOMEM;
	*ret_list = blkid_probe_get_partitions(probe);
	return 0;
}

/* A sparse file in memory of SIZE bytes; a negative errno, and WHY. */
static int make_copy(uint64_t size_bytes, struct pbf_reason *why)
{
	int fd = memfd_create("partitions", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)size_bytes) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
			  "no memory to read the partition table: %s",
			  strerror(errno));
}

int pbf_partition_table_read(struct pbf_image *image, uint32_t sector_bytes,
			     struct pbf_partition_table *ret_table,
			     struct pbf_reason *why)
{
	struct pbf_partition_table table = { .sector_bytes = sector_bytes };
	_cleanup_(close_copy) struct table_copy copy = {
		.image = image,
		.sector_bytes = sector_bytes,
		.fd = make_copy(pbf_image_size_bytes(image), why),
	};
	_cleanup_(free_probe) blkid_probe probe = NULL;
	blkid_partlist list = NULL;
	int error = copy.fd < 0 ? copy.fd : fill_copy(&copy, why);

	if (error == 0)
		error = probe_copy(&copy, &probe, &list);
	if (error < 0)
		return error;
	if (list)
		decode_table(list, pbf_image_size_bytes(image), &table);
	*ret_table = table;
	return 0;
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
	_cleanup_(close_copy) struct table_copy copy = {
		.image = image,
		.sector_bytes = sector_bytes,
		.fd = make_copy(pbf_image_size_bytes(image), why),
	};
	_cleanup_(free_probe) blkid_probe probe = NULL;
	blkid_partlist list = NULL;
	blkid_partition found;
	int error = copy.fd < 0 ? copy.fd : fill_copy(&copy, why);

	if (error == 0)
		error = probe_copy(&copy, &probe, &list);
	if (error < 0)
		return error;
	found = list ? blkid_partlist_get_partition_by_partno(list,
							      (int)number) :
		       NULL;
	if (found) {
		take_name(blkid_partition_get_uuid(found), names->part_uuid);
		take_name(blkid_partition_get_name(found), names->part_label);
	}
	return 0;
}

/* Copies the beginning of PARTITION to FD. */
static int copy_head(struct pbf_image *image,
		     const struct pbf_partition *partition, int fd,
		     struct pbf_reason *why)
{
	struct table_copy copy = { .image = image, .fd = fd };
	uint64_t rest = pbf_image_size_bytes(image) - partition->start_bytes;
	uint64_t length = partition->size_bytes;
	_cleanup_free_ unsigned char *head = malloc(SUPERBLOCK_BYTES);
	int error;

	if (!head)
		return -ENOMEM;
	if (length > rest)
		length = rest;
	if (length > SUPERBLOCK_BYTES)
		length = SUPERBLOCK_BYTES;
	error = pbf_image_read(image, partition->start_bytes, head, length,
			       why);
	return error < 0 ? error : put(&copy, 0, head, length);
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
	_cleanup_close_ int fd = make_copy(partition->size_bytes, why);
	_cleanup_(free_probe) blkid_probe probe = blkid_new_probe();
	int error = fd < 0 ? fd : copy_head(image, partition, fd, why);

	if (error == 0)
		error = name_by_table(image, table->sector_bytes,
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
