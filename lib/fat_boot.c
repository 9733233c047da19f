/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_boot.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "bytes.h"
#include "checked.h"

/* Microsoft FAT32 File System Specification 1.03, pages 9 to 13 */
#define BS_OEM_NAME 0x03
#define BPB_BYTES_PER_SECTOR 0x0b
#define BPB_SECTORS_PER_CLUSTER 0x0d
#define BPB_RESERVED_SECTORS 0x0e
#define BPB_FAT_COUNT 0x10
#define BPB_ROOT_ENTRIES 0x11
#define BPB_TOTAL_SECTORS_16 0x13
#define BPB_MEDIA 0x15
#define BPB_FAT_SECTORS_16 0x16
#define BPB_TOTAL_SECTORS_32 0x20
#define BPB_FAT_SECTORS_32 0x24
#define BPB_EXT_FLAGS 0x28
#define BPB_VERSION 0x2a
#define BPB_ROOT_CLUSTER 0x2c
#define BS_STATE_FAT16 0x25
#define BS_STATE_FAT32 0x41
#define BS_SIGNATURE_FAT16 0x26
#define BS_SIGNATURE_FAT32 0x42
#define BS_LABEL_AFTER_SIGNATURE 5
#define BS_TYPE_FAT16 0x36
#define BS_TYPE_FAT32 0x52

#define EXT_FLAGS_NO_MIRROR 0x80u
#define EXT_FLAGS_ACTIVE 0x0fu
#define STATE_DIRTY 0x01u
#define EXTENDED_BOOT_SIGNATURE 0x29u

#define DIRECTORY_ENTRY_BYTES 32u
#define FAT12_CLUSTERS_MAX 4084u
#define FAT16_CLUSTERS_MAX 65524u
#define FAT32_CLUSTERS_MAX 0x0ffffff5u

static bool has_bytes(const unsigned char *sector, size_t offset,
		      const char *bytes)
{
	return memcmp(sector + offset, bytes, strlen(bytes)) == 0;
}

/*
 * One sign that this is a boot sector at all: a media byte in use, a jump or
 * the type's name.  None of them is reliable alone.
 */
static bool looks_like_boot_sector(const unsigned char *sector)
{
	unsigned char media = sector[BPB_MEDIA];

	return media == 0xf0 || media >= 0xf8 || sector[0] == 0xe9 ||
	       (sector[0] == 0xeb && sector[2] == 0x90) ||
	       has_bytes(sector, BS_TYPE_FAT16, "FAT") ||
	       has_bytes(sector, BS_TYPE_FAT32, "FAT");
}

static int check_identity(const unsigned char *sector, struct pbf_reason *why)
{
	static const char *const others[] = { "EXFAT   ", "NTFS    ",
					      "-FVE-FS-" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (has_bytes(sector, BS_OEM_NAME, others[i]))
			return pbf_refuse(why, -EUCLEAN, BS_OEM_NAME,
					  "not FAT but %.5s", others[i]);
	if (!looks_like_boot_sector(sector))
		return pbf_refuse(why, -EUCLEAN, 0, "no FAT boot sector");
	return 0;
}

/* The fields that everything else is computed from. */
static int check_units(const unsigned char *sector, struct pbf_reason *why)
{
	uint32_t sector_bytes = get_le16(sector + BPB_BYTES_PER_SECTOR);
	uint32_t cluster_sectors = sector[BPB_SECTORS_PER_CLUSTER];

	if (!is_power_of_two(sector_bytes) || sector_bytes < 512 ||
	    sector_bytes > 4096)
		return pbf_refuse(why, -EUCLEAN, BPB_BYTES_PER_SECTOR,
				  "sectors of %u bytes", sector_bytes);
	if (!is_power_of_two(cluster_sectors))
		return pbf_refuse(why, -EUCLEAN, BPB_SECTORS_PER_CLUSTER,
				  "clusters of %u sectors", cluster_sectors);
	if (get_le16(sector + BPB_RESERVED_SECTORS) == 0)
		return pbf_refuse(why, -EUCLEAN, BPB_RESERVED_SECTORS,
				  "no reserved sectors");
	if (sector[BPB_FAT_COUNT] == 0)
		return pbf_refuse(why, -EUCLEAN, BPB_FAT_COUNT, "no FAT");
	return 0;
}

static uint64_t fat_capacity(const struct pbf_fat_geometry *geometry)
{
	uint64_t entries = geometry->fat_bytes * 8 / geometry->type;

	return entries > PBF_FAT_FIRST_CLUSTER ?
		       entries - PBF_FAT_FIRST_CLUSTER :
		       0;
}

/* Computes type and cluster count; every area's place is known by now. */
static int count_clusters(const unsigned char *sector, uint64_t volume_bytes,
			  struct pbf_fat_geometry *geometry,
			  struct pbf_reason *why)
{
	uint64_t total_sectors = get_le16(sector + BPB_TOTAL_SECTORS_16);
	uint64_t clusters, capacity;

	assert(geometry->sector_bytes > 0 && geometry->cluster_bytes > 0);
	if (total_sectors == 0)
		total_sectors = get_le32(sector + BPB_TOTAL_SECTORS_32);
	if (total_sectors == 0) {
		total_sectors = volume_bytes / geometry->sector_bytes;
		geometry->oddity = "does not tell its size";
	}
	if (total_sectors * geometry->sector_bytes < geometry->data_start)
		return pbf_refuse(why, -EUCLEAN, BPB_TOTAL_SECTORS_32,
				  "volume of %llu sectors ends before its data",
				  (unsigned long long)total_sectors);
	clusters = (total_sectors * geometry->sector_bytes -
		    geometry->data_start) /
		   geometry->cluster_bytes;
	if (geometry->type != PBF_FAT32) {
		if (clusters > FAT16_CLUSTERS_MAX)
			return pbf_refuse(
				why, -EUCLEAN, BPB_FAT_SECTORS_16,
				"%llu clusters are too many for FAT16",
				(unsigned long long)clusters);
		geometry->type =
			clusters > FAT12_CLUSTERS_MAX ? PBF_FAT16 : PBF_FAT12;
	} else if (clusters > FAT32_CLUSTERS_MAX) {
		clusters = FAT32_CLUSTERS_MAX;
	}
	capacity = fat_capacity(geometry);
	geometry->cluster_count =
		(uint32_t)(clusters < capacity ? clusters : capacity);
	return 0;
}

/* Label and file system type are there when SIGNATURE says so. */
static void copy_label(const unsigned char *sector, size_t signature,
		       struct pbf_fat_geometry *geometry)
{
	memset(geometry->label, ' ', sizeof(geometry->label));
	if (sector[signature] == EXTENDED_BOOT_SIGNATURE)
		memcpy(geometry->label,
		       sector + signature + BS_LABEL_AFTER_SIGNATURE,
		       sizeof(geometry->label));
}

static void decode_fat32_only(const unsigned char *sector,
			      struct pbf_fat_geometry *geometry)
{
	unsigned int flags = get_le16(sector + BPB_EXT_FLAGS);

	if ((flags & EXT_FLAGS_NO_MIRROR) &&
	    (flags & EXT_FLAGS_ACTIVE) < geometry->fat_count)
		geometry->active_fat = flags & EXT_FLAGS_ACTIVE;
	if (geometry->active_fat != 0)
		geometry->oddity = "does not mirror its FAT and uses another "
				   "copy than the first, which Linux would "
				   "read";
	else if (get_le16(sector + BPB_VERSION) != 0)
		geometry->oddity = "is of a FAT32 version other than 0.0";
	geometry->root_cluster = get_le32(sector + BPB_ROOT_CLUSTER);
	geometry->dirty = sector[BS_STATE_FAT32] & STATE_DIRTY;
	copy_label(sector, BS_SIGNATURE_FAT32, geometry);
}

static void decode_fat16_only(const unsigned char *sector,
			      struct pbf_fat_geometry *geometry)
{
	geometry->root_start =
		geometry->fat_start + geometry->fat_count * geometry->fat_bytes;
	geometry->root_bytes = (uint64_t)get_le16(sector + BPB_ROOT_ENTRIES) *
			       DIRECTORY_ENTRY_BYTES;
	geometry->dirty = sector[BS_STATE_FAT16] & STATE_DIRTY;
	copy_label(sector, BS_SIGNATURE_FAT16, geometry);
}

int pbf_fat_boot_decode(const unsigned char sector[PBF_FAT_BOOT_BYTES],
			uint64_t volume_bytes,
			struct pbf_fat_geometry *ret_geometry,
			struct pbf_reason *why)
{
	struct pbf_fat_geometry geometry = { .type = PBF_FAT16 };
	uint64_t fat_sectors = get_le16(sector + BPB_FAT_SECTORS_16);
	int error = check_identity(sector, why);

	if (error == 0)
		error = check_units(sector, why);
	if (error < 0)
		return error;
	geometry.sector_bytes = get_le16(sector + BPB_BYTES_PER_SECTOR);
	geometry.cluster_bytes =
		geometry.sector_bytes * sector[BPB_SECTORS_PER_CLUSTER];
	geometry.fat_count = sector[BPB_FAT_COUNT];
	geometry.fat_start = (uint64_t)get_le16(sector + BPB_RESERVED_SECTORS) *
			     geometry.sector_bytes;
	/* As Linux does: FAT32s with few clusters exist in the field. */
	if (fat_sectors == 0) {
		geometry.type = PBF_FAT32;
		fat_sectors = get_le32(sector + BPB_FAT_SECTORS_32);
	}
	if (fat_sectors == 0)
		return pbf_refuse(why, -EUCLEAN, BPB_FAT_SECTORS_32,
				  "FAT of no sectors");
	/* 2^32 sectors of 4096 bytes, 255 times: no overflow in 64 bits. */
	geometry.fat_bytes = fat_sectors * geometry.sector_bytes;
	if (geometry.type == PBF_FAT32)
		decode_fat32_only(sector, &geometry);
	else
		decode_fat16_only(sector, &geometry);
	geometry.data_start =
		geometry.fat_start + geometry.fat_count * geometry.fat_bytes +
		div_round_up(geometry.root_bytes, geometry.sector_bytes) *
			geometry.sector_bytes;
	error = count_clusters(sector, volume_bytes, &geometry, why);
	if (error < 0)
		return error;
	*ret_geometry = geometry;
	return 0;
}
