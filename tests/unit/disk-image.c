/* SPDX-License-Identifier: BSD-2-Clause */
#include "disk-image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

#define GPT_ENTRIES 128u
#define GPT_ENTRY_BYTES 128u
#define GPT_HEADER_BYTES 92u

static void put_le(unsigned char *p, size_t bytes, uint64_t value)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (unsigned char)(value >> 8 * i & 0xff);
}

static uint64_t get_le(const unsigned char *p, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = bytes; i > 0; i--)
		value = value << 8 | p[i - 1];
	return value;
}

static uint32_t crc32(const unsigned char *bytes, size_t length)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

struct disk disk_new(size_t size, uint32_t sector_bytes)
{
	struct disk disk = {
		.bytes = calloc(1, size),
		.size = size,
		.sector_bytes = sector_bytes,
	};

	assert_non_null(disk.bytes);
	return disk;
}

void disk_free(struct disk *disk)
{
	free(disk->bytes);
}

void disk_put_volume(struct disk *disk, uint64_t start_bytes,
		     struct fat_image *volume)
{
	assert_in_range(start_bytes + volume->size, 1, disk->size);
	memcpy(disk->bytes + start_bytes, volume->bytes, volume->size);
	fat_image_free(volume);
}

unsigned char *disk_sector(struct disk *disk, uint64_t sector)
{
	assert_in_range(sector, 0, disk->size / disk->sector_bytes - 1);
	return disk->bytes + sector * disk->sector_bytes;
}

void disk_mbr_entry(struct disk *disk, uint64_t sector, unsigned int index,
		    unsigned char type, uint32_t start, uint32_t count)
{
	unsigned char *table = disk_sector(disk, sector);
	unsigned char *entry = table + 0x1be + 16 * index;

	entry[4] = type;
	put_le(entry + 8, 4, start);
	put_le(entry + 12, 4, count);
	table[0x1fe] = 0x55;
	table[0x1ff] = 0xaa;
}

void disk_gpt_seal(struct disk *disk, uint64_t sector)
{
	unsigned char *header = disk_sector(disk, sector);
	uint64_t array = get_le(header + 72, 8);
	uint64_t array_bytes = get_le(header + 80, 4) * get_le(header + 84, 4);
	uint64_t header_bytes = get_le(header + 12, 4);

	/* An array outside the disk has no checksum that could be right. */
	if (array < disk->size / disk->sector_bytes &&
	    array * disk->sector_bytes + array_bytes <= disk->size)
		put_le(header + 88, 4,
		       crc32(disk_sector(disk, array), array_bytes));
	put_le(header + 16, 4, 0);
	put_le(header + 16, 4, crc32(header, header_bytes));
}

static void write_header(struct disk *disk, uint64_t sector, uint64_t other,
			 uint64_t array)
{
	uint64_t last = disk->size / disk->sector_bytes - 1;
	uint64_t array_sectors =
		GPT_ENTRIES * GPT_ENTRY_BYTES / disk->sector_bytes;
	unsigned char *header = disk_sector(disk, sector);

	memcpy(header, "EFI PART", 8);
	put_le(header + 8, 4, 0x00010000);
	put_le(header + 12, 4, GPT_HEADER_BYTES);
	put_le(header + 24, 8, sector);
	put_le(header + 32, 8, other);
	put_le(header + 40, 8, 2 + array_sectors);
	put_le(header + 48, 8, last - array_sectors - 1);
	memset(header + 56, 0xdd, 16);
	put_le(header + 72, 8, array);
	put_le(header + 80, 4, GPT_ENTRIES);
	put_le(header + 84, 4, GPT_ENTRY_BYTES);
	disk_gpt_seal(disk, sector);
}

void disk_gpt(struct disk *disk, const struct gpt_entry *entries, size_t count)
{
	/* EBD0A0A2-B9E5-4433-87C0-68B6B72699C7: basic data */
	static const unsigned char type[16] = { 0xa2, 0xa0, 0xd0, 0xeb,
						0xe5, 0xb9, 0x33, 0x44,
						0x87, 0xc0, 0x68, 0xb6,
						0xb7, 0x26, 0x99, 0xc7 };
	uint64_t last = disk->size / disk->sector_bytes - 1;
	uint64_t array_sectors =
		GPT_ENTRIES * GPT_ENTRY_BYTES / disk->sector_bytes;
	uint64_t second = last - array_sectors;

	disk_mbr_entry(disk, 0, 0, 0xee, 1, (uint32_t)last);
	for (size_t i = 0; i < count; i++) {
		unsigned char *entry =
			disk_sector(disk, 2) + i * GPT_ENTRY_BYTES;

		if (entries[i].first == 0)
			continue;
		memcpy(entry, type, sizeof(type));
		memset(entry + 16, (int)(i + 1), 16);
		put_le(entry + 32, 8, entries[i].first);
		put_le(entry + 40, 8, entries[i].last);
	}
	memcpy(disk_sector(disk, second), disk_sector(disk, 2),
	       GPT_ENTRIES * GPT_ENTRY_BYTES);
	write_header(disk, 1, last, 2);
	write_header(disk, last, 1, second);
}

struct pbf_image *image_of_bytes(const void *bytes, size_t length)
{
	char path[64];
	struct pbf_image *image;
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, length, 0), length);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(pbf_image_open(AT_FDCWD, path, &image, NULL), 0);
	close(fd);
	return image;
}

struct pbf_image *image_of_disk(const struct disk *disk)
{
	return image_of_bytes(disk->bytes, disk->size);
}

struct pbf_image *image_of_volume(const struct fat_image *volume)
{
	return image_of_bytes(volume->bytes, volume->size);
}
