/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding names and paths in a volume. */
#include <errno.h>
#include <stdlib.h>

#include "disk-image.h"
#include "fat_dir.h"
#include "unit.h"

#define CLUSTER_CONFIG 10u
#define CLUSTER_OVERLAYS 20u
#define CLUSTER_DEEP 21u
#define CLUSTER_README 22u

static struct fat_image *built;
static uint64_t overlays_slot, deep_slot;
static struct pbf_deny deny;

/* /config.txt, /overlays/README, /overlays/a-long-name.dtbo, /overlays/DEEP */
static int setup(void **state)
{
	const struct fat_layout layout = { .type = 32, .clusters = 200 };

	(void)state;
	built = fat_image_new(&layout);
	fat_append_long(built, FAT_ROOT, "config.txt", "CONFIG  TXT");
	fat_add_text(built, FAT_ROOT, "CONFIG  TXT", CLUSTER_CONFIG, "a=b");
	overlays_slot = fat_add_directory(built, FAT_ROOT, "OVERLAYS   ",
					  CLUSTER_OVERLAYS);
	fat_add_text(built, CLUSTER_OVERLAYS, "README     ", CLUSTER_README,
		     "read me");
	fat_append_long(built, CLUSTER_OVERLAYS, "a-long-name.dtbo",
			"ALONGN~1DTB");
	fat_add_text(built, CLUSTER_OVERLAYS, "ALONGN~1DTB", 30, "x");
	deep_slot = fat_add_directory(built, CLUSTER_OVERLAYS, "DEEP       ",
				      CLUSTER_DEEP);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fat_image_free(built);
	deny.length = 0;
	return 0;
}

static int resolve(const char *path, struct pbf_fat_entry *ret_entry,
		   char **ret_stored, struct pbf_reason *why)
{
	_cleanup_image_ struct pbf_image *image = image_of_volume(built);
	_cleanup_volume_ struct pbf_fat_volume *volume = NULL;

	assert_int_equal(
		pbf_fat_volume_open(image, 0, built->size, &volume, NULL), 0);
	return pbf_fat_resolve(volume, path, &deny, ret_entry, ret_stored, why);
}

static struct pbf_fat_entry find(const char *path, const char *stored)
{
	struct pbf_fat_entry entry;
	char *stored_path;

	assert_int_equal(resolve(path, &entry, &stored_path, NULL), 0);
	assert_string_equal(stored_path, stored);
	free(stored_path);
	return entry;
}

static void assert_fails(const char *path, int error)
{
	struct pbf_fat_entry entry;
	char *stored = NULL;

	assert_int_equal(resolve(path, &entry, &stored, NULL), error);
	assert_null(stored);
}

static void assert_refused(const char *path, uint64_t offset, const char *words)
{
	struct pbf_fat_entry entry;
	struct pbf_reason why = { .text = "" };

	assert_int_equal(resolve(path, &entry, NULL, &why), -EUCLEAN);
	assert_reason(why, offset, words);
}

TEST(the_empty_path_is_the_root)
{
	struct pbf_fat_entry entry = find("", "");

	assert_true(entry.is_directory);
	assert_int_equal(entry.first_cluster, PBF_FAT_ROOT);
	assert_string_equal(entry.name, "");
}

TEST(a_path_leads_through_directories)
{
	assert_int_equal(find("config.txt", "config.txt").first_cluster,
			 CLUSTER_CONFIG);
	assert_int_equal(
		find("OVERLAYS/README", "OVERLAYS/README").first_cluster,
		CLUSTER_README);
	assert_true(find("OVERLAYS/DEEP", "OVERLAYS/DEEP").is_directory);
}

TEST(a_denied_name_is_refused_however_it_is_asked_for)
{
	static const char *const asked[] = { "overlays/a-long-name.dtbo",
					     "OVERLAYS/A-Long-Name.DTBO.",
					     "OVERLAYS/alongn~1.dtb" };
	struct pbf_fat_entry entry;
	struct pbf_reason why;

	pbf_deny_add(&deny, "*.dtbo", NULL);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		assert_int_equal(resolve(asked[i], &entry, NULL, &why), -EPERM);
		assert_reason(why, PBF_REASON_NO_OFFSET,
			      "\"a-long-name.dtbo\"");
	}
	assert_fails("overlays/none.dtbo", -ENOENT);
	find("OVERLAYS/README", "OVERLAYS/README");
}

TEST(all_below_a_denied_directory_is_refused)
{
	pbf_deny_add(&deny, "Over????", NULL);
	assert_fails("overlays", -EPERM);
	assert_fails("overlays/README", -EPERM);
	assert_fails("overlays/none", -EPERM);
	find("config.txt", "config.txt");
	find("", "");
}

TEST(slashes_at_the_ends_and_twice_do_not_count)
{
	find("/OVERLAYS//README", "OVERLAYS/README");
	find("OVERLAYS/", "OVERLAYS");
	find("//", "");
}

TEST(the_stored_path_is_spelled_as_on_the_disk)
{
	find("Config.TXT", "config.txt");
	find("overlays/A-Long-Name.DTBO", "OVERLAYS/a-long-name.dtbo");
	find("overlays/alongn~1.dtb", "OVERLAYS/a-long-name.dtbo");
}

TEST(what_is_not_there_is_not_found)
{
	assert_fails("none", -ENOENT);
	assert_fails("OVERLAYS/none", -ENOENT);
	assert_fails("none/README", -ENOENT);
}

TEST(a_file_is_no_directory)
{
	assert_fails("config.txt/x", -ENOTDIR);
	find("config.txt/", "config.txt");
}

TEST(dots_lead_nowhere)
{
	assert_fails(".", -ENOENT);
	assert_fails("..", -ENOENT);
	assert_fails("OVERLAYS/..", -ENOENT);
	assert_fails("OVERLAYS/.", -ENOENT);
	assert_fails("OVERLAYS/../config.txt", -ENOENT);
}

TEST(an_exact_match_is_preferred_to_an_earlier_folded_one)
{
	fat_append_long(built, FAT_ROOT, "CONFIG.TXT", "CONFIG~1TXT");
	fat_add_text(built, FAT_ROOT, "CONFIG~1TXT", 40, "x");
	assert_int_equal(find("CONFIG.TXT", "CONFIG.TXT").first_cluster, 40);
	assert_int_equal(find("config.txt", "config.txt").first_cluster,
			 CLUSTER_CONFIG);
	assert_int_equal(find("Config.txt", "config.txt").first_cluster,
			 CLUSTER_CONFIG);
}

TEST(of_two_equal_names_the_first_is_found)
{
	fat_append_long(built, FAT_ROOT, "config.txt", "CONFIG~1TXT");
	fat_add_text(built, FAT_ROOT, "CONFIG~1TXT", 40, "x");
	assert_int_equal(find("config.txt", "config.txt").first_cluster,
			 CLUSTER_CONFIG);
}

TEST(a_directory_with_first_cluster_0_is_not_the_root)
{
	built->bytes[overlays_slot + 0x1a] = 0;
	assert_refused("OVERLAYS", overlays_slot, "first cluster 0 is not in");
	assert_refused("OVERLAYS/config.txt", overlays_slot,
		       "first cluster 0 is not in");
}

TEST(a_directory_that_is_the_root_contains_itself)
{
	built->bytes[overlays_slot + 0x1a] = 2;
	assert_refused("OVERLAYS", overlays_slot, "contains itself");
}

TEST(a_directory_that_is_its_own_ancestor_contains_itself)
{
	uint64_t down_slot =
		fat_add_directory(built, CLUSTER_DEEP, "DOWN       ", 50);

	find("OVERLAYS/DEEP/DOWN", "OVERLAYS/DEEP/DOWN");
	built->bytes[down_slot + 0x1a] = CLUSTER_DEEP;
	assert_refused("OVERLAYS/DEEP/DOWN", down_slot, "contains itself");
	built->bytes[down_slot + 0x1a] = CLUSTER_OVERLAYS;
	assert_refused("OVERLAYS/DEEP/DOWN", down_slot, "contains itself");
	built->bytes[deep_slot + 0x1a] = CLUSTER_OVERLAYS;
	assert_refused("OVERLAYS/DEEP", deep_slot, "contains itself");
	find("OVERLAYS/README", "OVERLAYS/README");
}

TEST(a_directory_outside_the_volume_is_refused)
{
	built->bytes[overlays_slot + 0x1a] = 202;
	assert_refused("OVERLAYS", overlays_slot, "0xca is not in");
	built->bytes[overlays_slot + 0x1a] = 1;
	assert_refused("OVERLAYS", overlays_slot, "0x1 is not in");
}

TEST(directories_are_up_to_64_deep)
{
	char path[65 * 2 + 16] = "";
	uint32_t directory = FAT_ROOT;
	uint64_t slot = 0;

	for (uint32_t i = 0; i < 65; i++) {
		slot = fat_add_directory(built, directory, "D          ",
					 100 + i);
		directory = 100 + i;
	}
	for (int i = 0; i < 64; i++)
		strcat(path, "D/");
	find(path, "D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/"
		   "D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/D/"
		   "D/D/D/D/D/D/D/D");
	strcat(path, "D/");
	assert_refused(path, slot, "more than 64 directories deep");
}

TEST(what_stands_before_a_break_is_found)
{
	/* 16 slots a cluster: ROOT is full and then broken */
	for (int i = 0; i < 13; i++)
		fat_add_text(built, FAT_ROOT, "FILLER     ", 40, "x");
	fat_link(built, FAT_ALL, 2, 0);
	find("config.txt", "config.txt");
	find("CONFIG.TXT", "config.txt");
	assert_refused("none", fat_link_at(built, 0, 2), "breaks at");
}

TEST(a_label_is_not_found_as_a_file)
{
	const struct fat_slot label = { .name = "BOOT       ",
					.attributes = FAT_ATTRIBUTE_LABEL };
	unsigned char slot[FAT_SLOT_BYTES];

	fat_slot_write(&label, slot);
	fat_append(built, FAT_ROOT, slot);
	assert_fails("BOOT", -ENOENT);
}

TEST(an_entry_that_is_hidden_is_not_found)
{
	uint64_t slot = fat_add_text(built, FAT_ROOT, "A          ", 40, "x");

	find("A", "A");
	built->bytes[slot + 1] = '/';
	assert_fails("A", -ENOENT);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(the_empty_path_is_the_root),
		CLAIM(a_path_leads_through_directories),
		CLAIM(a_denied_name_is_refused_however_it_is_asked_for),
		CLAIM(all_below_a_denied_directory_is_refused),
		CLAIM(slashes_at_the_ends_and_twice_do_not_count),
		CLAIM(the_stored_path_is_spelled_as_on_the_disk),
		CLAIM(what_is_not_there_is_not_found),
		CLAIM(a_file_is_no_directory),
		CLAIM(dots_lead_nowhere),
		CLAIM(an_exact_match_is_preferred_to_an_earlier_folded_one),
		CLAIM(of_two_equal_names_the_first_is_found),
		CLAIM(a_directory_with_first_cluster_0_is_not_the_root),
		CLAIM(a_directory_that_is_the_root_contains_itself),
		CLAIM(a_directory_that_is_its_own_ancestor_contains_itself),
		CLAIM(a_directory_outside_the_volume_is_refused),
		CLAIM(directories_are_up_to_64_deep),
		CLAIM(what_stands_before_a_break_is_found),
		CLAIM(a_label_is_not_found_as_a_file),
		CLAIM(an_entry_that_is_hidden_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
