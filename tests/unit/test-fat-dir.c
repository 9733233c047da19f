/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking one directory; paths are in test-fat-resolve.c. */
#include "fat_dir.h"

#include <errno.h>

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

/* What a walk meets: the names with blanks between them, and how it ends. */
struct journey {
	char names[4096];
	unsigned int entries, labels, bad;
	int error;
	struct pbf_reason why;
};

static void note_name(struct journey *journey, const char *name)
{
	size_t length = strlen(journey->names);

	if (length + strlen(name) + 2 > sizeof(journey->names))
		return;
	if (length > 0)
		journey->names[length++] = ' ';
	strcpy(journey->names + length, name);
}

static struct journey walk(uint32_t first_cluster)
{
	static struct pbf_dir_walk dir;
	struct journey journey = { .error = 0 };
	struct pbf_fat_entry entry;

	journey.error = pbf_dir_walk_start(&dir, bench.volume, first_cluster,
					   &journey.why);
	while (journey.error == 0) {
		enum pbf_slot_kind kind;

		journey.error =
			pbf_dir_walk_next(&dir, &kind, &entry, &journey.why);
		if (journey.error < 0 || kind == PBF_SLOT_END)
			break;
		journey.labels += kind == PBF_SLOT_LABEL;
		journey.bad += kind == PBF_SLOT_BAD;
		journey.entries += kind == PBF_SLOT_ENTRY;
		if (kind == PBF_SLOT_ENTRY)
			note_name(&journey, entry.name);
	}
	return journey;
}

static void assert_names(uint32_t first_cluster, const char *names)
{
	struct journey journey = walk(first_cluster);

	assert_int_equal(journey.error, 0);
	assert_string_equal(journey.names, names);
}

/* The names up to where the walk breaks, and why. */
static void assert_breaks(uint32_t first_cluster, const char *names,
			  uint64_t offset, const char *words)
{
	struct journey journey = walk(first_cluster);

	assert_int_equal(journey.error, -EUCLEAN);
	assert_string_equal(journey.names, names);
	assert_reason(journey.why, offset, words);
}

/* Fills a cluster of 512 bytes with 16 slots, "F00" and so on. */
static void fill_cluster(uint32_t cluster, unsigned int first)
{
	for (unsigned int i = first; i < first + 16; i++) {
		char name[12] = "F00        ";
		const struct fat_slot slot = { .name = name };

		name[1] = (char)('0' + i / 10 % 10);
		name[2] = (char)('0' + i % 10);
		fat_slot_write(&slot,
			       bench.built->bytes +
				       fat_cluster_at(bench.built, cluster) +
				       (i - first) * FAT_SLOT_BYTES);
	}
}

#define F00_TO_15 \
	"F00 F01 F02 F03 F04 F05 F06 F07 F08 F09 F10 F11 F12 F13 F14 F15"

TEST(the_root_of_a_fat32_is_a_chain)
{
	const struct fat_layout layout = { .type = 32, .root_cluster = 5 };

	volume_bench_build(&bench, &layout);
	fat_link(bench.built, FAT_ALL, 5, 9);
	fat_link(bench.built, FAT_ALL, 9, FAT_END);
	fill_cluster(5, 0);
	fat_add_text(bench.built, FAT_ROOT, "LAST       ", 20, "x");
	volume_bench_open(&bench);
	assert_names(PBF_FAT_ROOT, F00_TO_15 " LAST");
}

TEST(the_root_of_a_fat16_is_an_area_of_its_own)
{
	const struct fat_layout layout = { .type = 16, .root_entries = 16 };

	volume_bench_build(&bench, &layout);
	for (int i = 0; i < 16; i++)
		fat_add_text(bench.built, FAT_ROOT, "FILE       ", 20, "x");
	volume_bench_open(&bench);
	assert_int_equal(walk(PBF_FAT_ROOT).entries, 16);
	assert_int_equal(walk(PBF_FAT_ROOT).error, 0);
}

TEST(a_directory_ends_at_its_end_mark)
{
	const struct fat_layout layout = { .type = 12 };
	uint64_t place;

	volume_bench_build(&bench, &layout);
	fat_add_text(bench.built, FAT_ROOT, "ONE        ", 20, "x");
	place = fat_add_text(bench.built, FAT_ROOT, "TWO        ", 20, "x");
	fat_add_text(bench.built, FAT_ROOT, "THREE      ", 20, "x");
	volume_bench_open(&bench);
	assert_names(PBF_FAT_ROOT, "ONE TWO THREE");
	bench.built->bytes[place] = 0;
	volume_bench_open(&bench);
	assert_names(PBF_FAT_ROOT, "ONE");
}

TEST(a_directory_without_an_end_mark_ends_with_its_chain)
{
	const struct fat_layout layout = { .type = 32 };

	volume_bench_build(&bench, &layout);
	fat_add_directory(bench.built, FAT_ROOT, "DIR        ", 10);
	fill_cluster(10, 0);
	volume_bench_open(&bench);
	assert_names(10, F00_TO_15);
}

TEST(deleted_files_and_labels_are_no_entries)
{
	const struct fat_layout layout = { .type = 32 };
	const struct fat_slot label = { .name = "BOOT       ",
					.attributes = FAT_ATTRIBUTE_LABEL };
	unsigned char slot[FAT_SLOT_BYTES];
	struct journey journey;

	volume_bench_build(&bench, &layout);
	fat_slot_write(&label, slot);
	fat_append(bench.built, FAT_ROOT, slot);
	bench.built->bytes[fat_add_text(bench.built, FAT_ROOT, "GONE       ",
					20, "x")] = 0xe5;
	fat_add_text(bench.built, FAT_ROOT, "KEPT       ", 20, "x");
	volume_bench_open(&bench);
	journey = walk(PBF_FAT_ROOT);
	assert_string_equal(journey.names, "KEPT");
	assert_int_equal(journey.labels, 1);
}

TEST(a_bad_entry_costs_only_itself)
{
	const struct fat_layout layout = { .type = 32, .start_bytes = 8192 };
	struct journey journey;
	uint64_t place;

	volume_bench_build(&bench, &layout);
	fat_add_text(bench.built, FAT_ROOT, "ONE        ", 20, "x");
	place = fat_add_text(bench.built, FAT_ROOT, "T/O        ", 20, "x");
	fat_add_text(bench.built, FAT_ROOT, "THREE      ", 20, "x");
	volume_bench_open(&bench);
	journey = walk(PBF_FAT_ROOT);
	assert_int_equal(journey.error, 0);
	assert_string_equal(journey.names, "ONE THREE");
	assert_int_equal(journey.bad, 1);
	assert_reason(journey.why, place, "entry hidden");
}

TEST(an_entry_says_where_it_lies_in_the_image)
{
	const struct fat_layout layout = { .type = 32,
					   .cluster_sectors = 16,
					   .start_bytes = 8192 };
	struct pbf_fat_entry entry;
	uint64_t place;

	volume_bench_build(&bench, &layout);
	/* further than the 4096 bytes that are read at a time */
	for (int i = 0; i < 200; i++)
		fat_add_text(bench.built, FAT_ROOT, "FILE       ", 20, "x");
	place = fat_add_text(bench.built, FAT_ROOT, "LAST       ", 20, "x");
	volume_bench_open(&bench);
	assert_int_equal(
		pbf_dir_find(bench.volume, PBF_FAT_ROOT, "LAST", &entry, NULL),
		0);
	assert_int_equal(entry.slot_offset_bytes, place);
}

TEST(a_long_name_may_cross_clusters)
{
	const struct fat_layout layout = { .type = 32 };

	volume_bench_build(&bench, &layout);
	fat_link(bench.built, FAT_ALL, 2, 7);
	fat_link(bench.built, FAT_ALL, 7, FAT_END);
	for (int i = 0; i < 15; i++)
		fat_add_text(bench.built, FAT_ROOT, "FILE       ", 20, "x");
	fat_append_long(bench.built, FAT_ROOT, "a-rather-long-name.txt",
			"ARATHE~1TXT");
	fat_add_text(bench.built, FAT_ROOT, "ARATHE~1TXT", 21, "x");
	volume_bench_open(&bench);
	assert_non_null(
		strstr(walk(PBF_FAT_ROOT).names, "a-rather-long-name.txt"));
}

TEST(a_directory_whose_cluster_is_free_breaks_at_once)
{
	const struct fat_layout layout = { .type = 32 };

	volume_bench_build(&bench, &layout);
	fat_add_directory(bench.built, FAT_ROOT, "DIR        ", 10);
	fat_add_text(bench.built, 10, "FILE       ", 20, "x");
	volume_bench_open(&bench);
	assert_names(10, "FILE");
	fat_link(bench.built, FAT_ALL, 10, 0);
	volume_bench_open(&bench);
	assert_breaks(10, "", fat_link_at(bench.built, 0, 10), "breaks at");
	fat_link(bench.built, FAT_ALL, 10, 0x0ffffff7);
	volume_bench_open(&bench);
	assert_breaks(10, "", fat_link_at(bench.built, 0, 10), "breaks at");
}

TEST(a_broken_root_is_shown_up_to_there)
{
	const struct fat_layout layout = { .type = 32 };

	volume_bench_build(&bench, &layout);
	fill_cluster(2, 0);
	fat_link(bench.built, FAT_ALL, 2, 0);
	volume_bench_open(&bench);
	assert_breaks(PBF_FAT_ROOT, F00_TO_15, fat_link_at(bench.built, 0, 2),
		      "breaks at");
	fat_link(bench.built, FAT_ALL, 2, 62);
	volume_bench_open(&bench);
	assert_breaks(PBF_FAT_ROOT, F00_TO_15, fat_link_at(bench.built, 0, 2),
		      "breaks at");
}

TEST(a_broken_root_with_an_end_mark_is_whole)
{
	const struct fat_layout layout = { .type = 32 };

	volume_bench_build(&bench, &layout);
	fat_add_text(bench.built, FAT_ROOT, "FILE       ", 20, "x");
	fat_link(bench.built, FAT_ALL, 2, 0);
	volume_bench_open(&bench);
	assert_names(PBF_FAT_ROOT, "FILE");
}

TEST(a_directory_that_loops_breaks)
{
	const struct fat_layout layout = { .type = 32 };
	struct journey journey;

	volume_bench_build(&bench, &layout);
	fat_add_directory(bench.built, FAT_ROOT, "DIR        ", 10);
	fill_cluster(10, 0);
	fat_link(bench.built, FAT_ALL, 10, 10);
	volume_bench_open(&bench);
	journey = walk(10);
	assert_int_equal(journey.error, -EUCLEAN);
	assert_reason(journey.why, fat_link_at(bench.built, 0, 10),
		      "loops through");
	for (uint32_t i = 10; i < 50; i++) {
		fill_cluster(i, 0);
		fat_link(bench.built, FAT_ALL, i, i < 49 ? i + 1 : 20);
	}
	volume_bench_open(&bench);
	journey = walk(10);
	assert_int_equal(journey.error, -EUCLEAN);
	assert_non_null(strstr(journey.why.text, "loops through"));
	/* 40 clusters; none of them more than a few times */
	assert_in_range(journey.entries, 40 * 16, 4 * 40 * 16);
}

TEST(a_directory_has_up_to_65536_slots)
{
	const struct fat_layout layout = { .type = 32, .clusters = 5000 };
	struct journey journey;

	volume_bench_build(&bench, &layout);
	/* 4096 clusters of 16 slots */
	for (uint32_t i = 10; i < 10 + 4096; i++)
		fill_cluster(i, 0);
	fat_link_run(bench.built, 10, 4096);
	volume_bench_open(&bench);
	journey = walk(10);
	assert_int_equal(journey.error, 0);
	assert_int_equal(journey.entries, 65536);
	fill_cluster(10 + 4096, 0);
	fat_link_run(bench.built, 10, 4097);
	volume_bench_open(&bench);
	journey = walk(10);
	assert_int_equal(journey.error, -EUCLEAN);
	assert_int_equal(journey.entries, 65536);
	assert_reason(journey.why, fat_cluster_at(bench.built, 10 + 4096),
		      "more than 65536 slots");
}

TEST(a_directory_outside_the_volume_breaks_at_once)
{
	const struct fat_layout layout = { .type = 32, .clusters = 60 };

	volume_bench_build(&bench, &layout);
	volume_bench_open(&bench);
	assert_breaks(1, "", PBF_REASON_NO_OFFSET, "first cluster 0x1 is");
	assert_breaks(62, "", PBF_REASON_NO_OFFSET, "first cluster 0x3e is");
	bench.built->bytes[0x2c] = 62;
	volume_bench_open(&bench);
	assert_breaks(PBF_FAT_ROOT, "", PBF_REASON_NO_OFFSET,
		      "first cluster 0x3e is");
}

TEST(the_active_copy_of_the_table_leads_through_a_directory)
{
	const struct fat_layout layout = { .type = 32 };

	volume_bench_build(&bench, &layout);
	fill_cluster(2, 0);
	fat_link(bench.built, 0, 2, 62);
	fat_link(bench.built, 1, 2, FAT_END);
	fat_boot_sector(bench.built)[0x28] = 0x81;
	volume_bench_open(&bench);
	assert_names(PBF_FAT_ROOT, F00_TO_15);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(the_root_of_a_fat32_is_a_chain),
		CLAIM(the_root_of_a_fat16_is_an_area_of_its_own),
		CLAIM(a_directory_ends_at_its_end_mark),
		CLAIM(a_directory_without_an_end_mark_ends_with_its_chain),
		CLAIM(deleted_files_and_labels_are_no_entries),
		CLAIM(a_bad_entry_costs_only_itself),
		CLAIM(an_entry_says_where_it_lies_in_the_image),
		CLAIM(a_long_name_may_cross_clusters),
		CLAIM(a_directory_whose_cluster_is_free_breaks_at_once),
		CLAIM(a_broken_root_is_shown_up_to_there),
		CLAIM(a_broken_root_with_an_end_mark_is_whole),
		CLAIM(a_directory_that_loops_breaks),
		CLAIM(a_directory_has_up_to_65536_slots),
		CLAIM(a_directory_outside_the_volume_breaks_at_once),
		CLAIM(the_active_copy_of_the_table_leads_through_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
