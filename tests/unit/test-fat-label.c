/* SPDX-License-Identifier: BSD-2-Clause */
/* A volume's label, and the code page of all that is not UTF-16. */
#include "fat_dir.h"
#include "unit.h"
#include "volume-bench.h"

static struct volume_bench bench;

static int setup(void **state)
{
	(void)state;
	bench = (struct volume_bench){ .built = NULL };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	volume_bench_free(&bench);
	return 0;
}

static void assert_label(const char *label)
{
	char found[PBF_FAT_ALIAS_BYTES];

	volume_bench_open(&bench);
	pbf_fat_label(bench.volume, found);
	assert_string_equal(found, label);
}

TEST(a_label_is_that_of_the_root_directory)
{
	const struct fat_layout layout = { .type = 32 };
	const struct fat_slot label = { .name = "FROM ROOT  ",
					.attributes = FAT_ATTRIBUTE_LABEL };
	unsigned char slot[FAT_SLOT_BYTES];

	volume_bench_build(&bench, &layout);
	memcpy(fat_boot_sector(bench.built) + 0x47, "FROM BOOT  ", 11);
	fat_add_text(bench.built, FAT_ROOT, "FILE       ", 20, "x");
	assert_label("FROM BOOT");
	fat_slot_write(&label, slot);
	fat_append(bench.built, FAT_ROOT, slot);
	assert_label("FROM ROOT");
}

TEST(a_label_is_written_in_the_volumes_code_page)
{
	const struct fat_layout layout = { .type = 32 };
	char found[PBF_FAT_ALIAS_BYTES];

	volume_bench_build(&bench, &layout);
	memcpy(fat_boot_sector(bench.built) + 0x47, "B\x9dT\0\0\0\0\0\0\0", 11);
	assert_label("B\u00a5T");
	pbf_fat_volume_set_code_page(bench.volume, PBF_CODE_PAGE_850);
	pbf_fat_label(bench.volume, found);
	assert_string_equal(found, "B\u00d8T");
}

TEST(a_first_byte_of_05_stands_for_e5)
{
	const struct fat_layout layout = { .type = 12 };
	const struct fat_slot label = { .name = "\x05\xe5\xe5        ",
					.attributes = FAT_ATTRIBUTE_LABEL };
	unsigned char slot[FAT_SLOT_BYTES];

	volume_bench_build(&bench, &layout);
	memcpy(fat_boot_sector(bench.built) + 0x2b, "\x05\xe5\x05        ", 11);
	assert_label("\u03c3\u03c3\x05");
	fat_slot_write(&label, slot);
	fat_append(bench.built, FAT_ROOT, slot);
	assert_label("\u03c3\u03c3\u03c3");
}

TEST(names_are_read_in_the_volumes_code_page)
{
	const struct fat_layout layout = { .type = 16 };
	struct pbf_fat_entry entry;

	volume_bench_build(&bench, &layout);
	fat_add_text(bench.built, FAT_ROOT, "B\x9dT        ", 20, "x");
	volume_bench_open(&bench);
	assert_int_equal(pbf_dir_find(bench.volume, PBF_FAT_ROOT, "B\u00a5T",
				      &entry, NULL),
			 0);
	pbf_fat_volume_set_code_page(bench.volume, PBF_CODE_PAGE_850);
	assert_int_equal(pbf_dir_find(bench.volume, PBF_FAT_ROOT, "B\u00d8T",
				      &entry, NULL),
			 0);
	assert_string_equal(entry.name, "B\u00d8T");
}

TEST(a_volume_without_a_name_has_no_label)
{
	const struct fat_layout layout = { .type = 32 };

	volume_bench_build(&bench, &layout);
	assert_label("");
	memcpy(fat_boot_sector(bench.built) + 0x47, "NO NAME AT ", 11);
	assert_label("NO NAME AT");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_label_is_that_of_the_root_directory),
		CLAIM(a_label_is_written_in_the_volumes_code_page),
		CLAIM(a_first_byte_of_05_stands_for_e5),
		CLAIM(names_are_read_in_the_volumes_code_page),
		CLAIM(a_volume_without_a_name_has_no_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
