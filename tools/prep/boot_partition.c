/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_partition.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cleanup.h"
#include "image_settings.h"

/* Those of the partition that was chosen; without a table, of all of it. */
static void find_bounds(const struct pbf_image *image,
			struct prep_boot_partition *place)
{
	uint64_t image_bytes = pbf_image_size_bytes(image);
	const struct pbf_partition_table *table = &place->table;

	place->offset_bytes = 0;
	place->size_bytes = image_bytes;
	for (size_t i = 0; i < table->count; i++) {
		const struct pbf_partition *partition = &table->partitions[i];

		if (partition->number != place->choice.partition)
			continue;
		place->offset_bytes = partition->start_bytes;
		place->size_bytes = image_bytes - partition->start_bytes;
		if (partition->size_bytes < place->size_bytes)
			place->size_bytes = partition->size_bytes;
	}
}

int prep_boot_partition_find(int image_fd, unsigned int partition,
			     struct prep_boot_partition *ret_place,
			     struct pbf_reason *why)
{
	_cleanup_image_ struct pbf_image *image = NULL;
	_cleanup_volume_ struct pbf_fat_volume *volume = NULL;
	const struct pbf_fat_geometry *geometry;
	char path[64];
	int error;

	*ret_place = (struct prep_boot_partition){ .offset_bytes = 0 };
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image_fd);
	error = pbf_image_open(AT_FDCWD, path, &image, why);
	if (error == 0)
		error = pbf_boot_volume_open(image, partition, &volume,
					     &ret_place->choice, why);
	if (error == 0 && ret_place->choice.sector_bytes != 0)
		error = pbf_partition_table_read(image,
						 ret_place->choice.sector_bytes,
						 &ret_place->table, why);
	if (error < 0)
		return error;
	find_bounds(image, ret_place);
	geometry = pbf_fat_volume_geometry(volume);
	if (geometry->data_start + geometry->cluster_count *
					   (uint64_t)geometry->cluster_bytes >
	    ret_place->size_bytes)
		return pbf_refuse(why, -EUCLEAN, ret_place->offset_bytes,
				  "the boot partition ends before the file "
				  "system in it does");
	return 0;
}

int prep_boot_partition_shown(int image_fd, const char *image_path,
			      unsigned int *ret_partition,
			      struct pbf_reason *why)
{
	struct pbf_image_conf conf = { .partition = 0 };
	struct prep_boot_partition place;
	int error = image_settings_read(image_path, &conf, why);

	if (error == 0)
		error = prep_boot_partition_find(image_fd, conf.partition,
						 &place, why);
	if (error == 0)
		*ret_partition = place.choice.partition;
	return error;
}

bool prep_boot_has_partition(const struct pbf_partition_table *table,
			     unsigned int number)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->partitions[i].number == number)
			return true;
	return false;
}
