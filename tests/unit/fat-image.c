/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat-image.h"

#include <stdlib.h>

#include "unit.h"

#define RESERVED_SECTORS 4u
#define UNITS_PER_SLOT 13u

static void put_le16(unsigned char *p, uint32_t value)
{
	p[0] = (unsigned char)(value & 0xff);
	p[1] = (unsigned char)(value >> 8 & 0xff);
}

static void put_le32(unsigned char *p, uint32_t value)
{
	put_le16(p, value);
	put_le16(p + 2, value >> 16);
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static struct fat_layout complete(const struct fat_layout *layout)
{
	struct fat_layout full = *layout;

	full.type = or_default(full.type, 32);
	full.sector_bytes = or_default(full.sector_bytes, 512);
	full.cluster_sectors = or_default(full.cluster_sectors, 1);
	full.clusters = or_default(full.clusters, full.type == 16 ? 4100 : 60);
	full.fat_count = or_default(full.fat_count, 2);
	full.root_entries =
		full.type == 32 ? 0 : or_default(full.root_entries, 16);
	full.root_cluster =
		full.type == 32 ? or_default(full.root_cluster, 2) : 0;
	return full;
}

static void write_boot_sector(struct fat_image *image, uint32_t sectors,
			      uint32_t fat_sectors)
{
	const struct fat_layout *layout = &image->layout;
	unsigned char *p = fat_boot_sector(image);
	bool is_fat32 = layout->type == 32;

	memcpy(p, "\xeb\x58\x90mkfs.fat", 11);
	put_le16(p + 0x0b, layout->sector_bytes);
	p[0x0d] = (unsigned char)layout->cluster_sectors;
	put_le16(p + 0x0e, RESERVED_SECTORS);
	p[0x10] = (unsigned char)layout->fat_count;
	put_le16(p + 0x11, layout->root_entries);
	p[0x15] = 0xf8;
	put_le32(p + 0x20, sectors);
	if (is_fat32) {
		put_le32(p + 0x24, fat_sectors);
		put_le32(p + 0x2c, layout->root_cluster);
		p[0x42] = 0x29;
		memcpy(p + 0x47, "NO NAME    FAT32   ", 19);
	} else {
		put_le16(p + 0x16, fat_sectors);
		p[0x26] = 0x29;
		memcpy(p + 0x2b, "NO NAME    FAT1", 15);
		p[0x3a] = layout->type == 12 ? '2' : '6';
		memcpy(p + 0x3b, "   ", 3);
	}
	p[0x1fe] = 0x55;
	p[0x1ff] = 0xaa;
}

struct fat_image *fat_image_new(const struct fat_layout *layout)
{
	struct fat_image *image = calloc(1, sizeof(*image));
	uint32_t fat_bytes, fat_sectors, root_bytes, sectors;

	assert_non_null(image);
	image->layout = complete(layout);
	layout = &image->layout;
	image->cluster_bytes = layout->sector_bytes * layout->cluster_sectors;
	fat_bytes = ((layout->clusters + 2) * layout->type + 7) / 8;
	fat_sectors =
		(fat_bytes + layout->sector_bytes - 1) / layout->sector_bytes;
	root_bytes = layout->root_entries * FAT_SLOT_BYTES;
	image->fat_start = (uint64_t)RESERVED_SECTORS * layout->sector_bytes;
	image->fat_bytes = (uint64_t)fat_sectors * layout->sector_bytes;
	image->data_start = image->fat_start +
			    layout->fat_count * image->fat_bytes + root_bytes;
	image->size = layout->start_bytes + image->data_start +
		      (size_t)layout->clusters * image->cluster_bytes;
	image->bytes = calloc(1, image->size);
	assert_non_null(image->bytes);
	sectors = (uint32_t)((image->size - layout->start_bytes) /
			     layout->sector_bytes);
	write_boot_sector(image, sectors, fat_sectors);
	fat_link(image, FAT_ALL, 0, 0x0ffffff8);
	fat_link(image, FAT_ALL, 1, FAT_END);
	if (layout->root_cluster)
		fat_link(image, FAT_ALL, layout->root_cluster, FAT_END);
	return image;
}

void fat_image_free(struct fat_image *image)
{
	free(image->bytes);
	free(image);
}

unsigned char *fat_boot_sector(struct fat_image *image)
{
	return image->bytes + image->layout.start_bytes;
}

uint64_t fat_link_at(const struct fat_image *image, uint32_t copy,
		     uint32_t cluster)
{
	return image->layout.start_bytes + image->fat_start +
	       copy * image->fat_bytes +
	       (uint64_t)cluster * image->layout.type / 8;
}

uint64_t fat_cluster_at(const struct fat_image *image, uint32_t cluster)
{
	assert_in_range(cluster, 2, image->layout.clusters + 1);
	return image->layout.start_bytes + image->data_start +
	       (uint64_t)(cluster - 2) * image->cluster_bytes;
}

static void link_one(struct fat_image *image, uint32_t copy, uint32_t cluster,
		     uint32_t value)
{
	unsigned char *p = image->bytes + fat_link_at(image, copy, cluster);

	switch (image->layout.type) {
	case 12:
		if (cluster & 1) {
			p[0] = (unsigned char)((p[0] & 0x0f) | (value & 0x0f)
								       << 4);
			p[1] = (unsigned char)(value >> 4 & 0xff);
		} else {
			p[0] = (unsigned char)(value & 0xff);
			p[1] = (unsigned char)((p[1] & 0xf0) |
					       (value >> 8 & 0x0f));
		}
		break;
	case 16:
		put_le16(p, value);
		break;
	default:
		put_le32(p, value);
		break;
	}
}

void fat_link(struct fat_image *image, uint32_t copy, uint32_t cluster,
	      uint32_t value)
{
	if (copy != FAT_ALL) {
		link_one(image, copy, cluster, value);
		return;
	}
	for (uint32_t i = 0; i < image->layout.fat_count; i++)
		link_one(image, i, cluster, value);
}

void fat_link_run(struct fat_image *image, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i + 1 < count; i++)
		fat_link(image, FAT_ALL, first + i, first + i + 1);
	fat_link(image, FAT_ALL, first + count - 1, FAT_END);
}

void fat_slot_write(const struct fat_slot *slot, unsigned char *ret_bytes)
{
	memset(ret_bytes, 0, FAT_SLOT_BYTES);
	memcpy(ret_bytes, slot->name, 11);
	ret_bytes[0x0b] = slot->attributes;
	ret_bytes[0x0c] = slot->nt_case;
	put_le16(ret_bytes + 0x14, slot->first_cluster >> 16);
	put_le16(ret_bytes + 0x16, slot->time);
	put_le16(ret_bytes + 0x18, slot->date);
	put_le16(ret_bytes + 0x1a, slot->first_cluster);
	put_le32(ret_bytes + 0x1c, slot->size);
}

/* The value of an entry in the first copy; what ends a chain is FAT_END. */
static uint32_t next_cluster(const struct fat_image *image, uint32_t cluster)
{
	const unsigned char *p = image->bytes + fat_link_at(image, 0, cluster);
	uint32_t value = (uint32_t)p[0] | (uint32_t)p[1] << 8;

	if (image->layout.type == 12)
		value = cluster & 1 ? value >> 4 : value & 0xfff;
	else if (image->layout.type == 32)
		value |= (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return value >= 2 && value < image->layout.clusters + 2 ? value :
								  FAT_END;
}

static uint64_t find_free_slot(const struct fat_image *image,
			       uint64_t start_bytes, uint64_t length_bytes)
{
	for (uint64_t i = 0; i < length_bytes; i += FAT_SLOT_BYTES)
		if (image->bytes[start_bytes + i] == 0)
			return start_bytes + i;
	return 0;
}

uint64_t fat_append(struct fat_image *image, uint32_t directory,
		    const unsigned char *slot)
{
	uint64_t root_bytes = image->layout.root_entries * FAT_SLOT_BYTES;
	uint64_t place = 0;

	if (directory == FAT_ROOT && image->layout.type != 32) {
		place = find_free_slot(image,
				       image->layout.start_bytes +
					       image->data_start - root_bytes,
				       root_bytes);
	} else {
		uint32_t cluster =
			or_default(directory, image->layout.root_cluster);

		for (; cluster != FAT_END && place == 0;
		     cluster = next_cluster(image, cluster))
			place = find_free_slot(image,
					       fat_cluster_at(image, cluster),
					       image->cluster_bytes);
	}
	if (place == 0)
		fail_msg("directory is full");
	memcpy(image->bytes + place, slot, FAT_SLOT_BYTES);
	return place;
}

static unsigned char checksum(const char *name)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < 11; i++)
		sum = (((sum & 1) << 7) + (sum >> 1) + (unsigned char)name[i]) &
		      0xff;
	return (unsigned char)sum;
}

void fat_append_long(struct fat_image *image, uint32_t directory,
		     const char *long_name, const char *name)
{
	static const unsigned char places[UNITS_PER_SLOT] = {
		1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30
	};
	size_t length = strlen(long_name);
	size_t parts = (length + UNITS_PER_SLOT - 1) / UNITS_PER_SLOT;

	for (size_t part = parts; part > 0; part--) {
		unsigned char slot[FAT_SLOT_BYTES] = { 0 };

		slot[0] = (unsigned char)(part | (part == parts ? 0x40 : 0));
		slot[0x0b] = 0x0f;
		slot[0x0d] = checksum(name);
		for (size_t i = 0; i < UNITS_PER_SLOT; i++) {
			size_t at = (part - 1) * UNITS_PER_SLOT + i;

			put_le16(slot + places[i],
				 at < length ? (unsigned char)long_name[at] :
				 at > length ? 0xffff :
					       0);
		}
		fat_append(image, directory, slot);
	}
}

uint64_t fat_add_file(struct fat_image *image, uint32_t directory,
		      const char *name, uint32_t first_cluster,
		      const void *content, size_t size)
{
	const struct fat_slot slot = {
		.name = name,
		.attributes = FAT_ATTRIBUTE_ARCHIVE,
		.first_cluster = first_cluster,
		.size = (uint32_t)size,
	};
	size_t clusters =
		(size + image->cluster_bytes - 1) / image->cluster_bytes;
	unsigned char bytes[FAT_SLOT_BYTES];

	if (clusters > 0) {
		fat_link_run(image, first_cluster, (uint32_t)clusters);
		fat_cluster_at(image, first_cluster + (uint32_t)clusters - 1);
		memcpy(image->bytes + fat_cluster_at(image, first_cluster),
		       content, size);
	}
	fat_slot_write(&slot, bytes);
	return fat_append(image, directory, bytes);
}

uint64_t fat_add_text(struct fat_image *image, uint32_t directory,
		      const char *name, uint32_t first_cluster,
		      const char *text)
{
	return fat_add_file(image, directory, name, first_cluster, text,
			    strlen(text));
}

uint64_t fat_add_directory(struct fat_image *image, uint32_t directory,
			   const char *name, uint32_t cluster)
{
	struct fat_slot slot = {
		.name = ".          ",
		.attributes = FAT_ATTRIBUTE_DIRECTORY,
		.first_cluster = cluster,
	};
	unsigned char bytes[FAT_SLOT_BYTES];

	fat_link(image, FAT_ALL, cluster, FAT_END);
	fat_slot_write(&slot, bytes);
	fat_append(image, cluster, bytes);
	slot.name = "..         ";
	slot.first_cluster = directory;
	fat_slot_write(&slot, bytes);
	fat_append(image, cluster, bytes);
	slot.name = name;
	slot.first_cluster = cluster;
	fat_slot_write(&slot, bytes);
	return fat_append(image, directory, bytes);
}
