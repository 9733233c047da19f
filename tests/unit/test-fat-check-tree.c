/* SPDX-License-Identifier: BSD-2-Clause */
#include "check-bench.h"
#include "fat_dir.h"
#include "unit.h"

static struct check_bench bench;

static int setup(void **state)
{
	(void)state;
	check_bench_build(&bench, 32);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	check_bench_free(&bench);
	return 0;
}

TEST(a_directory_that_contains_itself_is_named_and_left)
{
	uint64_t slot = check_bench_add_directory(&bench, DIRECTORY,
						  "LOOP       ", DIRECTORY);

	check_bench_expect(&bench, PBF_FAULT_LOOP, "DIR/LOOP", slot,
			   "directory contains itself");
	assert_int_equal(bench.health.files, 3);
}

TEST(a_directory_that_contains_the_root_is_named_and_left)
{
	uint64_t slot =
		check_bench_add_directory(&bench, DIRECTORY, "LOOP       ", 2);

	check_bench_expect(&bench, PBF_FAULT_LOOP, "DIR/LOOP", slot,
			   "directory contains itself");
}

TEST(a_directory_with_two_names_is_entered_once)
{
	check_bench_add_directory(&bench, FAT_ROOT, "TWIN       ", DIRECTORY);
	check_bench_check(&bench);
	assert_int_equal(bench.health.fault_count, 1);
	assert_int_equal(bench.health.files, 3);
	assert_string_equal(bench.health.faults[0].path, "TWIN");
	assert_string_equal(
		check_bench_fault(&bench, PBF_FAULT_CROSS_LINK)->other, "DIR");
}

TEST(directories_with_two_names_at_each_level_are_entered_once)
{
	/* As a tree this has 2^19 directories. */
	for (uint32_t i = 0; i < 19; i++) {
		uint32_t inner = DEEP_FILE + 2 + i;
		uint32_t outer = i == 0 ? DIRECTORY : inner - 1;

		fat_add_directory(bench.volume.built, outer, "X          ",
				  inner);
		check_bench_add_directory(&bench, outer, "Y          ", inner);
	}
	check_bench_check(&bench);
	assert_int_equal(bench.health.directories, 39);
	assert_int_equal(bench.health.fault_count, 19);
	assert_string_equal(bench.health.faults[18].path, "DIR/Y");
	assert_string_equal(bench.health.faults[18].other, "DIR/X");
}

TEST(a_directory_whose_chain_loops_is_read_once)
{
	static unsigned char full[CLUSTER];

	for (size_t i = 0; i < sizeof(full); i += FAT_SLOT_BYTES)
		full[i] = 0xe5; /* deleted, so that the directory goes on */
	memcpy(bench.volume.built->bytes +
		       fat_cluster_at(bench.volume.built, DIRECTORY) +
		       3 * FAT_SLOT_BYTES,
	       full, sizeof(full) - 3 * FAT_SLOT_BYTES);
	check_bench_link(&bench, DIRECTORY, DIRECTORY);
	check_bench_expect(&bench, PBF_FAULT_DIRECTORY, "DIR",
			   check_bench_link_at(&bench, DIRECTORY),
			   "loops through cluster 30");
	assert_int_equal(bench.health.files, 3);
}

TEST(a_root_directory_whose_chain_breaks_shows_what_it_has)
{
	check_bench_link(&bench, 2, 5000);
	check_bench_expect(&bench, PBF_FAULT_DIRECTORY, "",
			   check_bench_link_at(&bench, 2),
			   "directory's chain breaks at cluster 2");
	assert_int_equal(bench.health.files, 3);
}

TEST(a_root_directory_that_begins_outside_the_volume_is_named)
{
	fat_boot_sector(bench.volume.built)[0x2c] = 200;
	check_bench_expect_among(&bench, PBF_FAULT_DIRECTORY, "",
				 PBF_REASON_NO_OFFSET,
				 "first cluster 0xc8 is not in the volume");
	assert_int_equal(bench.health.lost_clusters, 10);
}

TEST(a_freed_directory_is_named)
{
	check_bench_link(&bench, DIRECTORY, 0);
	check_bench_expect_among(&bench, PBF_FAULT_DIRECTORY, "DIR",
				 check_bench_link_at(&bench, DIRECTORY),
				 "directory's chain breaks at cluster 30");
	assert_int_equal(bench.health.files, 2);
	assert_int_equal(bench.health.lost_clusters, 2);
}

TEST(a_directory_without_a_cluster_is_named)
{
	uint64_t slot =
		check_bench_add_directory(&bench, FAT_ROOT, "NEW        ", 0);

	check_bench_expect(&bench, PBF_FAULT_DIRECTORY, "NEW", slot,
			   "first cluster 0 is not in the volume");
}

TEST(a_name_that_is_hidden_is_a_fault_of_its_directory)
{
	uint64_t slot =
		check_bench_add_file(&bench, DIRECTORY, "A/B     BIN", 0, 0);

	check_bench_expect(&bench, PBF_FAULT_NAME, "DIR", slot,
			   "cannot be shown");
}

TEST(a_directory_without_dots_is_noted)
{
	memset(bench.volume.built->bytes +
		       fat_cluster_at(bench.volume.built, DIRECTORY),
	       0xe5, 1);
	check_bench_check(&bench);
	assert_int_equal(bench.health.fault_count, 0);
	assert_non_null(pbf_fat_volume_oddity(bench.volume.volume));
}

TEST(a_directory_with_dots_further_on_is_not_noted)
{
	unsigned char *slots = bench.volume.built->bytes +
			       fat_cluster_at(bench.volume.built, DIRECTORY);

	/* behind the end mark, even */
	memcpy(slots + 8 * FAT_SLOT_BYTES, slots, FAT_SLOT_BYTES);
	slots[0] = 0xe5;
	check_bench_check(&bench);
	assert_int_equal(bench.health.fault_count, 0);
	assert_null(pbf_fat_volume_oddity(bench.volume.volume));
}

TEST(directories_beyond_the_limit_of_depth_are_named)
{
	const struct fat_layout layout = { .clusters = 100 };
	char path[2 * (PBF_FAT_DEPTH_MAX + 1)];

	check_bench_build_empty(&bench, &layout);
	for (uint32_t i = 0; i < PBF_FAT_DEPTH_MAX; i++)
		fat_add_directory(bench.volume.built, i == 0 ? FAT_ROOT : 9 + i,
				  "D          ", 10 + i);
	check_bench_check(&bench);
	assert_int_equal(bench.health.fault_count, 0);
	assert_int_equal(bench.health.directories, PBF_FAT_DEPTH_MAX);
	for (size_t i = 0; i <= PBF_FAT_DEPTH_MAX; i++)
		memcpy(path + 2 * i, "D/", 2);
	path[sizeof(path) - 1] = '\0';
	check_bench_expect(&bench, PBF_FAULT_DIRECTORY, path,
			   fat_add_directory(bench.volume.built,
					     9 + PBF_FAT_DEPTH_MAX,
					     "D          ", 90),
			   "more than 64 directories deep");
}

TEST(a_directory_with_too_many_slots_is_named)
{
	const struct fat_layout layout = { .clusters = 4200 };
	uint32_t clusters = PBF_FAT_DIR_SLOTS_MAX * FAT_SLOT_BYTES / CLUSTER;

	check_bench_build_empty(&bench, &layout);
	fat_link_run(bench.volume.built, 2, clusters);
	memset(bench.volume.built->bytes +
		       fat_cluster_at(bench.volume.built, 2),
	       0xe5, clusters * (size_t)CLUSTER);
	check_bench_check(&bench);
	assert_int_equal(bench.health.fault_count, 0);
	fat_link_run(bench.volume.built, 2, clusters + 1);
	bench.volume.built
		->bytes[fat_cluster_at(bench.volume.built, 2 + clusters)] =
		0xe5;
	check_bench_expect(&bench, PBF_FAULT_DIRECTORY, "",
			   fat_cluster_at(bench.volume.built, 2 + clusters),
			   "more than 65536 slots");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_directory_that_contains_itself_is_named_and_left),
		CLAIM(a_directory_that_contains_the_root_is_named_and_left),
		CLAIM(a_directory_with_two_names_is_entered_once),
		CLAIM(directories_with_two_names_at_each_level_are_entered_once),
		CLAIM(a_directory_whose_chain_loops_is_read_once),
		CLAIM(a_root_directory_whose_chain_breaks_shows_what_it_has),
		CLAIM(a_root_directory_that_begins_outside_the_volume_is_named),
		CLAIM(a_freed_directory_is_named),
		CLAIM(a_directory_without_a_cluster_is_named),
		CLAIM(a_name_that_is_hidden_is_a_fault_of_its_directory),
		CLAIM(a_directory_without_dots_is_noted),
		CLAIM(a_directory_with_dots_further_on_is_not_noted),
		CLAIM(directories_beyond_the_limit_of_depth_are_named),
		CLAIM(a_directory_with_too_many_slots_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
