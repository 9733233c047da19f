/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "disk-image.h"
#include "partition.h"
#include "unit.h"

#define DISK_BYTES (1024u * 1024)

static const struct gpt_entry two[] = { { 64, 127 }, { 128, 191 } };

static struct pbf_partition_table read_table(const struct disk *disk)
{
	_cleanup_image_ struct pbf_image *image = image_of_disk(disk);
	struct pbf_partition_table table;

	assert_int_equal(pbf_partition_table_read(image, disk->sector_bytes,
						  &table, NULL),
			 0);
	return table;
}

static struct disk disk_with_two(uint32_t sector_bytes)
{
	struct disk disk = disk_new(DISK_BYTES, sector_bytes);

	disk_gpt(&disk, two, 2);
	return disk;
}

static uint64_t last_sector(const struct disk *disk)
{
	return disk->size / disk->sector_bytes - 1;
}

static void assert_two(const struct disk *disk)
{
	struct pbf_partition_table table = read_table(disk);

	assert_int_equal(table.type, PBF_TABLE_GPT);
	assert_int_equal(table.count, 2);
	assert_int_equal(table.partitions[0].number, 1);
	assert_int_equal(table.partitions[0].start_bytes,
			 64 * disk->sector_bytes);
	assert_int_equal(table.partitions[0].size_bytes,
			 64 * disk->sector_bytes);
	assert_int_equal(table.partitions[1].number, 2);
	assert_int_equal(table.partitions[1].start_bytes,
			 128 * disk->sector_bytes);
}

static void assert_no_gpt(const struct disk *disk)
{
	struct pbf_partition_table table = read_table(disk);

	assert_int_not_equal(table.type, PBF_TABLE_GPT);
}

/* Puts BYTES of VALUE into both headers and seals them. */
static void set_in_headers(struct disk *disk, size_t offset, size_t bytes,
			   uint64_t value)
{
	const uint64_t sectors[] = { 1, last_sector(disk) };

	for (size_t i = 0; i < 2; i++) {
		unsigned char *header = disk_sector(disk, sectors[i]);

		for (size_t j = 0; j < bytes; j++)
			header[offset + j] =
				(unsigned char)(value >> 8 * j & 0xff);
		disk_gpt_seal(disk, sectors[i]);
	}
}

TEST(a_gpt_is_read_in_sectors_of_512_bytes)
{
	struct disk disk = disk_with_two(512);

	assert_two(&disk);
	disk_free(&disk);
}

TEST(a_gpt_is_read_in_sectors_of_4096_bytes)
{
	struct disk disk = disk_with_two(4096);

	assert_two(&disk);
	disk_free(&disk);
}

TEST(a_gpt_is_not_found_in_sectors_of_another_size)
{
	struct disk disk = disk_with_two(512);

	disk.sector_bytes = 4096;
	assert_no_gpt(&disk);
	disk_free(&disk);
}

TEST(free_entries_keep_their_numbers)
{
	static const struct gpt_entry entries[] = { { 0, 0 }, { 64, 127 } };
	struct disk disk = disk_new(DISK_BYTES, 512);
	struct pbf_partition_table table;

	disk_gpt(&disk, entries, 2);
	table = read_table(&disk);
	assert_int_equal(table.count, 1);
	assert_int_equal(table.partitions[0].number, 2);
	disk_free(&disk);
}

TEST(a_gpt_needs_its_protective_mbr)
{
	struct disk disk = disk_with_two(512);

	disk_mbr_entry(&disk, 0, 0, 0x83, 1, 2047);
	assert_no_gpt(&disk);
	disk_free(&disk);
}

TEST(a_hybrid_mbr_does_not_hide_the_gpt)
{
	struct disk disk = disk_with_two(512);

	disk_mbr_entry(&disk, 0, 0, 0x0c, 128, 64);
	disk_mbr_entry(&disk, 0, 1, 0xee, 1, 127);
	assert_two(&disk);
	disk_free(&disk);
}

TEST(a_broken_header_falls_back_to_the_backup)
{
	struct disk disk = disk_with_two(512);

	disk_sector(&disk, 1)[56]++; /* the checksum is wrong now */
	assert_two(&disk);
	memset(disk_sector(&disk, 1), 0, 512);
	assert_two(&disk);
	disk_free(&disk);
}

TEST(broken_entries_fall_back_to_the_backup)
{
	struct disk disk = disk_with_two(512);

	disk_sector(&disk, 2)[32]++;
	assert_two(&disk);
	disk_free(&disk);
}

TEST(a_broken_backup_does_no_harm)
{
	struct disk disk = disk_with_two(512);

	memset(disk_sector(&disk, last_sector(&disk)), 0, 512);
	assert_two(&disk);
	disk_free(&disk);
}

TEST(two_broken_headers_are_no_gpt)
{
	struct disk disk = disk_with_two(512);

	disk_sector(&disk, 1)[56]++;
	disk_sector(&disk, last_sector(&disk))[56]++;
	assert_no_gpt(&disk);
	disk_free(&disk);
}

TEST(a_gpt_on_a_disk_that_grew_is_read_from_its_start)
{
	struct disk disk = disk_with_two(512);
	struct disk grown = disk_new(2 * DISK_BYTES, 512);

	memcpy(grown.bytes, disk.bytes, disk.size);
	assert_two(&grown);
	disk_free(&disk);
	disk_free(&grown);
}

/* Linux itself takes none of which a usable sector is missing. */
TEST(a_gpt_on_a_disk_that_shrank_is_read_and_tells_how_large_it_was)
{
	struct disk disk = disk_with_two(512);

	assert_int_equal(read_table(&disk).disk_bytes, DISK_BYTES);
	for (uint64_t sectors = last_sector(&disk); sectors >= 34; sectors--) {
		disk.size = sectors * 512;
		assert_two(&disk);
		assert_int_equal(read_table(&disk).disk_bytes, DISK_BYTES);
	}
	disk.size -= 512; /* in the array */
	assert_no_gpt(&disk);
	disk_free(&disk);
}

/* It is no reason to look for the backup anywhere else. */
TEST(a_broken_header_for_a_larger_disk_falls_back_to_the_backup)
{
	struct disk disk = disk_with_two(512);

	disk_sector(&disk, 1)[0x22] = 1;
	assert_two(&disk);
	assert_int_equal(read_table(&disk).disk_bytes, DISK_BYTES);
	disk_free(&disk);
}

TEST(a_gpt_without_partitions_is_a_gpt)
{
	struct disk disk = disk_new(DISK_BYTES, 512);
	struct pbf_partition_table table;

	disk_gpt(&disk, NULL, 0);
	table = read_table(&disk);
	assert_int_equal(table.type, PBF_TABLE_GPT);
	assert_int_equal(table.count, 0);
	disk_free(&disk);
}

TEST(an_array_larger_than_any_real_one_is_not_read)
{
	struct disk disk = disk_with_two(512);

	/* 1024 entries of 128 bytes are read, 1025 are not */
	set_in_headers(&disk, 80, 4, 1025);
	assert_no_gpt(&disk);
	set_in_headers(&disk, 80, 4, 0xffffffff);
	assert_no_gpt(&disk);
	disk_free(&disk);
}

TEST(an_array_as_large_as_any_real_one_is_read)
{
	struct disk disk = disk_new(2 * DISK_BYTES, 512);
	static const struct gpt_entry far[] = { { 1024, 1087 } };

	disk_gpt(&disk, far, 1);
	memset(disk_sector(&disk, last_sector(&disk)), 0, 512);
	disk_sector(&disk, 1)[81] = 4; /* 128 becomes 1152, then 1024 */
	disk_sector(&disk, 1)[80] = 0;
	disk_sector(&disk, 1)[40] = 0; /* first usable sector: 512 */
	disk_sector(&disk, 1)[41] = 2;
	disk_gpt_seal(&disk, 1);
	assert_int_equal(read_table(&disk).count, 1);
	disk_free(&disk);
}

TEST(an_array_of_nothing_is_no_gpt)
{
	struct disk disk = disk_with_two(512);

	set_in_headers(&disk, 80, 4, 0);
	assert_no_gpt(&disk);
	set_in_headers(&disk, 80, 4, 128);
	assert_two(&disk);
	set_in_headers(&disk, 84, 4, 0);
	assert_no_gpt(&disk);
	disk_free(&disk);
}

TEST(an_array_outside_the_image_is_not_read)
{
	struct disk disk = disk_with_two(512);

	set_in_headers(&disk, 72, 8, last_sector(&disk));
	assert_no_gpt(&disk);
	set_in_headers(&disk, 72, 8, last_sector(&disk) + 1000);
	assert_no_gpt(&disk);
	set_in_headers(&disk, 72, 8, UINT64_MAX);
	assert_no_gpt(&disk);
	set_in_headers(&disk, 72, 8, 1ull << 55); /* 2^64 bytes */
	assert_no_gpt(&disk);
	disk_free(&disk);
}

TEST(a_disk_too_small_for_a_gpt_has_none)
{
	struct disk disk = disk_new(1024, 512);

	disk_mbr_entry(&disk, 0, 0, 0xee, 1, 1);
	assert_no_gpt(&disk);
	disk.size = 512;
	assert_no_gpt(&disk);
	disk_free(&disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gpt_is_read_in_sectors_of_512_bytes),
		cmocka_unit_test(a_gpt_is_read_in_sectors_of_4096_bytes),
		cmocka_unit_test(a_gpt_is_not_found_in_sectors_of_another_size),
		cmocka_unit_test(free_entries_keep_their_numbers),
		cmocka_unit_test(a_gpt_needs_its_protective_mbr),
		cmocka_unit_test(a_hybrid_mbr_does_not_hide_the_gpt),
		cmocka_unit_test(a_broken_header_falls_back_to_the_backup),
		cmocka_unit_test(broken_entries_fall_back_to_the_backup),
		cmocka_unit_test(a_broken_backup_does_no_harm),
		cmocka_unit_test(two_broken_headers_are_no_gpt),
		cmocka_unit_test(
			a_gpt_on_a_disk_that_grew_is_read_from_its_start),
		cmocka_unit_test(
			a_gpt_on_a_disk_that_shrank_is_read_and_tells_how_large_it_was),
		cmocka_unit_test(
			a_broken_header_for_a_larger_disk_falls_back_to_the_backup),
		cmocka_unit_test(a_gpt_without_partitions_is_a_gpt),
		cmocka_unit_test(an_array_larger_than_any_real_one_is_not_read),
		cmocka_unit_test(an_array_as_large_as_any_real_one_is_read),
		cmocka_unit_test(an_array_of_nothing_is_no_gpt),
		cmocka_unit_test(an_array_outside_the_image_is_not_read),
		cmocka_unit_test(a_disk_too_small_for_a_gpt_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
