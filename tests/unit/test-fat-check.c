/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_check.h"

#include "check-bench.h"
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

TEST(a_sound_volume_has_no_faults_and_its_clusters_are_counted)
{
	static const uint32_t types[] = { 12, 16, 32 };

	for (size_t i = 0; i < 3; i++) {
		uint32_t used = types[i] == 32 ? 10 : 9; /* the root's */

		check_bench_build(&bench, types[i]);
		check_bench_check(&bench);
		assert_int_equal(bench.health.fault_count, 0);
		assert_int_equal(bench.health.files, 3);
		assert_int_equal(bench.health.directories, 1);
		assert_int_equal(bench.health.used_clusters, used);
		assert_int_equal(bench.health.free_clusters,
				 bench.volume.built->layout.clusters - used);
		assert_int_equal(bench.health.bad_clusters, 0);
		assert_int_equal(bench.health.lost_clusters, 0);
		assert_int_equal(bench.health.differing_entries, 0);
	}
}

TEST(an_empty_file_is_no_fault)
{
	check_bench_add_file(&bench, FAT_ROOT, "EMPTY      ", 0, 0);
	check_bench_check(&bench);
	assert_int_equal(bench.health.fault_count, 0);
	assert_int_equal(bench.health.files, 4);
}

/* --- Chains of files --- */

TEST(a_chain_that_runs_into_a_free_cluster_is_named)
{
	check_bench_link(&bench, FILE_A + 1, 0);
	check_bench_link(&bench, FILE_A + 2, 0);
	check_bench_expect(&bench, PBF_FAULT_CHAIN, "A.BIN",
			   check_bench_link_at(&bench, FILE_A + 1),
			   "runs into free cluster 11 after 2 of 3");
}

TEST(a_freed_chain_is_named_even_when_one_cluster_would_do)
{
	uint64_t slot =
		check_bench_add_file(&bench, FAT_ROOT, "ONE     BIN", 50, 1);

	check_bench_expect(&bench, PBF_FAULT_CHAIN, "ONE.BIN",
			   check_bench_link_at(&bench, 50), "free cluster 50");
	bench.volume.built->bytes[slot + 0x1c] =
		0; /* empty, then, but not sound */
	check_bench_expect(&bench, PBF_FAULT_EXCESS, "ONE.BIN",
			   check_bench_link_at(&bench, 50), "goes on after");
}

TEST(a_short_chain_in_a_directory_is_named_with_its_path)
{
	check_bench_link(&bench, DEEP_FILE, FAT_END);
	check_bench_link(&bench, DEEP_FILE + 1, 0);
	check_bench_expect(&bench, PBF_FAULT_CHAIN, "DIR/DEEP.BIN",
			   check_bench_link_at(&bench, DEEP_FILE),
			   "ends after 1 of 2 clusters");
}

TEST(a_chain_that_leaves_the_volume_is_named)
{
	check_bench_link(&bench, FILE_B, 5000);
	check_bench_link(&bench, FILE_B + 1, 0);
	check_bench_link(&bench, FILE_B + 2, 0);
	check_bench_expect(&bench, PBF_FAULT_CHAIN, "B.BIN",
			   check_bench_link_at(&bench, FILE_B),
			   "cluster 20 links to 0x1388");
}

TEST(a_chain_that_loops_is_named)
{
	check_bench_link(&bench, FILE_A + 1, FILE_A);
	check_bench_link(&bench, FILE_A + 2, 0);
	check_bench_expect(&bench, PBF_FAULT_CHAIN, "A.BIN",
			   check_bench_link_at(&bench, FILE_A + 1),
			   "loops through cluster 10");
}

TEST(a_loop_behind_the_end_of_a_file_is_an_excess)
{
	check_bench_link(&bench, FILE_A + 2, FILE_A + 1);
	check_bench_expect(&bench, PBF_FAULT_EXCESS, "A.BIN",
			   check_bench_link_at(&bench, FILE_A + 2),
			   "goes on after the 3 clusters");
}

TEST(clusters_behind_the_end_of_a_file_are_an_excess_but_not_lost)
{
	check_bench_link(&bench, FILE_A + 2, FILE_A + 3);
	check_bench_link(&bench, FILE_A + 3, FAT_END);
	check_bench_expect(&bench, PBF_FAULT_EXCESS, "A.BIN",
			   check_bench_link_at(&bench, FILE_A + 3),
			   "goes on after the 3 clusters");
	assert_int_equal(bench.health.lost_clusters, 0);
}

TEST(a_file_that_begins_outside_the_volume_is_named)
{
	uint64_t slot =
		check_bench_add_file(&bench, FAT_ROOT, "OUT     BIN", 9999, 10);

	check_bench_expect(&bench, PBF_FAULT_CHAIN, "OUT.BIN", slot,
			   "first cluster 0x270f is not in the volume");
}

TEST(a_file_larger_than_the_volume_is_named)
{
	uint64_t slot = check_bench_add_file(&bench, FAT_ROOT, "HUGE    BIN",
					     50, UINT32_MAX);

	(void)slot;
	check_bench_link(&bench, 50, FAT_END);
	check_bench_expect(&bench, PBF_FAULT_CHAIN, "HUGE.BIN",
			   check_bench_link_at(&bench, 50),
			   "ends after 1 of 8388608 clusters");
}

/* --- Cross-links --- */

TEST(two_files_with_one_cluster_name_each_other)
{
	const struct pbf_fault *fault;

	check_bench_link(&bench, FILE_B, FILE_A + 1);
	check_bench_link(&bench, FILE_B + 1, 0);
	check_bench_link(&bench, FILE_B + 2, 0);
	check_bench_expect(&bench, PBF_FAULT_CROSS_LINK, "B.BIN",
			   check_bench_link_at(&bench, FILE_B),
			   "cluster 11 belongs to another");
	fault = check_bench_fault(&bench, PBF_FAULT_CROSS_LINK);
	assert_int_equal(fault->cluster, FILE_A + 1);
	assert_string_equal(fault->other, "A.BIN");
}

TEST(two_files_with_one_first_cluster_name_each_other)
{
	uint64_t slot = check_bench_add_file(&bench, DIRECTORY, "AGAIN   BIN",
					     FILE_A, 600);

	check_bench_expect(&bench, PBF_FAULT_CROSS_LINK, "DIR/AGAIN.BIN", slot,
			   "cluster 10 belongs to another");
	assert_string_equal(
		check_bench_fault(&bench, PBF_FAULT_CROSS_LINK)->other,
		"A.BIN");
}

TEST(three_files_with_one_cluster_all_name_the_first)
{
	check_bench_add_file(&bench, FAT_ROOT, "SECOND  BIN", FILE_A, 1);
	check_bench_add_file(&bench, FAT_ROOT, "THIRD   BIN", FILE_A, 1);
	check_bench_check(&bench);
	assert_int_equal(bench.health.fault_count, 2);
	assert_string_equal(bench.health.faults[0].other, "A.BIN");
	assert_string_equal(bench.health.faults[1].path, "THIRD.BIN");
	assert_string_equal(bench.health.faults[1].other, "A.BIN");
}

TEST(a_file_in_the_root_directorys_cluster_names_the_root)
{
	check_bench_add_file(&bench, FAT_ROOT, "ROOT    BIN", 2, 1);
	check_bench_check(&bench);
	assert_string_equal(
		check_bench_fault(&bench, PBF_FAULT_CROSS_LINK)->other, "");
}

/* --- The table --- */

TEST(clusters_of_nobody_are_counted)
{
	check_bench_link(&bench, 50, 51);
	check_bench_link(&bench, 51, FAT_END);
	check_bench_expect(&bench, PBF_FAULT_LOST, "",
			   check_bench_link_at(&bench, 50),
			   "2 clusters from here on");
	assert_int_equal(bench.health.lost_clusters, 2);
	assert_int_equal(bench.health.used_clusters, 12);
}

TEST(clusters_marked_bad_are_counted_and_no_fault)
{
	static const struct {
		uint32_t type, mark;
	} marks[] = { { 12, 0xff7 }, { 16, 0xfff7 }, { 32, 0x0ffffff7 } };

	for (size_t i = 0; i < 3; i++) {
		check_bench_build(&bench, marks[i].type);
		check_bench_link(&bench, 50, marks[i].mark);
		check_bench_check(&bench);
		assert_int_equal(bench.health.fault_count, 0);
		assert_int_equal(bench.health.bad_clusters, 1);
	}
}

TEST(copies_of_the_table_that_differ_are_a_fault)
{
	fat_link(bench.volume.built, 1, FILE_A, 0);
	fat_link(bench.volume.built, 1, 55, FAT_END);
	check_bench_expect(&bench, PBF_FAULT_COPIES, "",
			   fat_link_at(bench.volume.built, 1, FILE_A),
			   "in 2 entries");
	assert_int_equal(bench.health.differing_entries, 2);
}

TEST(copies_of_the_table_that_are_not_kept_alike_may_differ)
{
	fat_link(bench.volume.built, 1, FILE_A, 0);
	fat_boot_sector(bench.volume.built)[0x28] = 0x80;
	check_bench_check(&bench);
	assert_int_equal(bench.health.fault_count, 0);
}

TEST(a_single_table_is_compared_with_nothing)
{
	const struct fat_layout layout = { .fat_count = 1 };

	check_bench_build_empty(&bench, &layout);
	check_bench_check(&bench);
	assert_int_equal(bench.health.fault_count, 0);
}

/* --- What is cut off --- */

TEST(an_image_that_ends_within_the_volume_says_what_is_lost)
{
	uint64_t end = fat_cluster_at(bench.volume.built, FILE_B + 1);

	check_bench_check_cut(&bench, end);
	assert_reason(check_bench_fault(&bench, PBF_FAULT_TRUNCATED)->why, end,
		      "the image ends here, 20992 bytes before");
	assert_string_equal(check_bench_fault(&bench, PBF_FAULT_CHAIN)->path,
			    "B.BIN");
	assert_reason(check_bench_fault(&bench, PBF_FAULT_CHAIN)->why, end,
		      "cluster 21 lies beyond the end");
	assert_string_equal(
		check_bench_fault(&bench, PBF_FAULT_DIRECTORY)->path, "DIR");
	assert_int_equal(bench.health.fault_count, 4); /* lost: DEEP.BIN's */
}

TEST(an_image_that_ends_in_the_slack_of_a_file_still_has_the_file)
{
	uint64_t end =
		fat_cluster_at(bench.volume.built, FILE_B + 2) + CLUSTER - 1;

	check_bench_check_cut(&bench, end);
	for (size_t i = 0; i < bench.health.fault_count; i++)
		assert_int_not_equal(bench.health.faults[i].kind,
				     PBF_FAULT_CHAIN);
}

TEST(a_second_table_that_is_cut_off_is_said_once)
{
	uint64_t end = fat_link_at(bench.volume.built, 1, 0);

	check_bench_check_cut(&bench, end);
	assert_reason(check_bench_fault(&bench, PBF_FAULT_TABLE)->why, end,
		      "beyond the end of the image");
	assert_int_equal(bench.health.differing_entries, 0);
	/* The volume's end, its root directory, and all clusters lost. */
	assert_int_equal(bench.health.fault_count, 4);
}

TEST(an_image_that_ends_before_the_table_is_checked_all_the_same)
{
	uint64_t end = check_bench_link_at(&bench, 0);

	check_bench_check_cut(&bench, end);
	assert_string_equal(check_bench_fault(&bench, PBF_FAULT_TABLE)->path,
			    "");
	assert_string_equal(
		check_bench_fault(&bench, PBF_FAULT_DIRECTORY)->path, "");
}

TEST(faults_beyond_the_limit_are_counted_but_not_kept)
{
	const struct fat_layout layout = { .clusters = 200 };

	check_bench_build_empty(&bench, &layout);
	fat_link_run(bench.volume.built, 2, 100);
	for (uint32_t i = 0; i < PBF_FAULTS_MAX + 7; i++)
		check_bench_add_file(&bench, FAT_ROOT, "BROKEN  BIN", 0, 1);
	check_bench_check(&bench);
	assert_int_equal(bench.health.fault_count, PBF_FAULTS_MAX);
	assert_int_equal(bench.health.faults_left_out, 7);
}

/* --- The boot sector --- */

TEST(the_backup_of_the_boot_sector_is_compared)
{
	unsigned char *sector = fat_boot_sector(bench.volume.built);

	check_bench_check(&bench);
	assert_int_equal(bench.health.backup, PBF_BACKUP_NONE);
	sector[0x32] = 2;
	memcpy(sector + 2 * 512, sector, 512);
	check_bench_check(&bench);
	assert_int_equal(bench.health.backup, PBF_BACKUP_EQUAL);
	sector[0x41] = 1; /* mounted */
	check_bench_check(&bench);
	assert_int_equal(bench.health.backup, PBF_BACKUP_EQUAL);
	sector[2 * 512 + 3] = 'x';
	check_bench_check(&bench);
	assert_int_equal(bench.health.backup, PBF_BACKUP_DIFFERS);
	assert_int_equal(bench.health.fault_count, 0);
	memset(sector + 0x32, 0xff, 2);
	check_bench_check(&bench);
	assert_int_equal(bench.health.backup, PBF_BACKUP_NONE);
	sector[0x33] = 0x7f;
	check_bench_check(&bench);
	assert_int_equal(bench.health.backup, PBF_BACKUP_UNREADABLE);
}

TEST(the_serial_number_is_told_when_there_is_one)
{
	static const unsigned char serial[] = { 0x78, 0x56, 0x34, 0x12 };

	memcpy(fat_boot_sector(bench.volume.built) + 0x43, serial, 4);
	check_bench_check(&bench);
	assert_true(bench.health.has_serial);
	assert_int_equal(bench.health.serial, 0x12345678);
	fat_boot_sector(bench.volume.built)[0x42] = 0;
	check_bench_check(&bench);
	assert_false(bench.health.has_serial);
	check_bench_build(&bench, 12);
	memcpy(fat_boot_sector(bench.volume.built) + 0x27, serial, 4);
	check_bench_check(&bench);
	assert_int_equal(bench.health.serial, 0x12345678);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_sound_volume_has_no_faults_and_its_clusters_are_counted),
		CLAIM(an_empty_file_is_no_fault),
		CLAIM(a_chain_that_runs_into_a_free_cluster_is_named),
		CLAIM(a_freed_chain_is_named_even_when_one_cluster_would_do),
		CLAIM(a_short_chain_in_a_directory_is_named_with_its_path),
		CLAIM(a_chain_that_leaves_the_volume_is_named),
		CLAIM(a_chain_that_loops_is_named),
		CLAIM(a_loop_behind_the_end_of_a_file_is_an_excess),
		CLAIM(clusters_behind_the_end_of_a_file_are_an_excess_but_not_lost),
		CLAIM(a_file_that_begins_outside_the_volume_is_named),
		CLAIM(a_file_larger_than_the_volume_is_named),
		CLAIM(two_files_with_one_cluster_name_each_other),
		CLAIM(two_files_with_one_first_cluster_name_each_other),
		CLAIM(three_files_with_one_cluster_all_name_the_first),
		CLAIM(a_file_in_the_root_directorys_cluster_names_the_root),
		CLAIM(clusters_of_nobody_are_counted),
		CLAIM(clusters_marked_bad_are_counted_and_no_fault),
		CLAIM(copies_of_the_table_that_differ_are_a_fault),
		CLAIM(copies_of_the_table_that_are_not_kept_alike_may_differ),
		CLAIM(a_single_table_is_compared_with_nothing),
		CLAIM(an_image_that_ends_within_the_volume_says_what_is_lost),
		CLAIM(an_image_that_ends_in_the_slack_of_a_file_still_has_the_file),
		CLAIM(a_second_table_that_is_cut_off_is_said_once),
		CLAIM(an_image_that_ends_before_the_table_is_checked_all_the_same),
		CLAIM(faults_beyond_the_limit_are_counted_but_not_kept),
		CLAIM(the_backup_of_the_boot_sector_is_compared),
		CLAIM(the_serial_number_is_told_when_there_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
