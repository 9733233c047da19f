/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_volume.h"

#include <errno.h>

#include "disk-image.h"
#include "unit.h"

#define SECTOR 512u
#define DISK_SECTORS 1024u
#define ANY 0u

/* Where the partitions of a test's disk begin; each has 150 sectors. */
static const uint32_t starts[] = { 100, 300, 500 };

static struct disk disk;

static int setup(void **state)
{
	(void)state;
	disk = disk_new((size_t)DISK_SECTORS * SECTOR, SECTOR);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	disk_free(&disk);
	return 0;
}

/* A small volume with one file, or none when NAME is NULL. */
static struct fat_image *volume_with(const char *name, const char *text)
{
	const struct fat_layout layout = { .type = 12 };
	struct fat_image *volume = fat_image_new(&layout);

	if (name)
		fat_add_text(volume, FAT_ROOT, name, 10, text);
	return volume;
}

static void put(unsigned int number, const char *name, const char *text)
{
	disk_put_volume(&disk, (uint64_t)starts[number - 1] * SECTOR,
			volume_with(name, text));
}

/* An MBR with three partitions of type 83, whatever is in them. */
static void put_mbr(void)
{
	for (unsigned int i = 0; i < 3; i++)
		disk_mbr_entry(&disk, 0, i, 0x83, starts[i], 150);
}

static void put_gpt(void)
{
	static const struct gpt_entry entries[] = { { 100, 249 },
						    { 300, 449 },
						    { 500, 649 } };

	disk_gpt(&disk, entries, 3);
}

static int open_partition(unsigned int wanted,
			  struct pbf_boot_choice *ret_choice,
			  uint64_t *ret_start, struct pbf_reason *why)
{
	_cleanup_image_ struct pbf_image *image = image_of_disk(&disk);
	_cleanup_volume_ struct pbf_fat_volume *volume = NULL;
	int error =
		pbf_boot_volume_open(image, wanted, &volume, ret_choice, why);

	if (error == 0)
		*ret_start = pbf_fat_volume_start(volume);
	return error;
}

static void assert_chosen(unsigned int wanted, unsigned int expected,
			  enum pbf_boot_reason reason)
{
	struct pbf_reason why = { .text = "" };
	struct pbf_boot_choice choice = { .partition = 77 };
	uint64_t start = 0;

	if (open_partition(wanted, &choice, &start, &why) < 0)
		fail_msg("refused: %s", why.text);
	assert_int_equal(choice.partition, expected);
	assert_int_equal(choice.reason, reason);
	assert_int_equal(choice.sector_bytes, expected == 0 ? 0 : SECTOR);
	assert_int_equal(start, expected == 0 ? 0 :
						(uint64_t)starts[expected - 1] *
							SECTOR);
}

static void assert_refused(unsigned int wanted, int error, const char *words)
{
	struct pbf_reason why = { .text = "" };
	struct pbf_boot_choice choice = { .partition = 77 };
	uint64_t start;

	assert_int_equal(open_partition(wanted, &choice, &start, &why), error);
	assert_non_null(strstr(why.text, words));
	assert_int_equal(choice.partition, 77);
}

TEST(a_volume_that_fills_the_image_is_partition_0)
{
	disk_put_volume(&disk, 0, volume_with(NULL, NULL));
	assert_chosen(ANY, 0, PBF_BOOT_UNPARTITIONED);
}

TEST(a_volume_with_a_partition_entry_in_its_boot_sector_is_still_a_volume)
{
	disk_put_volume(&disk, 0, volume_with(NULL, NULL));
	put(1, "CONFIG  TXT", "x");
	disk_mbr_entry(&disk, 0, 0, 0x0c, 100, 150);
	assert_chosen(ANY, 0, PBF_BOOT_UNPARTITIONED);
}

TEST(the_only_fat_partition_is_chosen_whatever_its_type_says)
{
	put_mbr();
	put(2, NULL, NULL);
	assert_chosen(ANY, 2, PBF_BOOT_ONLY_FAT);
}

TEST(the_first_fat_partition_is_chosen)
{
	put_mbr();
	put(2, NULL, NULL);
	put(3, NULL, NULL);
	assert_chosen(ANY, 2, PBF_BOOT_FIRST_FAT);
}

TEST(a_partition_with_boot_files_is_preferred)
{
	static const char *const files[] = { "CONFIG  TXT", "START4  ELF",
					     "START   ELF", "BOOTCODEBIN" };

	put_mbr();
	for (size_t i = 0; i < 4; i++) {
		put(1, "KERNEL  IMG", "x");
		put(2, files[i], "x");
		put(3, files[i], "x");
		assert_chosen(ANY, 2, PBF_BOOT_FILES);
	}
}

TEST(autoboot_in_the_first_partition_decides)
{
	put_mbr();
	put(1, "AUTOBOOTTXT", "[all]\nboot_partition=3\n");
	put(2, "CONFIG  TXT", "x");
	put(3, NULL, NULL);
	assert_chosen(ANY, 3, PBF_BOOT_AUTOBOOT);
}

TEST(autoboot_in_another_partition_does_not_count)
{
	put_mbr();
	put(1, NULL, NULL);
	put(2, "AUTOBOOTTXT", "[all]\nboot_partition=3\n");
	put(3, NULL, NULL);
	assert_chosen(ANY, 1, PBF_BOOT_FIRST_FAT);
}

TEST(autoboot_that_names_no_fat_partition_does_not_count)
{
	put_mbr();
	put(1, "AUTOBOOTTXT", "[all]\nboot_partition=2\n");
	put(3, "CONFIG  TXT", "x");
	assert_chosen(ANY, 3, PBF_BOOT_FILES);
}

TEST(autoboot_that_cannot_be_read_does_not_count)
{
	struct fat_image *volume =
		volume_with("AUTOBOOTTXT", "[all]\nboot_partition=3\n");
	uint64_t slot = volume->data_start - 16 * FAT_SLOT_BYTES;

	put_mbr();
	volume->bytes[slot + 0x1a] = 200;
	disk_put_volume(&disk, (uint64_t)starts[0] * SECTOR, volume);
	put(3, NULL, NULL);
	assert_chosen(ANY, 1, PBF_BOOT_FIRST_FAT);
}

TEST(autoboot_of_more_than_512_bytes_counts_by_its_start)
{
	char text[2001];

	memset(text, '#', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "boot_partition=3\n", 17);
	memcpy(text + 600, "\nboot_partition=2\n", 18);
	put_mbr();
	put(1, "AUTOBOOTTXT", text);
	put(2, NULL, NULL);
	put(3, NULL, NULL);
	assert_chosen(ANY, 3, PBF_BOOT_AUTOBOOT);
}

TEST(a_gpt_is_preferred_to_a_hybrid_mbr)
{
	put_gpt();
	put(2, NULL, NULL);
	put(3, NULL, NULL);
	disk_mbr_entry(&disk, 0, 1, 0x0c, starts[2], 150);
	assert_chosen(ANY, 2, PBF_BOOT_FIRST_FAT);
}

TEST(a_gpt_on_a_disk_of_4096_byte_sectors_is_found)
{
	static const struct gpt_entry entries[] = { { 8, 30 } };
	_cleanup_image_ struct pbf_image *image = NULL;
	_cleanup_volume_ struct pbf_fat_volume *volume = NULL;
	struct disk large = disk_new(1024u * 1024, 4096);
	struct pbf_boot_choice choice;

	disk_gpt(&large, entries, 1);
	disk_put_volume(&large, 8 * 4096, volume_with(NULL, NULL));
	image = image_of_disk(&large);
	disk_free(&large);
	assert_int_equal(
		pbf_boot_volume_open(image, ANY, &volume, &choice, NULL), 0);
	assert_int_equal(choice.partition, 1);
	assert_int_equal(choice.sector_bytes, 4096);
	assert_int_equal(pbf_fat_volume_start(volume), 8 * 4096);
}

TEST(an_mbr_on_a_disk_of_4096_byte_sectors_is_found)
{
	_cleanup_image_ struct pbf_image *image = NULL;
	_cleanup_volume_ struct pbf_fat_volume *volume = NULL;
	struct disk large = disk_new(1024u * 1024, 4096);
	struct pbf_boot_choice choice;

	disk_mbr_entry(&large, 0, 0, 0x0c, 8, 30);
	disk_put_volume(&large, 8 * 4096, volume_with(NULL, NULL));
	image = image_of_disk(&large);
	disk_free(&large);
	assert_int_equal(
		pbf_boot_volume_open(image, ANY, &volume, &choice, NULL), 0);
	assert_int_equal(pbf_fat_volume_start(volume), 8 * 4096);
}

TEST(a_logical_partition_can_be_the_one)
{
	_cleanup_image_ struct pbf_image *image = NULL;
	_cleanup_volume_ struct pbf_fat_volume *volume = NULL;
	struct pbf_boot_choice choice;

	disk_mbr_entry(&disk, 0, 0, 0x05, 50, 900);
	disk_mbr_entry(&disk, 50, 0, 0x0c, 50, 150);
	put(1, NULL, NULL);
	image = image_of_disk(&disk);
	assert_int_equal(
		pbf_boot_volume_open(image, ANY, &volume, &choice, NULL), 0);
	assert_int_equal(choice.partition, 5);
	assert_int_equal(choice.reason, PBF_BOOT_ONLY_FAT);
	assert_int_equal(pbf_fat_volume_start(volume), 100 * SECTOR);
}

TEST(a_partition_named_by_configuration_is_the_choice)
{
	put_mbr();
	put(1, "CONFIG  TXT", "x");
	put(3, NULL, NULL);
	assert_chosen(3, 3, PBF_BOOT_NUMBERED);
	assert_chosen(1, 1, PBF_BOOT_NUMBERED);
}

TEST(a_partition_named_by_configuration_is_never_replaced_by_another)
{
	put_mbr();
	put(1, "CONFIG  TXT", "x");
	assert_refused(2, -EUCLEAN, "partition 2, which was asked for");
	assert_refused(4, -ENOENT, "has no partition 4");
}

TEST(a_partition_named_by_configuration_is_looked_for_in_a_gpt)
{
	put_gpt();
	put(1, "CONFIG  TXT", "x");
	put(3, NULL, NULL);
	assert_chosen(3, 3, PBF_BOOT_NUMBERED);
	assert_refused(2, -EUCLEAN, "partition 2, which was asked for");
	assert_refused(4, -ENOENT, "has no partition 4");
}

TEST(an_unpartitioned_image_has_no_partition_by_number)
{
	disk_put_volume(&disk, 0, volume_with(NULL, NULL));
	assert_chosen(ANY, 0, PBF_BOOT_UNPARTITIONED);
	assert_refused(1, -ENOENT, "has no partition 1");
}

TEST(an_image_without_any_volume_says_why_it_is_none_itself)
{
	put_mbr();
	assert_refused(ANY, -EUCLEAN, "no FAT boot sector");
	memset(disk.bytes, 0, SECTOR);
	assert_refused(ANY, -EUCLEAN, "the image as a whole is none");
}

TEST(a_gpt_without_any_volume_is_refused)
{
	put_gpt();
	assert_refused(ANY, -EUCLEAN, "no GPT with a FAT");
	put(1, NULL, NULL);
	assert_chosen(ANY, 1, PBF_BOOT_ONLY_FAT);
}

TEST(a_volume_behind_a_protective_mbr_without_a_gpt_is_not_guessed)
{
	disk_mbr_entry(&disk, 0, 0, 0xee, 1, 1000);
	disk_mbr_entry(&disk, 0, 1, 0x0c, starts[0], 150);
	put(1, "CONFIG  TXT", "x");
	assert_refused(ANY, -EUCLEAN, "protective MBR");
}

TEST(an_empty_gpt_is_refused)
{
	disk_gpt(&disk, NULL, 0);
	assert_refused(ANY, -EUCLEAN, "no GPT with a FAT");
}

TEST(what_is_no_raw_image_is_named)
{
	memcpy(disk.bytes, "\xfd\x37zXZ", 6);
	assert_refused(ANY, -EUCLEAN, "xz-compressed, not a raw image: unpack");
	assert_refused(1, -EUCLEAN, "xz-compressed");
	disk.size = 60;
	assert_refused(ANY, -EUCLEAN, "xz-compressed");
}

TEST(a_vhd_of_fixed_size_is_named_only_if_nothing_can_be_served)
{
	unsigned char *footer = disk_sector(&disk, DISK_SECTORS - 1);

	memcpy(footer, "conectix", 8);
	assert_refused(ANY, -EUCLEAN, "a VHD image, not a raw image: convert");
	put_mbr();
	assert_refused(ANY, -EUCLEAN, "no partition with a FAT volume");
	put(1, NULL, NULL);
	assert_chosen(ANY, 1, PBF_BOOT_ONLY_FAT);
}

TEST(a_table_of_another_type_is_named)
{
	memcpy(disk.bytes + 0x1fc, "\xda\xbe\xda\xbe", 4);
	assert_refused(ANY, -EUCLEAN, "type sun, and boards boot from GPT");
}

TEST(an_empty_image_cannot_be_read)
{
	disk.size = 0;
	assert_refused(ANY, -EIO, "beyond the end");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_volume_that_fills_the_image_is_partition_0),
		CLAIM(a_volume_with_a_partition_entry_in_its_boot_sector_is_still_a_volume),
		CLAIM(the_only_fat_partition_is_chosen_whatever_its_type_says),
		CLAIM(the_first_fat_partition_is_chosen),
		CLAIM(a_partition_with_boot_files_is_preferred),
		CLAIM(autoboot_in_the_first_partition_decides),
		CLAIM(autoboot_in_another_partition_does_not_count),
		CLAIM(autoboot_that_names_no_fat_partition_does_not_count),
		CLAIM(autoboot_that_cannot_be_read_does_not_count),
		CLAIM(autoboot_of_more_than_512_bytes_counts_by_its_start),
		CLAIM(a_gpt_is_preferred_to_a_hybrid_mbr),
		CLAIM(a_gpt_on_a_disk_of_4096_byte_sectors_is_found),
		CLAIM(an_mbr_on_a_disk_of_4096_byte_sectors_is_found),
		CLAIM(a_logical_partition_can_be_the_one),
		CLAIM(a_partition_named_by_configuration_is_the_choice),
		CLAIM(a_partition_named_by_configuration_is_never_replaced_by_another),
		CLAIM(a_partition_named_by_configuration_is_looked_for_in_a_gpt),
		CLAIM(an_unpartitioned_image_has_no_partition_by_number),
		CLAIM(an_image_without_any_volume_says_why_it_is_none_itself),
		CLAIM(a_gpt_without_any_volume_is_refused),
		CLAIM(a_volume_behind_a_protective_mbr_without_a_gpt_is_not_guessed),
		CLAIM(an_empty_gpt_is_refused),
		CLAIM(what_is_no_raw_image_is_named),
		CLAIM(a_vhd_of_fixed_size_is_named_only_if_nothing_can_be_served),
		CLAIM(a_table_of_another_type_is_named),
		CLAIM(an_empty_image_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
