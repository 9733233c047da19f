/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening, reading, and single links; chains are in test-fat-chain.c. */
#include "fat_volume.h"

#include <errno.h>

#include "disk-image.h"
#include "fat_table.h"
#include "scratch.h"
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

TEST(a_volume_lies_at_its_place_in_the_image)
{
	const struct fat_layout layout = { .start_bytes = 1024 * 1024 };
	unsigned char byte;

	volume_bench_build(&bench, &layout);
	bench.built->bytes[fat_cluster_at(bench.built, 3)] = 0x5a;
	volume_bench_open(&bench);
	assert_int_equal(pbf_fat_volume_start(bench.volume), 1024 * 1024);
	assert_int_equal(pbf_fat_volume_geometry(bench.volume)->cluster_count,
			 60);
	assert_int_equal(
		pbf_fat_volume_read(bench.volume,
				    pbf_fat_cluster_offset(bench.volume, 3),
				    &byte, 1, NULL),
		0);
	assert_int_equal(byte, 0x5a);
	assert_int_equal(pbf_fat_link_offset(bench.volume, 1, 7),
			 fat_link_at(bench.built, 1, 7));
}

TEST(what_is_wrong_with_a_volume_is_told_by_its_place_in_the_image)
{
	const struct fat_layout layout = { .start_bytes = 1024 * 1024 };
	struct pbf_reason why;

	volume_bench_build(&bench, &layout);
	fat_boot_sector(bench.built)[0x10] = 0;
	assert_int_equal(volume_bench_open_cut(&bench, bench.built->size, &why),
			 -EUCLEAN);
	assert_reason(why, 1024 * 1024 + 0x10, "no FAT");
	assert_null(bench.volume);
}

TEST(a_volume_in_an_image_that_ends_before_it_cannot_be_read)
{
	const struct fat_layout layout = { .start_bytes = 4096 };
	struct pbf_reason why;

	volume_bench_build(&bench, &layout);
	assert_int_equal(volume_bench_open_cut(&bench, 4096 + 511, &why), -EIO);
	assert_reason(why, 4096, "beyond the end of the image");
}

TEST(nothing_is_read_beyond_the_partition)
{
	const struct fat_layout layout = { .start_bytes = 4096 };
	unsigned char buffer[2];
	struct pbf_reason why;
	uint64_t size;

	volume_bench_build(&bench, &layout);
	size = bench.built->size - 4096;
	bench.image = image_of_volume(bench.built);
	/* the partition is a byte shorter than the image */
	assert_int_equal(pbf_fat_volume_open(bench.image, 4096, size - 1,
					     &bench.volume, NULL),
			 0);
	assert_int_equal(
		pbf_fat_volume_read(bench.volume, size - 2, buffer, 1, NULL),
		0);
	assert_int_equal(
		pbf_fat_volume_read(bench.volume, size - 2, buffer, 2, &why),
		-EIO);
	assert_reason(why, bench.built->size - 2,
		      "beyond the end of the partition");
	assert_int_equal(
		pbf_fat_volume_read(bench.volume, UINT64_MAX, buffer, 2, NULL),
		-EIO);
}

TEST(clusters_exist_from_2_to_their_number_plus_1)
{
	const struct fat_layout layout = { .clusters = 60 };

	volume_bench_build(&bench, &layout);
	volume_bench_open(&bench);
	assert_false(pbf_fat_cluster_exists(bench.volume, 0));
	assert_false(pbf_fat_cluster_exists(bench.volume, 1));
	assert_true(pbf_fat_cluster_exists(bench.volume, 2));
	assert_true(pbf_fat_cluster_exists(bench.volume, 61));
	assert_false(pbf_fat_cluster_exists(bench.volume, 62));
	assert_false(pbf_fat_cluster_exists(bench.volume, UINT32_MAX));
}

static void assert_link(uint32_t copy, uint32_t cluster,
			enum pbf_fat_link expected, uint32_t next)
{
	enum pbf_fat_link link;
	uint32_t found;

	assert_int_equal(
		pbf_fat_link(bench.volume, copy, cluster, &link, &found, NULL),
		0);
	assert_int_equal(link, expected);
	if (expected == PBF_LINK_NEXT)
		assert_int_equal(found, next);
}

/* Entries at the edges of each meaning, the same for every type. */
static void assert_links(uint32_t type, uint32_t mask)
{
	const struct fat_layout layout = { .type = type };
	uint32_t last;

	volume_bench_build(&bench, &layout);
	last = bench.built->layout.clusters + 1;
	fat_link(bench.built, 0, 10, 0);
	fat_link(bench.built, 0, 11, 1);
	fat_link(bench.built, 0, 12, 2);
	fat_link(bench.built, 0, 13, last);
	fat_link(bench.built, 0, 14, last + 1);
	fat_link(bench.built, 0, 15,
		 mask - 15); /* ..f0, the first reserved one */
	fat_link(bench.built, 0, 16, mask - 8); /* ..f7, a bad cluster */
	fat_link(bench.built, 0, 17, mask - 7); /* ..f8, the first end */
	fat_link(bench.built, 0, 18, mask);
	volume_bench_open(&bench);
	assert_link(0, 10, PBF_LINK_FREE, 0);
	assert_link(0, 11, PBF_LINK_BAD, 0);
	assert_link(0, 12, PBF_LINK_NEXT, 2);
	assert_link(0, 13, PBF_LINK_NEXT, last);
	assert_link(0, 14, PBF_LINK_BAD, 0);
	assert_link(0, 15, PBF_LINK_BAD, 0);
	assert_link(0, 16, PBF_LINK_BAD, 0);
	assert_link(0, 17, PBF_LINK_END, 0);
	assert_link(0, 18, PBF_LINK_END, 0);
}

TEST(links_of_12_bits_have_their_meanings)
{
	assert_links(12, 0xfff);
}

TEST(links_of_16_bits_have_their_meanings)
{
	assert_links(16, 0xffff);
}

TEST(links_of_28_bits_have_their_meanings)
{
	assert_links(32, 0x0fffffff);
}

TEST(the_upper_four_bits_of_a_fat32_link_do_not_count)
{
	const struct fat_layout layout = { .type = 32 };

	volume_bench_build(&bench, &layout);
	fat_link(bench.built, 0, 10, 0xf000000b);
	fat_link(bench.built, 0, 11, 0x8fffffff);
	fat_link(bench.built, 0, 12, 0xf0000000);
	volume_bench_open(&bench);
	assert_link(0, 10, PBF_LINK_NEXT, 11);
	assert_link(0, 11, PBF_LINK_END, 0);
	assert_link(0, 12, PBF_LINK_FREE, 0);
}

TEST(links_of_12_bits_do_not_touch_their_neighbours)
{
	const struct fat_layout layout = { .type = 12, .clusters = 4000 };

	volume_bench_build(&bench, &layout);
	for (uint32_t i = 2; i < 4000; i++)
		fat_link(bench.built, 0, i, (i * 7) % 4000 + 2);
	volume_bench_open(&bench);
	/* among them entries that cross sectors and pages of the table */
	for (uint32_t i = 2; i < 4000; i++)
		assert_link(0, i, PBF_LINK_NEXT, (i * 7) % 4000 + 2);
}

TEST(a_large_table_is_read_in_any_order)
{
	/* 32 parts are kept at a time; this table has 35 */
	const struct fat_layout layout = { .type = 32, .clusters = 140000 };

	volume_bench_build(&bench, &layout);
	for (uint32_t i = 0; i < 140000; i += 97)
		fat_link(bench.built, 0, i + 2, i + 3);
	volume_bench_open(&bench);
	for (uint32_t i = 0; i < 140000; i += 97)
		assert_link(0, i + 2, PBF_LINK_NEXT, i + 3);
	for (uint32_t i = 0; i < 140000; i += 97 * 16)
		assert_link(0, i + 2, PBF_LINK_NEXT, i + 3);
}

TEST(what_was_read_of_the_table_is_not_read_again)
{
	const struct fat_layout layout = { .type = 32, .clusters = 5000 };
	struct scratch scratch;

	volume_bench_build(&bench, &layout);
	fat_link(bench.built, 0, 10, 11);
	scratch_make(&scratch);
	scratch_write(&scratch, "image", bench.built->bytes, bench.built->size);
	assert_int_equal(
		pbf_image_open(scratch.fd, "image", &bench.image, NULL), 0);
	assert_int_equal(pbf_fat_volume_open(bench.image, 0, bench.built->size,
					     &bench.volume, NULL),
			 0);
	assert_link(0, 10, PBF_LINK_NEXT, 11);
	fat_link(bench.built, 0, 10, 12);
	fat_link(bench.built, 0, 4500, 4501);
	scratch_write(&scratch, "image", bench.built->bytes, bench.built->size);
	scratch_remove(&scratch);
	assert_link(0, 10, PBF_LINK_NEXT, 11);
	assert_link(0, 4500, PBF_LINK_NEXT, 4501);
}

TEST(each_copy_of_the_table_is_its_own)
{
	const struct fat_layout layout = { .fat_count = 3 };

	volume_bench_build(&bench, &layout);
	fat_link(bench.built, 0, 10, 11);
	fat_link(bench.built, 1, 10, 12);
	fat_link(bench.built, 2, 10, FAT_END);
	volume_bench_open(&bench);
	assert_link(0, 10, PBF_LINK_NEXT, 11);
	assert_link(1, 10, PBF_LINK_NEXT, 12);
	assert_link(2, 10, PBF_LINK_END, 0);
}

TEST(a_table_that_the_image_cuts_off_is_read_up_to_there)
{
	const struct fat_layout layout = { .type = 32, .clusters = 1000 };
	enum pbf_fat_link link;
	struct pbf_reason why;
	uint32_t next;

	volume_bench_build(&bench, &layout);
	fat_link(bench.built, 0, 127, 128);
	fat_link(bench.built, 0, 128, 129);
	/* 128 links to a sector; the image ends after the first */
	assert_int_equal(volume_bench_open_cut(
				 &bench, bench.built->fat_start + 512, NULL),
			 0);
	assert_link(0, 127, PBF_LINK_NEXT, 128);
	assert_int_equal(pbf_fat_link(bench.volume, 0, 128, &link, &next, &why),
			 -EIO);
	assert_link(0, 127, PBF_LINK_NEXT, 128);
}

TEST(a_long_table_that_the_image_cuts_off_is_read_up_to_there)
{
	const struct fat_layout layout = { .type = 32, .clusters = 5000 };
	enum pbf_fat_link link;
	uint32_t next;

	/* 4096 entries are read at a time: these two lie in the second part */
	volume_bench_build(&bench, &layout);
	fat_link(bench.built, 0, 4100, 4101);
	fat_link(bench.built, 0, 4300, 4301);
	assert_int_equal(
		volume_bench_open_cut(
			&bench, fat_link_at(bench.built, 0, 4096) + 512, NULL),
		0);
	assert_link(0, 4100, PBF_LINK_NEXT, 4101);
	assert_int_equal(
		pbf_fat_link(bench.volume, 0, 4300, &link, &next, NULL), -EIO);
}

TEST(what_was_read_only_in_part_is_not_taken_for_what_was_there_before)
{
	/* 4096 entries are read at a time, and 32 such parts are kept */
	const struct fat_layout layout = { .type = 32, .clusters = 140000 };
	const uint32_t cluster = 32 * 4096;
	enum pbf_fat_link link;
	struct scratch scratch;
	uint32_t next;

	volume_bench_build(&bench, &layout);
	fat_link(bench.built, 0, 10, 11);
	scratch_make(&scratch);
	scratch_write(&scratch, "image", bench.built->bytes, bench.built->size);
	assert_int_equal(
		pbf_image_open(scratch.fd, "image", &bench.image, NULL), 0);
	assert_int_equal(pbf_fat_volume_open(bench.image, 0, bench.built->size,
					     &bench.volume, NULL),
			 0);
	assert_link(0, 10, PBF_LINK_NEXT, 11);
	scratch_truncate(&scratch, "image",
			 fat_link_at(bench.built, 0, cluster + 1000));
	scratch_remove(&scratch);
	assert_int_equal(pbf_fat_link(bench.volume, 0, cluster + 1000, &link,
				      &next, NULL),
			 -EIO);
	assert_link(0, 10, PBF_LINK_NEXT, 11);
}

TEST(a_table_that_the_partition_cuts_off_is_read_up_to_there)
{
	const struct fat_layout layout = { .type = 32, .clusters = 1000 };
	enum pbf_fat_link link;
	struct pbf_reason why;
	uint32_t next;

	volume_bench_build(&bench, &layout);
	fat_link(bench.built, 0, 127, 128);
	bench.image = image_of_volume(bench.built);
	assert_int_equal(pbf_fat_volume_open(bench.image, 0,
					     bench.built->fat_start + 512,
					     &bench.volume, NULL),
			 0);
	assert_link(0, 127, PBF_LINK_NEXT, 128);
	assert_int_equal(pbf_fat_link(bench.volume, 0, 128, &link, &next, &why),
			 -EIO);
	assert_reason(why, bench.built->fat_start + 512,
		      "FAT lies beyond the end");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_volume_lies_at_its_place_in_the_image),
		CLAIM(what_is_wrong_with_a_volume_is_told_by_its_place_in_the_image),
		CLAIM(a_volume_in_an_image_that_ends_before_it_cannot_be_read),
		CLAIM(nothing_is_read_beyond_the_partition),
		CLAIM(clusters_exist_from_2_to_their_number_plus_1),
		CLAIM(links_of_12_bits_have_their_meanings),
		CLAIM(links_of_16_bits_have_their_meanings),
		CLAIM(links_of_28_bits_have_their_meanings),
		CLAIM(the_upper_four_bits_of_a_fat32_link_do_not_count),
		CLAIM(links_of_12_bits_do_not_touch_their_neighbours),
		CLAIM(a_large_table_is_read_in_any_order),
		CLAIM(what_was_read_of_the_table_is_not_read_again),
		CLAIM(each_copy_of_the_table_is_its_own),
		CLAIM(a_table_that_the_image_cuts_off_is_read_up_to_there),
		CLAIM(a_long_table_that_the_image_cuts_off_is_read_up_to_there),
		CLAIM(what_was_read_only_in_part_is_not_taken_for_what_was_there_before),
		CLAIM(a_table_that_the_partition_cuts_off_is_read_up_to_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
