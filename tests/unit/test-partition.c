/* SPDX-License-Identifier: BSD-2-Clause */
/* MBRs; GPTs are in test-partition-gpt.c. */
#include "partition.h"

#include <errno.h>

#include "disk-image.h"
#include "hex.h"
#include "unit.h"

#define SECTOR 512u
#define DISK_SECTORS 8192u

static unsigned char disk[DISK_SECTORS * SECTOR];

static int setup(void **state)
{
	(void)state;
	memset(disk, 0, sizeof(disk));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return 0;
}

static struct pbf_partition_table read_first(size_t length,
					     uint32_t sector_bytes)
{
	_cleanup_image_ struct pbf_image *image = image_of_bytes(disk, length);
	struct pbf_partition_table table;

	assert_int_equal(
		pbf_partition_table_read(image, sector_bytes, &table, NULL), 0);
	return table;
}

static struct pbf_partition_table read_disk(void)
{
	return read_first(sizeof(disk), SECTOR);
}

static void assert_partition(const struct pbf_partition_table *table,
			     size_t index, unsigned int number,
			     uint64_t start_sector, uint64_t sectors)
{
	assert_in_range(index + 1, 1, table->count);
	assert_int_equal(table->partitions[index].number, number);
	assert_int_equal(table->partitions[index].start_bytes,
			 start_sector * table->sector_bytes);
	assert_int_equal(table->partitions[index].size_bytes,
			 sectors * table->sector_bytes);
}

TEST(primary_partitions_are_found)
{
	struct pbf_partition_table table;

	hex_load("mbr-two.hex", disk, sizeof(disk));
	table = read_disk();
	assert_int_equal(table.type, PBF_TABLE_MBR);
	assert_int_equal(table.sector_bytes, SECTOR);
	assert_int_equal(table.count, 2);
	assert_partition(&table, 0, 1, 2048, 4096);
	assert_partition(&table, 1, 2, 6144, 2048);
}

TEST(a_table_counts_in_sectors_of_the_disk)
{
	struct pbf_partition_table table;

	/* 4096-byte sectors: partition 1 from sector 100 on */
	hex_load("mbr-two.hex", disk, sizeof(disk));
	hex_parse("@1c6 00 01 00 00  @1d6 00 02 00 00", disk, sizeof(disk));
	table = read_first(sizeof(disk), 4096);
	assert_int_equal(table.count, 2);
	assert_partition(&table, 0, 1, 0x100, 4096);
	assert_partition(&table, 1, 2, 0x200, 2048);
}

TEST(partitions_keep_their_numbers_when_entries_are_free)
{
	struct pbf_partition_table table;

	hex_load("mbr-two.hex", disk, sizeof(disk));
	hex_parse("@1be 00*16", disk, sizeof(disk));
	table = read_disk();
	assert_int_equal(table.count, 1);
	assert_partition(&table, 0, 2, 6144, 2048);
}

TEST(an_image_without_a_table_has_none)
{
	struct pbf_partition_table table = read_disk();

	assert_int_equal(table.type, PBF_TABLE_NONE);
	assert_int_equal(table.count, 0);
	hex_load("mbr-two.hex", disk, sizeof(disk));
	hex_parse("@1fe 55 ab", disk, sizeof(disk));
	table = read_disk();
	assert_int_equal(table.type, PBF_TABLE_NONE);
}

TEST(a_fat_volume_with_a_partition_entry_in_its_boot_sector_has_no_table)
{
	struct pbf_partition_table table;

	hex_load("fat12-boot.hex", disk, sizeof(disk));
	hex_parse("@1be 80 00 00 00  0c 00 00 00  00*4  40 0b 00 00", disk,
		  sizeof(disk));
	/* libblkid looks at the FAT's first entries too */
	hex_parse("@200 f0 ff ff", disk, sizeof(disk));
	table = read_disk();
	assert_int_equal(table.count, 0);
}

/* How much of partitions 1 and 2 is missing in an image of so many SECTORS. */
static void assert_missing(size_t sectors, uint64_t first, uint64_t second)
{
	_cleanup_image_ struct pbf_image *image =
		image_of_bytes(disk, sectors * SECTOR);
	struct pbf_partition_table table;

	assert_int_equal(pbf_partition_table_read(image, SECTOR, &table, NULL),
			 0);
	assert_int_equal(table.count, 2);
	assert_partition(&table, 0, 1, 2048, 4096);
	assert_partition(&table, 1, 2, 6144, 2048);
	assert_int_equal(
		pbf_partition_missing_bytes(&table.partitions[0], image),
		first * SECTOR);
	assert_int_equal(
		pbf_partition_missing_bytes(&table.partitions[1], image),
		second * SECTOR);
}

TEST(partitions_beyond_the_end_are_found_and_how_much_of_them_is_missing)
{
	hex_load("mbr-two.hex", disk, sizeof(disk));
	assert_missing(DISK_SECTORS, 0, 0);
	assert_missing(DISK_SECTORS - 1, 0, 1);
	assert_missing(6145, 0, 2047);
	assert_missing(6144, 0, 2048);
	assert_missing(3000, 3144, 2048);
	assert_missing(2048, 4096, 2048);
}

TEST(an_extended_partition_that_reaches_beyond_the_end_is_told)
{
	hex_load("mbr-logical.hex", disk, sizeof(disk));
	assert_int_equal(read_disk().cut_extended, 0);
	assert_int_equal(read_first(0x1d * SECTOR, SECTOR).cut_extended, 2);
}

TEST(a_table_without_partitions_is_a_table)
{
	struct pbf_partition_table table;

	hex_parse("@1fe 55 aa", disk, sizeof(disk));
	table = read_disk();
	assert_int_equal(table.type, PBF_TABLE_MBR);
	assert_int_equal(table.count, 0);
}

/* A Sun label: magic, and a checksum by which all words give 0 */
TEST(other_tables_are_known_by_name_but_not_used)
{
	_cleanup_image_ struct pbf_image *image = NULL;
	struct pbf_partition_table table;

	hex_parse("@1fc da be da be", disk, sizeof(disk));
	assert_int_equal(read_disk().type, PBF_TABLE_NONE);
	image = image_of_bytes(disk, sizeof(disk));
	assert_int_equal(
		pbf_partition_table_read_any(image, SECTOR, &table, NULL), 0);
	assert_int_equal(table.type, PBF_TABLE_OTHER);
	assert_string_equal(table.name, "sun");
}

TEST(a_partition_at_the_table_itself_is_left_out)
{
	hex_load("mbr-two.hex", disk, sizeof(disk));
	hex_parse("@1c6 00 00 00 00", disk, sizeof(disk));
	assert_int_equal(read_disk().count, 1);
}

TEST(logical_partitions_are_numbered_from_5)
{
	struct pbf_partition_table table;

	hex_load("mbr-logical.hex", disk, sizeof(disk));
	table = read_disk();
	assert_int_equal(table.type, PBF_TABLE_MBR);
	assert_int_equal(table.count, 3);
	assert_partition(&table, 0, 1, 0x01, 3);
	assert_partition(&table, 1, 5, 0x11, 2);
	assert_partition(&table, 2, 6, 0x1a, 4);
}

TEST(all_types_of_extended_partitions_are_followed)
{
	hex_load("mbr-logical.hex", disk, sizeof(disk));
	hex_parse("@1d2 0f", disk, sizeof(disk));
	assert_int_equal(read_disk().count, 3);
	hex_parse("@1d2 85", disk, sizeof(disk));
	assert_int_equal(read_disk().count, 3);
}

TEST(an_ebr_without_a_signature_ends_the_chain)
{
	hex_load("mbr-logical.hex", disk, sizeof(disk));
	hex_parse("@31fe 00 00", disk, sizeof(disk));
	assert_int_equal(read_disk().count, 2);
	hex_parse("@21fe 00 00", disk, sizeof(disk));
	assert_int_equal(read_disk().count, 1);
}

TEST(an_ebr_that_links_to_itself_ends)
{
	struct pbf_partition_table table;

	hex_load("mbr-logical.hex", disk, sizeof(disk));
	hex_parse("@21d6 00 00 00 00", disk, sizeof(disk));
	table = read_disk();
	assert_in_range(table.count, 2, PBF_PARTITIONS_MAX);
	assert_partition(&table, 0, 1, 0x01, 3);
	assert_partition(&table, 1, 5, 0x11, 2);
}

TEST(an_ebr_outside_the_extended_partition_is_not_followed)
{
	hex_load("mbr-logical.hex", disk, sizeof(disk));
	/* The next EBR moves to sector 40, beyond 10 + 20. */
	memcpy(disk + 0x40 * SECTOR, disk + 0x18 * SECTOR, SECTOR);
	hex_parse("@21d6 30 00 00 00", disk, sizeof(disk));
	assert_int_equal(read_disk().count, 2);
	hex_parse("@1da 40 00 00 00", disk, sizeof(disk));
	assert_int_equal(read_disk().count, 3);
}

TEST(an_extended_partition_beyond_the_end_is_not_followed)
{
	hex_load("mbr-logical.hex", disk, sizeof(disk));
	assert_int_equal(read_first(0x10 * SECTOR, SECTOR).count, 1);
	assert_int_equal(read_first(0x12 * SECTOR, SECTOR).count, 2);
}

TEST(a_long_chain_of_ebrs_ends_at_a_bound)
{
	struct disk long_chain = disk_new(sizeof(disk), SECTOR);
	_cleanup_image_ struct pbf_image *image = NULL;
	struct pbf_partition_table table;

	disk_mbr_entry(&long_chain, 0, 0, 0x05, 1, DISK_SECTORS - 1);
	for (uint32_t i = 0; i < 200; i++) {
		disk_mbr_entry(&long_chain, 1 + 2 * i, 0, 0x0c, 1, 1);
		disk_mbr_entry(&long_chain, 1 + 2 * i, 1, 0x05, 2 * (i + 1), 2);
	}
	image = image_of_disk(&long_chain);
	disk_free(&long_chain);
	assert_int_equal(pbf_partition_table_read(image, SECTOR, &table, NULL),
			 0);
	/* libblkid stops at 100 by itself */
	assert_in_range(table.count, 50, PBF_EBR_MAX);
	assert_partition(&table, 0, 5, 2, 1);
}

TEST(an_image_of_less_than_a_sector_cannot_be_read)
{
	_cleanup_image_ struct pbf_image *image = image_of_bytes(disk, 100);
	struct pbf_partition_table table;
	struct pbf_reason why;

	assert_int_equal(pbf_partition_table_read(image, SECTOR, &table, &why),
			 -EIO);
	assert_reason(why, 0, "beyond the end");
}

TEST(a_protective_entry_counts_in_every_place)
{
	static const char *const places[] = { "@1c2 ee", "@1d2 ee", "@1e2 ee",
					      "@1f2 ee" };

	for (size_t i = 0; i < 4; i++) {
		memset(disk, 0, SECTOR);
		hex_parse("@1fe 55 aa", disk, sizeof(disk));
		assert_false(pbf_mbr_protects_gpt(disk));
		hex_parse(places[i], disk, sizeof(disk));
		assert_true(pbf_mbr_protects_gpt(disk));
	}
}

TEST(an_mbr_without_a_signature_protects_nothing)
{
	hex_parse("@1c2 ee  @1fe 55 aa", disk, sizeof(disk));
	assert_true(pbf_mbr_protects_gpt(disk));
	hex_parse("@1fe 54 aa", disk, sizeof(disk));
	assert_false(pbf_mbr_protects_gpt(disk));
	hex_parse("@1fe 55 ab", disk, sizeof(disk));
	assert_false(pbf_mbr_protects_gpt(disk));
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(primary_partitions_are_found),
		CLAIM(a_table_counts_in_sectors_of_the_disk),
		CLAIM(partitions_keep_their_numbers_when_entries_are_free),
		CLAIM(an_image_without_a_table_has_none),
		CLAIM(a_fat_volume_with_a_partition_entry_in_its_boot_sector_has_no_table),
		CLAIM(partitions_beyond_the_end_are_found_and_how_much_of_them_is_missing),
		CLAIM(an_extended_partition_that_reaches_beyond_the_end_is_told),
		CLAIM(a_table_without_partitions_is_a_table),
		CLAIM(other_tables_are_known_by_name_but_not_used),
		CLAIM(a_partition_at_the_table_itself_is_left_out),
		CLAIM(logical_partitions_are_numbered_from_5),
		CLAIM(all_types_of_extended_partitions_are_followed),
		CLAIM(an_ebr_without_a_signature_ends_the_chain),
		CLAIM(an_ebr_that_links_to_itself_ends),
		CLAIM(an_ebr_outside_the_extended_partition_is_not_followed),
		CLAIM(an_extended_partition_beyond_the_end_is_not_followed),
		CLAIM(a_long_chain_of_ebrs_ends_at_a_bound),
		CLAIM(an_image_of_less_than_a_sector_cannot_be_read),
		CLAIM(a_protective_entry_counts_in_every_place),
		CLAIM(an_mbr_without_a_signature_protects_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
