/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "disk-image.h"
#include "fat_chain.h"
#include "unit.h"

/* Clusters have 512 bytes here, and there are 60 of them: 2 to 61. */
static struct fat_image *built;

static int setup(void **state)
{
	const struct fat_layout layout = { .clusters = 60,
					   .start_bytes = 4096 };

	(void)state;
	built = fat_image_new(&layout);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fat_image_free(built);
	return 0;
}

static int walk(uint32_t copy, uint32_t first, uint64_t size,
		struct pbf_chain *ret_chain, struct pbf_reason *why)
{
	_cleanup_image_ struct pbf_image *image = image_of_volume(built);
	_cleanup_volume_ struct pbf_fat_volume *volume = NULL;

	assert_int_equal(pbf_fat_volume_open(image, 4096, built->size - 4096,
					     &volume, NULL),
			 0);
	return pbf_fat_chain(volume, copy, first, size, ret_chain, why);
}

static void assert_walks(uint32_t first, uint64_t size,
			 const struct pbf_cluster_run *runs, size_t count)
{
	_cleanup_chain_ struct pbf_chain chain = { 0 };
	struct pbf_reason why = { .text = "" };

	if (walk(0, first, size, &chain, &why) < 0)
		fail_msg("refused: %s", why.text);
	assert_int_equal(chain.run_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(chain.runs[i].first_cluster,
				 runs[i].first_cluster);
		assert_int_equal(chain.runs[i].cluster_count,
				 runs[i].cluster_count);
	}
}

static void assert_refused(uint32_t first, uint64_t size, uint64_t offset,
			   const char *words)
{
	_cleanup_chain_ struct pbf_chain chain = { 0 };
	struct pbf_reason why = { .text = "" };

	assert_int_equal(walk(0, first, size, &chain, &why), -EUCLEAN);
	assert_reason(why, offset, words);
	assert_int_equal(chain.run_count, 0);
}

TEST(clusters_that_follow_each_other_are_one_run)
{
	static const struct pbf_cluster_run run = { 10, 3 };

	fat_link_run(built, 10, 3);
	assert_walks(10, 3 * 512, &run, 1);
	assert_walks(10, 2 * 512 + 1, &run, 1);
}

TEST(scattered_clusters_are_runs_in_the_order_of_the_file)
{
	static const struct pbf_cluster_run runs[] = { { 20, 2 },
						       { 10, 1 },
						       { 30, 1 } };

	fat_link(built, 0, 20, 21);
	fat_link(built, 0, 21, 10);
	fat_link(built, 0, 10, 30);
	fat_link(built, 0, 30, FAT_END);
	assert_walks(20, 4 * 512, runs, 3);
}

TEST(a_file_may_go_on_right_behind_an_earlier_part_of_it)
{
	static const struct pbf_cluster_run runs[] = {
		{ 10, 1 }, { 20, 1 }, { 11, 1 }, { 21, 1 }
	};

	fat_link(built, 0, 10, 20);
	fat_link(built, 0, 20, 11);
	fat_link(built, 0, 11, 21);
	fat_link(built, 0, 21, FAT_END);
	assert_walks(10, 4 * 512, runs, 4);
}

TEST(many_runs_are_walked)
{
	struct pbf_cluster_run runs[30];

	for (uint32_t i = 0; i < 30; i++) {
		runs[i] = (struct pbf_cluster_run){ 61 - 2 * i, 1 };
		fat_link(built, 0, 61 - 2 * i, i < 29 ? 59 - 2 * i : FAT_END);
	}
	assert_walks(61, 30 * 512, runs, 30);
}

TEST(an_empty_file_needs_no_cluster)
{
	assert_walks(0, 0, NULL, 0);
	assert_walks(10, 0, NULL, 0); /* and may have a free one */
}

TEST(clusters_beyond_the_size_do_not_matter)
{
	static const struct pbf_cluster_run run = { 10, 2 };

	fat_link_run(built, 10, 2);
	fat_link(built, 0, 11, 12); /* which is free */
	assert_walks(10, 1024, &run, 1);
	fat_link(built, 0, 11, 10); /* a loop */
	assert_walks(10, 1024, &run, 1);
	fat_link(built, 0, 11, 0x0ffffff7); /* a bad cluster */
	assert_walks(10, 1024, &run, 1);
	assert_refused(10, 1025, fat_link_at(built, 0, 11), "leaves");
}

TEST(a_chain_that_was_freed_is_refused)
{
	fat_link_run(built, 10, 3);
	fat_link(built, 0, 11, 0);
	assert_refused(10, 3 * 512, fat_link_at(built, 0, 11),
		       "free cluster 11 after 2 of 3");
}

TEST(a_chain_whose_last_cluster_was_freed_is_refused)
{
	static const struct pbf_cluster_run run = { 10, 1 };

	fat_link(built, 0, 10, 0);
	assert_refused(10, 1, fat_link_at(built, 0, 10),
		       "free cluster 10 after 1 of 1");
	fat_link(built, 0, 10, FAT_END);
	assert_walks(10, 1, &run, 1);
}

TEST(a_chain_shorter_than_the_file_is_refused)
{
	static const struct pbf_cluster_run run = { 10, 3 };

	fat_link_run(built, 10, 3);
	assert_walks(10, 3 * 512, &run, 1);
	assert_refused(10, 3 * 512 + 1, fat_link_at(built, 0, 12),
		       "ends after 3 of 4");
}

TEST(a_chain_that_leaves_the_volume_is_refused)
{
	static const struct pbf_cluster_run run = { 60, 2 };

	fat_link_run(built, 60, 2);
	assert_walks(60, 1024, &run, 1);
	fat_link(built, 0, 60, 62);
	assert_refused(60, 1024, fat_link_at(built, 0, 60),
		       "cluster 60 links to 0x3e");
	fat_link(built, 0, 60, 1);
	assert_refused(60, 1024, fat_link_at(built, 0, 60), "links to 0x1");
}

TEST(a_chain_that_loops_is_refused)
{
	fat_link(built, 0, 10, 20);
	fat_link(built, 0, 20, 10);
	assert_refused(10, 3 * 512, fat_link_at(built, 0, 10),
		       "loops through cluster 10");
	assert_refused(10, 60 * 512, fat_link_at(built, 0, 10), "loops");
}

TEST(a_cluster_that_links_to_itself_is_refused)
{
	static const struct pbf_cluster_run run = { 10, 1 };

	fat_link(built, 0, 10, 10);
	assert_refused(10, 1024, fat_link_at(built, 0, 10),
		       "loops through cluster 10");
	assert_walks(10, 512, &run, 1);
}

TEST(a_loop_back_into_a_long_run_is_refused)
{
	fat_link_run(built, 10, 20);
	fat_link(built, 0, 29, 15);
	assert_refused(10, 21 * 512, fat_link_at(built, 0, 15),
		       "loops through cluster 15");
}

TEST(a_loop_is_found_in_the_middle_of_a_run)
{
	fat_link(built, 0, 12, 10);
	fat_link(built, 0, 10, 11);
	fat_link(built, 0, 11, 12);
	assert_refused(12, 4 * 512, fat_link_at(built, 0, 12),
		       "loops through cluster 12");
}

TEST(a_first_cluster_outside_the_volume_is_refused)
{
	const uint64_t none = PBF_REASON_NO_OFFSET;
	static const struct pbf_cluster_run run = { 61, 1 };

	assert_refused(0, 1, none, "first cluster 0 is not in the volume");
	assert_refused(1, 1, none, "first cluster 0x1 is");
	assert_refused(62, 1, none, "first cluster 0x3e is");
	fat_link(built, 0, 61, FAT_END);
	assert_walks(61, 1, &run, 1);
}

TEST(a_size_beyond_the_volume_is_refused_at_once)
{
	static const struct pbf_cluster_run run = { 2, 60 };

	fat_link_run(built, 2, 60);
	assert_walks(2, 60 * 512, &run, 1);
	assert_refused(2, 60 * 512 + 1, PBF_REASON_NO_OFFSET,
		       "more than the volume holds");
	assert_refused(2, UINT64_MAX, PBF_REASON_NO_OFFSET,
		       "more than the volume holds");
}

TEST(the_copy_that_was_asked_for_is_walked)
{
	_cleanup_chain_ struct pbf_chain chain = { 0 };

	fat_link_run(built, 10, 2);
	fat_link(built, 0, 10, 0);
	assert_refused(10, 1024, fat_link_at(built, 0, 10), "free");
	assert_int_equal(walk(1, 10, 1024, &chain, NULL), 0);
	assert_int_equal(chain.run_count, 1);
}

TEST(chains_are_equal_when_all_clusters_are)
{
	struct pbf_cluster_run ab[] = { { 10, 2 }, { 20, 1 } };
	struct pbf_cluster_run ac[] = { { 10, 2 }, { 20, 2 } };
	const struct pbf_chain one = { .runs = ab, .run_count = 2 };
	const struct pbf_chain same = { .runs = ab, .run_count = 2 };
	const struct pbf_chain other = { .runs = ac, .run_count = 2 };
	const struct pbf_chain shorter = { .runs = ab, .run_count = 1 };
	const struct pbf_chain none = { .runs = NULL };

	assert_true(pbf_chain_equal(&one, &same));
	assert_true(pbf_chain_equal(&none, &none));
	assert_false(pbf_chain_equal(&one, &other));
	assert_false(pbf_chain_equal(&one, &shorter));
	assert_false(pbf_chain_equal(&none, &one));
}

TEST(a_released_chain_can_be_released_again)
{
	struct pbf_chain chain = { 0 };

	fat_link_run(built, 10, 2);
	assert_int_equal(walk(0, 10, 1024, &chain, NULL), 0);
	pbf_chain_release(&chain);
	assert_int_equal(chain.run_count, 0);
	pbf_chain_release(&chain);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(clusters_that_follow_each_other_are_one_run),
		CLAIM(scattered_clusters_are_runs_in_the_order_of_the_file),
		CLAIM(a_file_may_go_on_right_behind_an_earlier_part_of_it),
		CLAIM(many_runs_are_walked),
		CLAIM(an_empty_file_needs_no_cluster),
		CLAIM(clusters_beyond_the_size_do_not_matter),
		CLAIM(a_chain_that_was_freed_is_refused),
		CLAIM(a_chain_whose_last_cluster_was_freed_is_refused),
		CLAIM(a_chain_shorter_than_the_file_is_refused),
		CLAIM(a_chain_that_leaves_the_volume_is_refused),
		CLAIM(a_chain_that_loops_is_refused),
		CLAIM(a_cluster_that_links_to_itself_is_refused),
		CLAIM(a_loop_back_into_a_long_run_is_refused),
		CLAIM(a_loop_is_found_in_the_middle_of_a_run),
		CLAIM(a_first_cluster_outside_the_volume_is_refused),
		CLAIM(a_size_beyond_the_volume_is_refused_at_once),
		CLAIM(the_copy_that_was_asked_for_is_walked),
		CLAIM(chains_are_equal_when_all_clusters_are),
		CLAIM(a_released_chain_can_be_released_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
