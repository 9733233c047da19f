/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checked.h"
#include "fat_volume_internal.h"

int pbf_fat_volume_open(struct pbf_image *image, uint64_t start_bytes,
			uint64_t size_bytes, struct pbf_fat_volume **ret_volume,
			struct pbf_reason *why)
{
	unsigned char sector[PBF_FAT_BOOT_BYTES];
	_cleanup_volume_ struct pbf_fat_volume *volume =
		calloc(1, sizeof(*volume));
	int error;

	if (!volume)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	volume->image = image;
	volume->start_bytes = start_bytes;
	volume->size_bytes = size_bytes;
	error = pbf_fat_volume_read(volume, 0, sector, sizeof(sector), why);
	if (error < 0)
		return error;
	error = pbf_fat_boot_decode(sector, size_bytes, &volume->geometry, why);
	if (error < 0) {
		if (why)
			why->offset_bytes += start_bytes;
		return error;
	}
	*ret_volume = volume;
	volume = NULL;
	return 0;
}

void pbf_fat_volume_free(struct pbf_fat_volume *volume)
{
	if (!volume)
		return;
	for (size_t i = 0; i < PBF_TABLE_PAGES; i++)
		free(volume->pages[i]);
	free(volume);
}

const struct pbf_fat_geometry *
pbf_fat_volume_geometry(const struct pbf_fat_volume *volume)
{
	return &volume->geometry;
}

uint64_t pbf_fat_volume_start(const struct pbf_fat_volume *volume)
{
	return volume->start_bytes;
}

void pbf_fat_volume_set_code_page(struct pbf_fat_volume *volume,
				  enum pbf_code_page page)
{
	volume->code_page = page;
}

enum pbf_code_page pbf_fat_volume_code_page(const struct pbf_fat_volume *volume)
{
	return volume->code_page;
}

void pbf_fat_volume_note(struct pbf_fat_volume *volume, uint64_t offset_bytes,
			 const char *text)
{
	if (volume->oddity.text[0] == '\0')
		pbf_refuse(&volume->oddity, 0, offset_bytes, "%s", text);
}

const struct pbf_reason *
pbf_fat_volume_oddity(const struct pbf_fat_volume *volume)
{
	return volume->oddity.text[0] != '\0' ? &volume->oddity : NULL;
}

int pbf_fat_volume_read(struct pbf_fat_volume *volume, uint64_t offset_bytes,
			void *buffer, size_t length, struct pbf_reason *why)
{
	uint64_t end_bytes;

	if (!checked_add(offset_bytes, length, &end_bytes) ||
	    end_bytes > volume->size_bytes)
		return pbf_refuse(why, -EIO, volume->start_bytes + offset_bytes,
				  "lies beyond the end of the partition, "
				  "which has %llu bytes",
				  (unsigned long long)volume->size_bytes);
	return pbf_image_read(volume->image, volume->start_bytes + offset_bytes,
			      buffer, length, why);
}

bool pbf_fat_cluster_exists(const struct pbf_fat_volume *volume,
			    uint32_t cluster)
{
	return cluster >= PBF_FAT_FIRST_CLUSTER &&
	       cluster - PBF_FAT_FIRST_CLUSTER < volume->geometry.cluster_count;
}

uint64_t pbf_fat_cluster_offset(const struct pbf_fat_volume *volume,
				uint32_t cluster)
{
	return volume->geometry.data_start +
	       (uint64_t)(cluster - PBF_FAT_FIRST_CLUSTER) *
		       volume->geometry.cluster_bytes;
}
