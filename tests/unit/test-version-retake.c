/* SPDX-License-Identifier: BSD-2-Clause */
/* Versions whose content was released, and is taken once more. */
#include <errno.h>

#include "fake-time.h"
#include "unit.h"
#include "version-bench.h"

#define SIZE BENCH_KERNEL_BYTES
#define BUDGET (1u << 20)

static struct version_bench bench;
static struct pbf_version *version;

static int setup(void **state)
{
	(void)state;
	version_bench_make(&bench, BUDGET);
	version = version_bench_version(&bench, "KERNEL.IMG");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pbf_version_unref(version);
	version_bench_free(&bench);
	return 0;
}

/* Takes so much of the budget that the version's content must go. */
static void release_content(void)
{
	struct pbf_snapshot *other;

	version_bench_assert_readable(
		version); /* which leaves nothing pinned */
	assert_int_equal(pbf_snapshot_begin(bench.shared.store, BUDGET, &other),
			 0);
	pbf_snapshot_unref(other);
	assert_int_equal(version_bench_read(version, 1, NULL), -EWOULDBLOCK);
}

TEST(a_released_content_is_taken_again)
{
	struct waiter waiter;

	version_bench_seal(&bench, version);
	release_content();
	waiter_init(&waiter);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	assert_int_equal(bench.starts, 2);
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	assert_int_equal(waiter.woken, 1);
	version_bench_assert_readable(version);
}

static void read_in_vain(void *context, int pauses)
{
	(void)context;
	(void)pauses;
	assert_int_equal(version_bench_read(version, 1, NULL), -EWOULDBLOCK);
}

TEST(nothing_of_a_retaken_content_is_handed_out_before_it_is_known)
{
	struct waiter waiter;

	version_bench_seal(&bench, version);
	release_content();
	waiter_init(&waiter);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	fake_time_on_pause(read_in_vain, NULL);
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	assert_int_equal(waiter.woken, 1);
}

TEST(a_retaken_content_that_differs_is_stale)
{
	struct waiter waiter;
	struct pbf_reason why;

	version_bench_seal(&bench, version);
	release_content();
	bench_write_kernel(&bench.bench, 2);
	bench_save(&bench.bench);
	waiter_init(&waiter);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	assert_int_equal(pbf_version_capture(version, &why), -ESTALE);
	assert_non_null(strstr(why.text, "not what it was"));
	assert_int_equal(waiter.error, -ESTALE);
	assert_false(pbf_version_is_alive(version));
}

TEST(a_content_may_be_retaken_from_other_clusters)
{
	struct waiter waiter;

	version_bench_seal(&bench, version);
	release_content();
	bench_move_kernel(&bench.bench, 150);
	bench_save(&bench.bench);
	waiter_init(&waiter);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	version_bench_assert_readable(version);
}

TEST(a_retake_that_fails_is_the_end_of_the_version)
{
	struct waiter waiter;

	version_bench_seal(&bench, version);
	release_content();
	scratch_truncate(&bench.bench.scratch, BENCH_IMAGE,
			 fat_cluster_at(bench.bench.image, 40));
	waiter_init(&waiter);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	assert_int_equal(pbf_version_capture(version, NULL), -EIO);
	bench_save(&bench.bench);
	version_bench_assert_failed(version, &waiter);
}

TEST(a_retake_that_cannot_start_is_the_end_of_the_version)
{
	struct waiter waiter;

	version_bench_seal(&bench, version);
	release_content();
	waiter_init(&waiter);
	bench.start_error = -EIO;
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	bench.start_error = 0;
	version_bench_assert_failed(version, &waiter);
}

/* A digest that two contents share must not give one file the other's. */
TEST(a_content_is_retaken_for_its_own_file_only)
{
	struct pbf_version *twin;
	struct pbf_snapshot *snapshot;
	const unsigned char *content;
	struct waiter waiter;

	fat_add_file(bench.bench.image, FAT_ROOT, "TWIN    IMG", 150,
		     bench_content(1), SIZE);
	bench_save(&bench.bench);
	twin = version_bench_version(&bench, "TWIN.IMG");
	version_bench_seal(&bench, version);
	version_bench_seal(&bench, twin);
	release_content();
	waiter_init(&waiter);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	version_bench_assert_readable(version);
	assert_int_equal(pbf_version_read(twin, 1, NULL, &snapshot, &content),
			 -EWOULDBLOCK);
	pbf_version_unref(twin);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_released_content_is_taken_again),
		CLAIM(nothing_of_a_retaken_content_is_handed_out_before_it_is_known),
		CLAIM(a_retaken_content_that_differs_is_stale),
		CLAIM(a_content_may_be_retaken_from_other_clusters),
		CLAIM(a_retake_that_fails_is_the_end_of_the_version),
		CLAIM(a_retake_that_cannot_start_is_the_end_of_the_version),
		CLAIM(a_content_is_retaken_for_its_own_file_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
