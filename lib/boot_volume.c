/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "autoboot.h"
#include "fat_dir.h"
#include "partition.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* The partitions with a FAT volume, by number. */
struct candidates {
	const struct pbf_partition *partitions[PBF_PARTITIONS_MAX];
	size_t count;
};

static int open_partition(struct pbf_image *image,
			  const struct pbf_partition *partition,
			  struct pbf_fat_volume **ret_volume,
			  struct pbf_reason *why)
{
	return pbf_fat_volume_open(image, partition->start_bytes,
				   partition->size_bytes, ret_volume, why);
}

static void find_candidates(struct pbf_image *image,
			    const struct pbf_partition_table *table,
			    struct candidates *candidates)
{
	candidates->count = 0;
	for (size_t i = 0; i < table->count; i++) {
		_cleanup_volume_ struct pbf_fat_volume *volume = NULL;

		if (open_partition(image, &table->partitions[i], &volume,
				   NULL) == 0)
			candidates->partitions[candidates->count++] =
				&table->partitions[i];
	}
}

int pbf_boot_volume_autoboot(struct pbf_fat_volume *volume,
			     struct pbf_autoboot *ret_autoboot,
			     uint64_t *ret_size_bytes, struct pbf_reason *why)
{
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(volume);
	char text[PBF_AUTOBOOT_BYTES_MAX];
	struct pbf_fat_entry entry;
	size_t length;
	int error =
		pbf_dir_find(volume, PBF_FAT_ROOT, "autoboot.txt", &entry, why);

	if (error < 0)
		return error;
	if (entry.is_directory)
		return -ENOENT;
	/* The smallest cluster holds all that counts. */
	length = entry.size_bytes < sizeof(text) ? entry.size_bytes :
						   sizeof(text);
	if (length > geometry->cluster_bytes ||
	    (length > 0 &&
	     !pbf_fat_cluster_exists(volume, entry.first_cluster)))
		return pbf_refuse(why, -EUCLEAN, entry.slot_offset_bytes,
				  "autoboot.txt's first cluster %#x is not in "
				  "the volume",
				  entry.first_cluster);
	if (length > 0)
		error = pbf_fat_volume_read(
			volume,
			pbf_fat_cluster_offset(volume, entry.first_cluster),
			text, length, why);
	if (error < 0)
		return error;
	*ret_autoboot = pbf_autoboot_parse(text, length);
	*ret_size_bytes = entry.size_bytes;
	return 0;
}

/* The partition that autoboot.txt in VOLUME names; 0 for none. */
static unsigned int autoboot_partition(struct pbf_fat_volume *volume)
{
	struct pbf_autoboot autoboot = { .partition = 0 };
	uint64_t size_bytes;

	pbf_boot_volume_autoboot(volume, &autoboot, &size_bytes, NULL);
	return autoboot.partition;
}

static bool holds_boot_files(struct pbf_fat_volume *volume)
{
	static const char *const names[] = { "config.txt", "start4.elf",
					     "start.elf", "bootcode.bin" };
	struct pbf_fat_entry entry;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (pbf_dir_find(volume, PBF_FAT_ROOT, names[i], &entry,
				 NULL) == 0)
			return true;
	return false;
}

/* Chooses among at least one candidate, and says why. */
static const struct pbf_partition *choose(struct pbf_image *image,
					  const struct candidates *candidates,
					  enum pbf_boot_reason *ret_reason)
{
	unsigned int wanted;

	*ret_reason = PBF_BOOT_ONLY_FAT;
	if (candidates->count == 1)
		return candidates->partitions[0];
	for (size_t i = 0; i < candidates->count; i++) {
		_cleanup_volume_ struct pbf_fat_volume *volume = NULL;

		if (open_partition(image, candidates->partitions[i], &volume,
				   NULL) < 0)
			continue;
		*ret_reason = PBF_BOOT_AUTOBOOT;
		wanted = i == 0 ? autoboot_partition(volume) : 0;
		for (size_t j = 0; wanted != 0 && j < candidates->count; j++)
			if (candidates->partitions[j]->number == wanted)
				return candidates->partitions[j];
		*ret_reason = PBF_BOOT_FILES;
		if (holds_boot_files(volume))
			return candidates->partitions[i];
	}
	*ret_reason = PBF_BOOT_FIRST_FAT;
	return candidates->partitions[0];
}

static const struct pbf_partition *
partition_numbered(const struct pbf_partition_table *table, unsigned int number)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->partitions[i].number == number)
			return &table->partitions[i];
	return NULL;
}

/* What is looked for. */
struct wanted {
	unsigned int number; /* 0: the one that fits best */
	bool gpt;
};

/*
 * Opens the boot volume of a partitioned image, given the size of its
 * sectors.  -ENOENT when this size shows no table, or none that will do.
 */
static int open_from_table(struct pbf_image *image, uint32_t sector_bytes,
			   struct wanted wanted,
			   struct pbf_fat_volume **ret_volume,
			   struct pbf_boot_choice *ret_choice,
			   struct pbf_reason *why)
{
	struct pbf_boot_choice choice = { .reason = PBF_BOOT_NUMBERED,
					  .sector_bytes = sector_bytes };
	struct pbf_partition_table table;
	struct candidates candidates;
	const struct pbf_partition *chosen;
	int error = pbf_partition_table_read(image, sector_bytes, &table, why);

	if (error < 0)
		return error;
	if ((table.type == PBF_TABLE_GPT) != wanted.gpt)
		return -ENOENT;
	if (wanted.number != 0) {
		chosen = partition_numbered(&table, wanted.number);
	} else {
		find_candidates(image, &table, &candidates);
		chosen = candidates.count > 0 ?
				 choose(image, &candidates, &choice.reason) :
				 NULL;
	}
	if (!chosen)
		return -ENOENT;
	error = open_partition(image, chosen, ret_volume, why);
	if (error < 0)
		return error;
	choice.partition = chosen->number;
	*ret_choice = choice;
	return 0;
}

/* -ENOENT, with no reason given, when an MBR has no FAT volume to offer. */
static int open_partitioned(struct pbf_image *image, struct wanted wanted,
			    struct pbf_fat_volume **ret_volume,
			    struct pbf_boot_choice *ret_choice,
			    struct pbf_reason *why)
{
	static const uint32_t sizes[] = PBF_SECTOR_SIZES;
	uint32_t known = pbf_image_sector_bytes(image);
	size_t attempts = known ? 1 : ARRAY_SIZE(sizes);
	bool exists = false;

	for (size_t i = 0; i < attempts; i++) {
		int error =
			open_from_table(image, known ? known : sizes[i], wanted,
					ret_volume, ret_choice, why);

		if (error != -ENOENT && error != -EUCLEAN)
			return error;
		exists = exists || error == -EUCLEAN;
	}
	if (wanted.number != 0 && exists)
		return pbf_refuse(why, -EUCLEAN, 0,
				  "partition %u, which was asked for, holds "
				  "no FAT volume",
				  wanted.number);
	if (wanted.number != 0)
		return pbf_refuse(why, -ENOENT, 0,
				  "has no partition %u, which was asked for",
				  wanted.number);
	if (wanted.gpt)
		return pbf_refuse(why, -EUCLEAN, 0,
				  "protective MBR, but no GPT with a FAT "
				  "partition in it");
	return -ENOENT;
}

int pbf_boot_volume_open(struct pbf_image *image, unsigned int partition,
			 struct pbf_fat_volume **ret_volume,
			 struct pbf_boot_choice *ret_choice,
			 struct pbf_reason *why)
{
	unsigned char sector[PBF_FAT_BOOT_BYTES];
	struct pbf_reason not_whole = { .offset_bytes = 0 };
	struct wanted wanted = { .number = partition };
	int error = pbf_image_read(image, 0, sector, sizeof(sector), why);

	if (error < 0)
		return error;
	wanted.gpt = pbf_mbr_protects_gpt(sector);
	if (!wanted.gpt && partition == 0) {
		/*
		 * A FAT volume and an MBR both end in 55 aa, and mkfs.fat even
		 * writes a partition entry into its boot sector: a sound boot
		 * sector decides, as in libblkid.
		 */
		error = pbf_fat_volume_open(
			image, 0, pbf_image_size_bytes(image), ret_volume, why);
		if (error == 0)
			*ret_choice = (struct pbf_boot_choice){
				.reason = PBF_BOOT_UNPARTITIONED,
			};
		if (error != -EUCLEAN)
			return error;
		if (why)
			not_whole = *why;
	}
	error = open_partitioned(image, wanted, ret_volume, ret_choice, why);
	if (error == -ENOENT && partition == 0)
		return pbf_refuse(why, -EUCLEAN, not_whole.offset_bytes,
				  "no partition with a FAT volume, and the "
				  "image as a whole is none: %s",
				  not_whole.text);
	return error;
}
