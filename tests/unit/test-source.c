/* SPDX-License-Identifier: BSD-2-Clause */
#include "source.h"

#include <errno.h>

#include "bench.h"
#include "unit.h"

static struct bench bench;
static struct pbf_source source;
static struct pbf_found found;

static int setup(void **state)
{
	(void)state;
	bench_make(&bench);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pbf_found_release(&found);
	pbf_source_close(&source);
	bench_free(&bench);
	return 0;
}

static int open_source(const char *name, struct pbf_reason *why)
{
	return pbf_source_open(bench.catalog, name, 0, &source, why);
}

TEST(a_source_is_the_boot_volume_of_its_image)
{
	assert_int_equal(open_source(BENCH_IMAGE, NULL), 0);
	assert_non_null(source.volume);
	assert_int_equal(source.partition, 0);
	assert_int_equal(pbf_image_size_bytes(source.image), bench.image->size);
}

TEST(the_settings_of_an_image_choose_its_partition)
{
	struct pbf_reason why;

	scratch_write(&bench.scratch, "disk.conf", "[image]\npartition=3\n",
		      20);
	assert_int_equal(open_source(BENCH_IMAGE, &why), -ENOENT);
	assert_non_null(strstr(why.text, "no partition 3"));
}

TEST(settings_that_are_not_understood_refuse_the_source)
{
	struct pbf_reason why;

	scratch_write(&bench.scratch, "disk.conf", "[image]\nx=3\n", 12);
	assert_int_equal(open_source(BENCH_IMAGE, &why), -EINVAL);
	assert_non_null(strstr(why.text, "disk.conf"));
	assert_null(source.image);
}

TEST(a_source_that_is_not_there_cannot_be_opened)
{
	assert_int_equal(open_source("none.img", NULL), -ENOENT);
}

TEST(reads_give_up_in_time)
{
	struct pbf_reason why;

	assert_int_equal(pbf_source_open(bench.catalog, BENCH_IMAGE,
					 pbf_monotonic_ms() - 1, &source, &why),
			 -ETIMEDOUT);
}

TEST(a_file_is_found_with_all_that_its_entry_says)
{
	bench.image->bytes[bench.kernel_slot + 0x18] = 0x8f; /* 2024-04-15 */
	bench.image->bytes[bench.kernel_slot + 0x19] = 0x58;
	bench_save(&bench);
	bench_find(&bench, "kernel.img", &source, &found);
	assert_string_equal(found.path, "KERNEL.IMG");
	assert_false(found.is_directory);
	assert_int_equal(found.first_cluster, BENCH_KERNEL_CLUSTER);
	assert_int_equal(found.size_bytes, BENCH_KERNEL_BYTES);
	assert_int_equal(found.slot_offset_bytes, bench.kernel_slot);
	assert_int_equal(found.modified.tv_sec, 1713139200);
	assert_int_equal(found.chain.run_count, 1);
}

TEST(a_directory_is_found)
{
	bench_find(&bench, "DIR", &source, &found);
	assert_true(found.is_directory);
}

TEST(what_is_not_there_is_not_found)
{
	assert_int_equal(open_source(BENCH_IMAGE, NULL), 0);
	assert_int_equal(pbf_source_find(&source, "none", &found, NULL),
			 -ENOENT);
	assert_int_equal(pbf_source_find(&source, "CONFIG.TXT/x", &found, NULL),
			 -ENOTDIR);
}

TEST(a_chain_that_is_broken_says_where)
{
	struct pbf_reason why;

	fat_link(bench.image, FAT_ALL, BENCH_KERNEL_CLUSTER + 3, 0);
	bench_save(&bench);
	assert_int_equal(open_source(BENCH_IMAGE, NULL), 0);
	assert_int_equal(pbf_source_find(&source, "KERNEL.IMG", &found, NULL),
			 0);
	assert_int_equal(pbf_source_chain(&source, &found, &why), -EUCLEAN);
	assert_reason(why,
		      fat_link_at(bench.image, 0, BENCH_KERNEL_CLUSTER + 3),
		      "free cluster 13");
}

TEST(an_entry_without_a_cluster_is_itself_at_fault)
{
	struct pbf_reason why;

	bench.image->bytes[bench.config_slot + 0x1a] = 0;
	bench_save(&bench);
	assert_int_equal(open_source(BENCH_IMAGE, NULL), 0);
	assert_int_equal(pbf_source_find(&source, "CONFIG.TXT", &found, NULL),
			 0);
	assert_int_equal(pbf_source_chain(&source, &found, &why), -EUCLEAN);
	assert_reason(why, bench.config_slot, "first cluster 0 is not");
	assert_int_equal(pbf_source_chain(&source, &found, NULL), -EUCLEAN);
}

TEST(copies_of_the_table_agree_when_they_have_the_same_chain)
{
	bench_find(&bench, "KERNEL.IMG", &source, &found);
	assert_true(pbf_source_copies_agree(&source, &found));
}

TEST(copies_of_the_table_may_differ_elsewhere)
{
	fat_link(bench.image, 1, 200, 201);
	bench_save(&bench);
	bench_find(&bench, "KERNEL.IMG", &source, &found);
	assert_true(pbf_source_copies_agree(&source, &found));
}

TEST(copies_of_the_table_disagree_when_another_chain_is_broken)
{
	fat_link(bench.image, 1, BENCH_KERNEL_CLUSTER + 3, 0);
	bench_save(&bench);
	bench_find(&bench, "KERNEL.IMG", &source, &found);
	assert_false(pbf_source_copies_agree(&source, &found));
}

TEST(copies_of_the_table_disagree_when_a_chain_leads_elsewhere)
{
	fat_link(bench.image, 1, BENCH_KERNEL_CLUSTER + 3, 200);
	fat_link(bench.image, 1, 200, BENCH_KERNEL_CLUSTER + 5);
	bench_save(&bench);
	bench_find(&bench, "KERNEL.IMG", &source, &found);
	assert_false(pbf_source_copies_agree(&source, &found));
}

TEST(every_copy_is_compared_with_the_active_one)
{
	fat_boot_sector(bench.image)[0x28] = 0x81;
	fat_link(bench.image, 0, BENCH_KERNEL_CLUSTER + 3, 0);
	bench_save(&bench);
	bench_find(&bench, "KERNEL.IMG", &source, &found);
	assert_false(pbf_source_copies_agree(&source, &found));
}

/* What is read, and how many pieces it came in. */
struct reading {
	unsigned char bytes[BENCH_KERNEL_BYTES];
	uint64_t length;
	int pieces;
	int answer;
};

static int take(void *context, uint64_t offset_bytes,
		const unsigned char *bytes, size_t length)
{
	struct reading *reading = context;

	assert_int_equal(offset_bytes, reading->length);
	assert_in_range(reading->length + length, 1, sizeof(reading->bytes));
	memcpy(reading->bytes + reading->length, bytes, length);
	reading->length += length;
	reading->pieces++;
	return reading->answer;
}

static struct reading seen;

static const struct pbf_reading taking = { .take = take, .context = &seen };

static int read_all(struct pbf_reason *why)
{
	memset(&seen, 0, sizeof(seen));
	return pbf_source_read(&source, &found, &taking, why);
}

TEST(a_file_is_read_in_pieces)
{
	bench_find(&bench, "KERNEL.IMG", &source, &found);
	assert_int_equal(read_all(NULL), 0);
	assert_int_equal(seen.pieces, 3);
	assert_int_equal(seen.length, BENCH_KERNEL_BYTES);
	assert_memory_equal(seen.bytes, bench_content(1), BENCH_KERNEL_BYTES);
}

TEST(a_file_is_read_into_a_place_of_the_caller)
{
	static unsigned char place[BENCH_KERNEL_BYTES + 1];
	const struct pbf_reading into = {
		.into = place,
		.take = take,
		.context = &seen,
	};

	bench_find(&bench, "KERNEL.IMG", &source, &found);
	memset(&seen, 0, sizeof(seen));
	place[BENCH_KERNEL_BYTES] = 0x5a;
	assert_int_equal(pbf_source_read(&source, &found, &into, NULL), 0);
	assert_memory_equal(place, bench_content(1), BENCH_KERNEL_BYTES);
	assert_int_equal(place[BENCH_KERNEL_BYTES], 0x5a);
	assert_memory_equal(seen.bytes, place, BENCH_KERNEL_BYTES);
}

TEST(a_scattered_file_is_read_in_its_order)
{
	/* cluster 15 goes to 200, and the rest follows from there */
	memcpy(bench.image->bytes + fat_cluster_at(bench.image, 200),
	       bench.image->bytes + fat_cluster_at(bench.image, 15),
	       BENCH_CLUSTER_BYTES);
	memset(bench.image->bytes + fat_cluster_at(bench.image, 15), 0,
	       BENCH_CLUSTER_BYTES);
	fat_link(bench.image, FAT_ALL, 14, 200);
	fat_link(bench.image, FAT_ALL, 200, 16);
	bench_save(&bench);
	bench_find(&bench, "KERNEL.IMG", &source, &found);
	assert_int_equal(found.chain.run_count, 3);
	assert_int_equal(read_all(NULL), 0);
	assert_int_equal(seen.length, BENCH_KERNEL_BYTES);
	assert_memory_equal(seen.bytes, bench_content(1), BENCH_KERNEL_BYTES);
}

TEST(nothing_behind_the_end_of_a_file_is_read)
{
	bench_find(&bench, "CONFIG.TXT", &source, &found);
	assert_int_equal(read_all(NULL), 0);
	assert_int_equal(seen.length, 4);
	assert_memory_equal(seen.bytes, "a=b\n", 5);
}

TEST(an_empty_file_has_no_pieces)
{
	bench_set_size(&bench, bench.config_slot, 0);
	bench_save(&bench);
	bench_find(&bench, "CONFIG.TXT", &source, &found);
	assert_int_equal(read_all(NULL), 0);
	assert_int_equal(seen.pieces, 0);
}

TEST(reading_ends_when_it_is_told_to)
{
	bench_find(&bench, "KERNEL.IMG", &source, &found);
	memset(&seen, 0, sizeof(seen));
	seen.answer = 42;
	assert_int_equal(pbf_source_read(&source, &found, &taking, NULL), 42);
	assert_int_equal(seen.pieces, 1);
}

TEST(a_truncated_image_cannot_be_read_to_the_end)
{
	struct pbf_reason why;
	uint64_t end = fat_cluster_at(bench.image, BENCH_KERNEL_CLUSTER) +
		       BENCH_PIECE_BYTES;

	bench_find(&bench, "KERNEL.IMG", &source, &found);
	scratch_truncate(&bench.scratch, BENCH_IMAGE, end);
	assert_int_equal(read_all(&why), -EIO);
	assert_int_equal(seen.length, BENCH_PIECE_BYTES);
	assert_reason(why, end, "truncated");
}

TEST(bootcode_is_a_source_of_one_plain_file)
{
	scratch_write(&bench.scratch, "bootcode.bin", "boot", 4);
	assert_int_equal(open_source(PBF_BOOTCODE, NULL), 0);
	assert_null(source.volume);
	assert_int_equal(pbf_source_find(&source, "x", &found, NULL), -ENOTDIR);
	assert_int_equal(pbf_source_find(&source, "", &found, NULL), 0);
	assert_string_equal(found.path, "");
	assert_int_equal(found.size_bytes, 4);
	assert_int_equal(found.modified.tv_sec,
			 pbf_image_stamp(source.image)->mtime_ns / 1000000000);
	assert_int_equal(pbf_source_chain(&source, &found, NULL), 0);
	assert_true(pbf_source_copies_agree(&source, &found));
	assert_int_equal(read_all(NULL), 0);
	assert_int_equal(seen.length, 4);
	assert_memory_equal(seen.bytes, "boot", 4);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_source_is_the_boot_volume_of_its_image),
		CLAIM(the_settings_of_an_image_choose_its_partition),
		CLAIM(settings_that_are_not_understood_refuse_the_source),
		CLAIM(a_source_that_is_not_there_cannot_be_opened),
		CLAIM(reads_give_up_in_time),
		CLAIM(a_file_is_found_with_all_that_its_entry_says),
		CLAIM(a_directory_is_found),
		CLAIM(what_is_not_there_is_not_found),
		CLAIM(a_chain_that_is_broken_says_where),
		CLAIM(an_entry_without_a_cluster_is_itself_at_fault),
		CLAIM(copies_of_the_table_agree_when_they_have_the_same_chain),
		CLAIM(copies_of_the_table_may_differ_elsewhere),
		CLAIM(copies_of_the_table_disagree_when_another_chain_is_broken),
		CLAIM(copies_of_the_table_disagree_when_a_chain_leads_elsewhere),
		CLAIM(every_copy_is_compared_with_the_active_one),
		CLAIM(a_file_is_read_in_pieces),
		CLAIM(a_file_is_read_into_a_place_of_the_caller),
		CLAIM(a_scattered_file_is_read_in_its_order),
		CLAIM(nothing_behind_the_end_of_a_file_is_read),
		CLAIM(an_empty_file_has_no_pieces),
		CLAIM(reading_ends_when_it_is_told_to),
		CLAIM(a_truncated_image_cannot_be_read_to_the_end),
		CLAIM(bootcode_is_a_source_of_one_plain_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
