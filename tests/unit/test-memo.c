/* SPDX-License-Identifier: BSD-2-Clause */
#include "memo.h"

#include <errno.h>

#include "fake-time.h"
#include "unit.h"
#include "version-bench.h"

static struct version_bench bench;
static struct pbf_memo *memo;

static const struct pbf_answer absent = { .kind = PBF_ANSWER_ABSENT };
static const struct pbf_answer directory = {
	.kind = PBF_ANSWER_DIRECTORY,
	.modified = { .tv_sec = 7 },
};

static int setup(void **state)
{
	(void)state;
	version_bench_make(&bench, 1u << 20);
	fake_time_set_honest(true);
	fake_time_set_age(10);
	return pbf_memo_new(bench.bench.catalog, &memo);
}

static int teardown(void **state)
{
	(void)state;
	pbf_memo_free(memo);
	version_bench_free(&bench);
	return 0;
}

/* Keeps an answer as a lookup does; WRITE is called between open and keep. */
static void keep_while(const char *path, const struct pbf_answer *answer,
		       void (*write)(void))
{
	_cleanup_image_ struct pbf_image *image = NULL;
	struct pbf_proof before;

	pbf_memo_prepare(memo, BENCH_IMAGE, &before);
	assert_int_equal(pbf_catalog_open_image(bench.bench.catalog,
						BENCH_IMAGE, &image, NULL),
			 0);
	if (write)
		write();
	pbf_memo_keep(memo, BENCH_IMAGE, path, &before, pbf_image_stamp(image),
		      answer);
}

static void keep(const char *path, const struct pbf_answer *answer)
{
	keep_while(path, answer, NULL);
}

static bool recalls(const char *path)
{
	struct pbf_answer answer = { .version = NULL };
	bool recalled =
		pbf_memo_recall(memo, BENCH_IMAGE, path, PBF_ANYWHERE, &answer);

	pbf_version_unref(answer.version);
	return recalled;
}

static void write_image(void)
{
	fake_time_next_tick();
	bench_save(&bench.bench);
}

static void write_conf(void)
{
	fake_time_next_tick();
	scratch_write(&bench.bench.scratch, "disk.conf", "[image]\n", 8);
}

TEST(an_answer_is_recalled_while_its_image_stands_still)
{
	struct pbf_answer answer;

	assert_false(recalls("x"));
	keep("x", &directory);
	assert_true(
		pbf_memo_recall(memo, BENCH_IMAGE, "x", PBF_ANYWHERE, &answer));
	assert_int_equal(answer.kind, PBF_ANSWER_DIRECTORY);
	assert_int_equal(answer.modified.tv_sec, 7);
	assert_null(answer.version);
}

TEST(an_answer_is_for_its_path_and_source_only)
{
	struct pbf_answer answer;

	keep("x", &absent);
	assert_true(recalls("x"));
	assert_false(recalls("X"));
	assert_false(recalls("x/"));
	assert_false(recalls(""));
	scratch_link(&bench.bench.scratch, BENCH_IMAGE, "other");
	assert_false(
		pbf_memo_recall(memo, "other", "x", PBF_ANYWHERE, &answer));
}

TEST(a_later_answer_replaces_an_earlier_one)
{
	struct pbf_answer answer;

	keep("x", &absent);
	keep("x", &directory);
	assert_true(
		pbf_memo_recall(memo, BENCH_IMAGE, "x", PBF_ANYWHERE, &answer));
	assert_int_equal(answer.kind, PBF_ANSWER_DIRECTORY);
}

TEST(a_write_to_the_image_ends_an_answer)
{
	keep("x", &absent);
	write_image();
	assert_false(recalls("x"));
}

TEST(a_swapped_image_ends_an_answer)
{
	keep("x", &absent);
	bench_replace(&bench.bench);
	assert_false(recalls("x"));
}

TEST(a_removed_image_ends_an_answer)
{
	keep("x", &absent);
	scratch_unlink(&bench.bench.scratch, BENCH_IMAGE);
	assert_false(recalls("x"));
}

TEST(new_settings_end_an_answer)
{
	keep("x", &absent);
	write_conf();
	assert_false(recalls("x"));
}

TEST(settings_that_stand_still_do_not)
{
	write_conf();
	keep("x", &absent);
	assert_true(recalls("x"));
}

TEST(settings_that_change_or_go_end_an_answer)
{
	write_conf();
	keep("x", &absent);
	write_conf();
	assert_false(recalls("x"));
	keep("x", &absent);
	scratch_unlink(&bench.bench.scratch, "disk.conf");
	assert_false(recalls("x"));
}

TEST(an_answer_found_during_a_write_is_not_kept)
{
	keep_while("x", &absent, write_image);
	assert_false(recalls("x"));
	keep_while("x", &absent, write_conf);
	assert_false(recalls("x"));
}

TEST(an_answer_is_not_kept_when_its_image_was_just_written)
{
	fake_time_set_age(0);
	keep("x", &absent);
	assert_false(recalls("x"));
	fake_time_set_age(10);
	assert_false(recalls("x"));
}

TEST(an_answer_is_not_kept_when_its_settings_were_just_written)
{
	struct pbf_proof before;
	_cleanup_image_ struct pbf_image *image = NULL;

	write_conf();
	fake_time_set_age(0);
	pbf_memo_prepare(memo, BENCH_IMAGE, &before);
	fake_time_set_age(10);
	assert_int_equal(pbf_catalog_open_image(bench.bench.catalog,
						BENCH_IMAGE, &image, NULL),
			 0);
	pbf_memo_keep(memo, BENCH_IMAGE, "x", &before, pbf_image_stamp(image),
		      &absent);
	assert_false(recalls("x"));
}

TEST(an_answer_is_not_kept_without_honest_stamps)
{
	fake_time_set_honest(false);
	keep("x", &absent);
	fake_time_set_honest(true);
	assert_false(recalls("x"));
}

TEST(a_version_is_recalled_with_a_reference)
{
	struct pbf_answer answer = {
		.kind = PBF_ANSWER_FILE,
		.version = version_bench_version(&bench, "CONFIG.TXT"),
	};
	struct pbf_version *version = answer.version;

	keep("CONFIG.TXT", &answer);
	pbf_version_unref(version); /* ours; the memo has its own */
	assert_true(pbf_memo_recall(memo, BENCH_IMAGE, "CONFIG.TXT",
				    PBF_ANYWHERE, &answer));
	assert_ptr_equal(answer.version, version);
	pbf_memo_free(memo);
	assert_int_equal(pbf_memo_new(bench.bench.catalog, &memo), 0);
	assert_true(pbf_version_is_alive(version));
	pbf_version_unref(version);
}

TEST(a_version_given_up_is_not_recalled)
{
	struct pbf_answer answer = {
		.kind = PBF_ANSWER_FILE,
		.version = version_bench_version(&bench, "CONFIG.TXT"),
	};

	keep("CONFIG.TXT", &answer);
	assert_true(recalls("CONFIG.TXT"));
	pbf_version_kill(answer.version, -EIO);
	assert_false(recalls("CONFIG.TXT"));
	pbf_version_unref(answer.version);
}

TEST(freeing_nothing_is_allowed)
{
	pbf_memo_free(NULL);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(an_answer_is_recalled_while_its_image_stands_still),
		CLAIM(an_answer_is_for_its_path_and_source_only),
		CLAIM(a_later_answer_replaces_an_earlier_one),
		CLAIM(a_write_to_the_image_ends_an_answer),
		CLAIM(a_swapped_image_ends_an_answer),
		CLAIM(a_removed_image_ends_an_answer),
		CLAIM(new_settings_end_an_answer),
		CLAIM(settings_that_stand_still_do_not),
		CLAIM(settings_that_change_or_go_end_an_answer),
		CLAIM(an_answer_found_during_a_write_is_not_kept),
		CLAIM(an_answer_is_not_kept_when_its_image_was_just_written),
		CLAIM(an_answer_is_not_kept_when_its_settings_were_just_written),
		CLAIM(an_answer_is_not_kept_without_honest_stamps),
		CLAIM(a_version_is_recalled_with_a_reference),
		CLAIM(a_version_given_up_is_not_recalled),
		CLAIM(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
