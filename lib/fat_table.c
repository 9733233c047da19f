/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_table.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "bytes.h"
#include "fat_volume_internal.h"

/* Where the entry begins, from the volume's start. */
static uint64_t entry_offset(const struct pbf_fat_geometry *geometry,
			     uint32_t fat_index, uint32_t cluster)
{
	return geometry->fat_start + fat_index * geometry->fat_bytes +
	       (uint64_t)cluster * geometry->type / 8;
}

uint64_t pbf_fat_link_offset(const struct pbf_fat_volume *volume,
			     uint32_t fat_index, uint32_t cluster)
{
	return volume->start_bytes +
	       entry_offset(&volume->geometry, fat_index, cluster);
}

/* Turns the bytes that PAGE begins with into numbers, from the last on. */
static void decode(enum pbf_fat_type type, struct pbf_table_page *page)
{
	const unsigned char *bytes = (const unsigned char *)page->entries;
	uint32_t i = page->entry_count;

	while (type == PBF_FAT32 && i-- > 0)
		page->entries[i] = le32toh(page->entries[i]);
	while (type == PBF_FAT16 && i-- > 0)
		page->entries[i] = get_le16(bytes + (size_t)i * 2);
	while (type == PBF_FAT12 && i-- > 0) {
		uint16_t both = get_le16(bytes + i + i / 2);

		page->entries[i] = i & 1 ? both >> 4 : both & 0xfff;
	}
}

/* Reads PAGE, or as much of it as there is up to CLUSTER's entry. */
static int read_page(struct pbf_fat_volume *volume, uint32_t cluster,
		     struct pbf_table_page *page, struct pbf_reason *why)
{
	const struct pbf_fat_geometry *geometry = &volume->geometry;
	uint32_t sector_bytes = geometry->sector_bytes;
	uint64_t start =
		entry_offset(geometry, page->fat_index, page->first_cluster);
	uint64_t wanted_end = entry_offset(geometry, page->fat_index, cluster) +
			      (geometry->type == PBF_FAT32 ? 4 : 2);
	uint64_t end = geometry->fat_start +
		       (page->fat_index + 1) * geometry->fat_bytes;
	int error;

	if (wanted_end > volume->size_bytes)
		return pbf_refuse(
			why, -EIO,
			pbf_fat_link_offset(volume, page->fat_index, cluster),
			"FAT lies beyond the end of the partition");
	if (end > start + PBF_TABLE_PAGE_ENTRIES * geometry->type / 8)
		end = start + PBF_TABLE_PAGE_ENTRIES * geometry->type / 8;
	if (end > volume->size_bytes)
		end = volume->size_bytes;
	error = pbf_fat_volume_read(volume, start, page->entries, end - start,
				    why);
	/* The image may end within the page, behind what is wanted. */
	wanted_end =
		(wanted_end + sector_bytes - 1) / sector_bytes * sector_bytes;
	if (error < 0 && wanted_end < end) {
		end = wanted_end;
		error = pbf_fat_volume_read(volume, start, page->entries,
					    end - start, why);
	}
	if (error < 0)
		return error;
	page->entry_count = (uint32_t)((end - start) * 8 / geometry->type);
	decode(geometry->type, page);
	return 0;
}

int pbf_fat_load_page(struct pbf_fat_volume *volume, uint32_t fat_index,
		      uint32_t cluster, struct pbf_reason *why)
{
	struct pbf_table_page **page =
		pbf_fat_page_slot(volume, fat_index, cluster);

	if (!*page)
		*page = malloc(sizeof(**page));
	if (!*page)
		return -ENOMEM;
	(*page)->fat_index = fat_index;
	(*page)->first_cluster = cluster - cluster % PBF_TABLE_PAGE_ENTRIES;
	(*page)->entry_count = 0;
	return read_page(volume, cluster, *page, why);
}

enum pbf_fat_link pbf_fat_link_kind(const struct pbf_fat_volume *volume,
				    uint32_t entry)
{
	uint32_t end_mark = volume->geometry.type == PBF_FAT32 ? 0x0ffffff8 :
			    volume->geometry.type == PBF_FAT16 ? 0xfff8 :
								 0xff8;

	if (entry == 0)
		return PBF_LINK_FREE;
	if (entry >= end_mark)
		return PBF_LINK_END;
	return pbf_fat_cluster_exists(volume, entry) ? PBF_LINK_NEXT :
						       PBF_LINK_BAD;
}

int pbf_fat_link(struct pbf_fat_volume *volume, uint32_t fat_index,
		 uint32_t cluster, enum pbf_fat_link *ret_link,
		 uint32_t *ret_next, struct pbf_reason *why)
{
	const struct pbf_table_page *page;
	int error = pbf_fat_page(volume, fat_index, cluster, &page, why);

	if (error < 0)
		return error;
	*ret_next = pbf_page_entry(page, cluster);
	*ret_link = pbf_fat_link_kind(volume, *ret_next);
	return 0;
}
