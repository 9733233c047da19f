/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_volume.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoboot.h"
#include "fat_dir.h"
#include "foreign.h"
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

/* What is looked for, and what was found meanwhile. */
struct search {
	unsigned int number; /* 0: the one that fits best */
	bool gpt;
	bool has_table;
	/* What could have been chosen if the image did not end before it. */
	struct pbf_partition lost; /* number 0: none */
};

static bool is_lost(const struct pbf_image *image,
		    const struct pbf_partition *partition)
{
	return partition->start_bytes + PBF_FAT_BOOT_BYTES >
	       pbf_image_size_bytes(image);
}

/* The first table counts: with sectors of other sizes it means nothing. */
static void note_table(const struct pbf_image *image,
		       const struct pbf_partition_table *table,
		       struct search *search)
{
	if (search->has_table || table->type == PBF_TABLE_NONE)
		return;
	search->has_table = true;
	for (size_t i = 0; i < table->count && search->lost.number == 0; i++) {
		const struct pbf_partition *partition = &table->partitions[i];

		if (is_lost(image, partition) &&
		    (search->number == 0 ||
		     search->number == partition->number))
			search->lost = *partition;
	}
}

/* An image that has lost its end is served as far as it goes. */
static void note_cut(const struct pbf_image *image, uint64_t end_bytes,
		     const char *what, struct pbf_fat_volume *volume)
{
	uint64_t image_bytes = pbf_image_size_bytes(image);
	char text[128];

	if (end_bytes <= image_bytes)
		return;
	snprintf(text, sizeof(text),
		 "the image ends within %s, %llu bytes before the end of that",
		 what, (unsigned long long)(end_bytes - image_bytes));
	pbf_fat_volume_note(volume, image_bytes, text);
}

/*
 * Opens the boot volume of a partitioned image, given the size of its
 * sectors.  -ENOENT when this size shows no table, or none that will do.
 */
static int open_from_table(struct pbf_image *image, uint32_t sector_bytes,
			   struct search *search,
			   struct pbf_fat_volume **ret_volume,
			   struct pbf_boot_choice *ret_choice,
			   struct pbf_reason *why)
{
	struct pbf_boot_choice choice = { .reason = PBF_BOOT_NUMBERED,
					  .sector_bytes = sector_bytes };
	struct pbf_partition_table table;
	struct candidates candidates;
	const struct pbf_partition *chosen;
	char name[32];
	int error = pbf_partition_table_read(image, sector_bytes, &table, why);

	if (error < 0)
		return error;
	if ((table.type == PBF_TABLE_GPT) != search->gpt)
		return -ENOENT;
	note_table(image, &table, search);
	if (search->number != 0) {
		chosen = partition_numbered(&table, search->number);
	} else {
		find_candidates(image, &table, &candidates);
		chosen = candidates.count > 0 ?
				 choose(image, &candidates, &choice.reason) :
				 NULL;
	}
	if (!chosen)
		return -ENOENT;
	if (is_lost(image, chosen))
		return -EUCLEAN;
	error = open_partition(image, chosen, ret_volume, why);
	if (error < 0)
		return error;
	snprintf(name, sizeof(name), "partition %u", chosen->number);
	note_cut(image, chosen->start_bytes + chosen->size_bytes, name,
		 *ret_volume);
	note_cut(image, table.disk_bytes, "the disk that its GPT is for",
		 *ret_volume);
	choice.partition = chosen->number;
	*ret_choice = choice;
	return 0;
}

/*
 * Without a reason: -ENOENT when there is nothing that will do, -EUCLEAN when
 * the partition that was asked for holds no FAT volume.
 */
static int open_partitioned(struct pbf_image *image, struct search *search,
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
			open_from_table(image, known ? known : sizes[i], search,
					ret_volume, ret_choice, why);

		if (error != -ENOENT && error != -EUCLEAN)
			return error;
		exists = exists || error == -EUCLEAN;
	}
	return exists ? -EUCLEAN : -ENOENT;
}

/* What is there instead of a table that boards boot from; NULL: not known. */
static const char *foreign_content(struct pbf_image *image,
				   const unsigned char *sector,
				   const struct search *search)
{
	uint64_t size_bytes = pbf_image_size_bytes(image);
	const char *text = pbf_foreign_by_head(sector, PBF_FAT_BOOT_BYTES);
	unsigned char tail[PBF_FOREIGN_TAIL_BYTES];

	if (text || search->has_table || size_bytes < sizeof(tail) ||
	    pbf_image_read(image, size_bytes - sizeof(tail), tail, sizeof(tail),
			   NULL) < 0)
		return text;
	return pbf_foreign_by_tail(tail);
}

static int refuse_without_fat(struct pbf_image *image, const char *foreign,
			      const struct search *search,
			      const struct pbf_reason *not_whole,
			      struct pbf_reason *why)
{
	struct pbf_partition_table table = { .type = PBF_TABLE_NONE };

	if (foreign)
		return pbf_refuse(why, -EUCLEAN, 0, "%s", foreign);
	if (!search->has_table)
		pbf_partition_table_read_any(image, 512, &table, NULL);
	if (table.type == PBF_TABLE_OTHER)
		return pbf_refuse(why, -EUCLEAN, 0,
				  "the partition table is of type %s, and "
				  "boards boot from GPT and MBR only",
				  table.name);
	return pbf_refuse(why, -EUCLEAN, not_whole->offset_bytes,
			  "no partition with a FAT volume, and the image as a "
			  "whole is none: %s",
			  not_whole->text);
}

/* Says why open_partitioned() has found nothing; returns ERROR or better. */
static int refuse(struct pbf_image *image, const unsigned char *sector,
		  const struct search *search, int error,
		  const struct pbf_reason *not_whole, struct pbf_reason *why)
{
	const char *foreign = foreign_content(image, sector, search);

	if (search->lost.number != 0)
		return pbf_refuse(
			why, -EUCLEAN, pbf_image_size_bytes(image),
			"the image ends before partition %u, which begins at "
			"byte %#llx: it was cut off, or is not copied to its "
			"end",
			search->lost.number,
			(unsigned long long)search->lost.start_bytes);
	if (search->number == 0 && search->gpt)
		return pbf_refuse(why, -EUCLEAN, 0,
				  "protective MBR, but no GPT with a FAT "
				  "partition in it");
	if (error == -EUCLEAN)
		return pbf_refuse(why, -EUCLEAN, 0,
				  "partition %u, which was asked for, holds "
				  "no FAT volume",
				  search->number);
	if (search->number != 0 && !foreign)
		return pbf_refuse(why, -ENOENT, 0,
				  "has no partition %u, which was asked for",
				  search->number);
	return refuse_without_fat(image, foreign, search, not_whole, why);
}

/* A compressed image can be shorter than a boot sector. */
static int read_first_sector(struct pbf_image *image,
			     unsigned char sector[PBF_FAT_BOOT_BYTES],
			     struct pbf_reason *why)
{
	uint64_t size_bytes = pbf_image_size_bytes(image);
	const char *text;

	if (size_bytes > 0 && size_bytes < PBF_FAT_BOOT_BYTES &&
	    pbf_image_read(image, 0, sector, size_bytes, NULL) == 0) {
		text = pbf_foreign_by_head(sector, size_bytes);
		if (text)
			return pbf_refuse(why, -EUCLEAN, 0, "%s", text);
	}
	return pbf_image_read(image, 0, sector, PBF_FAT_BOOT_BYTES, why);
}

static int open_whole(struct pbf_image *image,
		      struct pbf_fat_volume **ret_volume,
		      struct pbf_boot_choice *ret_choice,
		      struct pbf_reason *why)
{
	const struct pbf_fat_geometry *geometry;
	int error = pbf_fat_volume_open(image, 0, pbf_image_size_bytes(image),
					ret_volume, why);

	if (error < 0)
		return error;
	geometry = pbf_fat_volume_geometry(*ret_volume);
	note_cut(image,
		 geometry->data_start + (uint64_t)geometry->cluster_count *
						geometry->cluster_bytes,
		 "its FAT volume", *ret_volume);
	*ret_choice = (struct pbf_boot_choice){
		.reason = PBF_BOOT_UNPARTITIONED,
	};
	return 0;
}

int pbf_boot_volume_open(struct pbf_image *image, unsigned int partition,
			 struct pbf_fat_volume **ret_volume,
			 struct pbf_boot_choice *ret_choice,
			 struct pbf_reason *why)
{
	unsigned char sector[PBF_FAT_BOOT_BYTES];
	struct pbf_reason not_whole = { .offset_bytes = 0 };
	struct search search = { .number = partition };
	int error = read_first_sector(image, sector, why);

	if (error < 0)
		return error;
	search.gpt = pbf_mbr_protects_gpt(sector);
	if (!search.gpt && partition == 0) {
		/*
		 * A FAT volume and an MBR both end in 55 aa, and mkfs.fat even
		 * writes a partition entry into its boot sector: a sound boot
		 * sector decides, as in libblkid.
		 */
		error = open_whole(image, ret_volume, ret_choice, &not_whole);
		if (error != -EUCLEAN) {
			if (why)
				*why = not_whole;
			return error;
		}
	}
	error = open_partitioned(image, &search, ret_volume, ret_choice, why);
	if (error != -ENOENT && error != -EUCLEAN)
		return error;
	return refuse(image, sector, &search, error, &not_whole, why);
}
