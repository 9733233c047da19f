/* SPDX-License-Identifier: BSD-2-Clause */
/* Images that have lost their end. */
#include <errno.h>

#include "boot_volume.h"
#include "disk-image.h"
#include "unit.h"

#define SECTOR 512u
#define DISK_SECTORS 1024u
#define ANY 0u

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

static struct fat_image *volume(void)
{
	const struct fat_layout layout = { .type = 12 };

	return fat_image_new(&layout);
}

/* Three partitions of 150 sectors. */
static void put_mbr(void)
{
	for (unsigned int i = 0; i < 3; i++)
		disk_mbr_entry(&disk, 0, i, 0x83, 100 + 200 * i, 150);
}

static void put_gpt(void)
{
	static const struct gpt_entry entries[] = { { 100, 249 },
						    { 300, 449 },
						    { 500, 649 } };

	disk_gpt(&disk, entries, 3);
}

static void assert_refused(unsigned int wanted, int error, const char *words)
{
	_cleanup_image_ struct pbf_image *image = image_of_disk(&disk);
	struct pbf_reason why = { .text = "" };
	struct pbf_fat_volume *none;
	struct pbf_boot_choice choice;

	assert_int_equal(
		pbf_boot_volume_open(image, wanted, &none, &choice, &why),
		error);
	assert_non_null(strstr(why.text, words));
}

/* What is noted of the volume that is chosen; "" for nothing. */
static void assert_noted(const char *words)
{
	_cleanup_image_ struct pbf_image *image = image_of_disk(&disk);
	_cleanup_volume_ struct pbf_fat_volume *volume = NULL;
	struct pbf_boot_choice choice;
	const struct pbf_reason *note;

	assert_int_equal(
		pbf_boot_volume_open(image, ANY, &volume, &choice, NULL), 0);
	note = pbf_fat_volume_oddity(volume);
	if (!words[0])
		assert_null(note);
	else if (!note)
		fail_msg("nothing is noted");
	else
		assert_reason(*note, disk.size, words);
}

TEST(an_image_that_ends_within_its_boot_partition_is_served_and_noted)
{
	put_mbr();
	disk_put_volume(&disk, 100 * SECTOR, volume());
	assert_noted("");
	disk.size = 250 * SECTOR;
	assert_noted("");
	disk.size = 249 * SECTOR;
	assert_noted("within partition 1, 512 bytes before");
	disk.size = 101 * SECTOR;
	assert_noted("within partition 1, 76288 bytes before");
}

TEST(an_image_that_ends_within_its_only_volume_is_served_and_noted)
{
	disk_put_volume(&disk, 0, volume());
	assert_noted("");
	disk.size = 20 * SECTOR;
	assert_noted("within its FAT volume");
}

TEST(an_image_that_ends_behind_the_boot_partition_of_a_gpt_is_noted)
{
	put_gpt();
	disk_put_volume(&disk, 100 * SECTOR, volume());
	disk.size = 700 * SECTOR;
	assert_noted("within the disk that its GPT is for, 165888 bytes");
}

TEST(an_image_that_ends_before_its_boot_partition_says_so)
{
	put_mbr();
	disk.size = 101 * SECTOR;
	assert_refused(ANY, -EUCLEAN, "the image ends before partition 2,");
	assert_refused(3, -EUCLEAN, "the image ends before partition 3,");
	assert_refused(1, -EUCLEAN, "partition 1, which was asked for, holds");
	disk.size = 100 * SECTOR;
	assert_refused(ANY, -EUCLEAN, "the image ends before partition 1,");
	disk.size = (size_t)DISK_SECTORS * SECTOR;
	put_gpt();
	disk.size = 100 * SECTOR;
	assert_refused(ANY, -EUCLEAN, "the image ends before partition 1,");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(an_image_that_ends_within_its_boot_partition_is_served_and_noted),
		CLAIM(an_image_that_ends_within_its_only_volume_is_served_and_noted),
		CLAIM(an_image_that_ends_behind_the_boot_partition_of_a_gpt_is_noted),
		CLAIM(an_image_that_ends_before_its_boot_partition_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
