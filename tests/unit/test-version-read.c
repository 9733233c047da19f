/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading versions, while their snapshot is taken and after. */
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fake-time.h"
#include "location.h"
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

TEST(a_sealed_version_is_read_as_a_whole)
{
	version_bench_seal(&bench, version);
	version_bench_assert_readable(version);
	assert_int_equal(bench.starts, 1);
}

TEST(a_sealed_version_is_read_without_its_image)
{
	version_bench_seal(&bench, version);
	scratch_unlink(&bench.bench.scratch, BENCH_IMAGE);
	version_bench_assert_readable(version);
}

TEST(a_sealed_version_keeps_its_content_when_the_file_changes)
{
	version_bench_seal(&bench, version);
	bench_write_kernel(&bench.bench, 2);
	bench_save(&bench.bench);
	version_bench_assert_readable(version);
}

TEST(a_read_that_cannot_wait_is_told_so)
{
	assert_int_equal(version_bench_read(version, 1, NULL), -EWOULDBLOCK);
	assert_int_equal(bench.starts, 0);
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	assert_int_equal(version_bench_read(version, 1, NULL), -EWOULDBLOCK);
}

/* --- Reading while the snapshot is taken --- */

/* What reads give at the time a waiter is woken. */
struct view {
	int first_piece, second_piece, whole, all_but_one;
	struct waiter waits_for_whole;
};

static void look(struct waiter *waiter)
{
	struct view *view = waiter->context;

	view->first_piece =
		version_bench_read(version, BENCH_PIECE_BYTES, NULL);
	view->second_piece =
		version_bench_read(version, BENCH_PIECE_BYTES + 1, NULL);
	waiter_init(&view->waits_for_whole);
	view->whole = version_bench_read(version, SIZE, &view->waits_for_whole);
}

TEST(a_read_waits_only_for_its_own_bytes)
{
	struct view view = { .whole = 1 };
	struct waiter waiter;

	waiter_init(&waiter);
	waiter.then = look;
	waiter.context = &view;
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	assert_int_equal(
		version_bench_read(version, BENCH_PIECE_BYTES, &waiter),
		-EINPROGRESS);
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	assert_int_equal(waiter.woken, 1);
	assert_int_equal(waiter.error, 0);
	/* at that time the first piece was there and no more */
	assert_int_equal(view.first_piece, 0);
	assert_int_equal(view.second_piece, -EWOULDBLOCK);
	assert_int_equal(view.whole, -EINPROGRESS);
	assert_int_equal(view.waits_for_whole.woken, 1);
	assert_int_equal(view.waits_for_whole.error, 0);
}

static void look_before_the_seal(void *context, int pauses)
{
	struct view *view = context;

	(void)pauses;
	view->all_but_one = version_bench_read(version, SIZE - 1, NULL);
	waiter_init(&view->waits_for_whole);
	view->whole = version_bench_read(version, SIZE, &view->waits_for_whole);
	assert_int_equal(view->waits_for_whole.woken, 0);
}

TEST(the_last_byte_is_withheld_until_the_seal)
{
	struct view view = { .whole = 1 };

	/* at the pause everything has been read, and nothing is sealed */
	fake_time_on_pause(look_before_the_seal, &view);
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	assert_int_equal(fake_time_pauses(), 1);
	assert_int_equal(view.all_but_one, 0);
	assert_int_equal(view.whole, -EINPROGRESS);
	assert_int_equal(view.waits_for_whole.woken, 1);
	version_bench_assert_readable(version);
}

/* What happens when the next piece of content is read. */
static void (*on_read)(void);

ssize_t pread(int fd, void *buffer, size_t length, off_t offset)
{
	void (*now)(void) = on_read;

	if (now && length == BENCH_PIECE_BYTES) {
		on_read = NULL;
		now();
	}
	return syscall(SYS_pread64, fd, buffer, length, offset);
}

static void let_time_pass(void)
{
	const struct timespec some_time = { .tv_nsec = 100000000 };

	nanosleep(&some_time, NULL);
}

TEST(each_piece_that_is_read_counts_as_progress)
{
	int64_t start_ms;

	fake_time_set_honest(true);
	fake_time_set_age(10);
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	start_ms = pbf_version_progress_ms(version);
	on_read = let_time_pass;
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	assert_true(pbf_version_progress_ms(version) >= start_ms + 100);
}

TEST(looking_again_counts_as_progress)
{
	int64_t start_ms;

	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	start_ms = pbf_version_progress_ms(version);
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	assert_int_equal(fake_time_pauses(), 1);
	/* which all was read before */
	assert_true(pbf_version_progress_ms(version) >=
		    start_ms + PBF_BURST_MS);
}

static int read_too_early;

static void read_early(void)
{
	read_too_early = version_bench_read(version, 1, NULL);
}

static void truncate_image(void *context, int pauses)
{
	(void)context;
	(void)pauses;
	scratch_truncate(&bench.bench.scratch, BENCH_IMAGE, 4096);
}

TEST(bytes_are_not_there_before_they_were_read_again)
{
	struct waiter waiter;

	/* all is read once, and in vain */
	fake_time_on_pause(truncate_image, NULL);
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	assert_true(pbf_version_capture(version, NULL) < 0);
	fake_time_on_pause(NULL, NULL);
	bench_save(&bench.bench);
	read_too_early = 0;
	waiter_init(&waiter);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	on_read = read_early;
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	assert_int_equal(read_too_early, -EWOULDBLOCK);
}

static void change_kernel(void *context, int pauses)
{
	(void)context;
	if (pauses > 0)
		return;
	bench_write_kernel(&bench.bench, 2);
	bench_save(&bench.bench);
}

TEST(a_change_that_nobody_saw_is_read_again)
{
	struct pbf_snapshot *snapshot;
	const unsigned char *content;

	fake_time_on_pause(change_kernel, NULL);
	version_bench_seal(&bench, version);
	assert_int_equal(
		pbf_version_read(version, SIZE, NULL, &snapshot, &content), 0);
	assert_memory_equal(content, bench_content(2), SIZE);
	pbf_version_read_done(snapshot);
}

static void read_a_byte_then_change(void *context, int pauses)
{
	if (pauses == 0)
		assert_int_equal(version_bench_read(version, 1, NULL), 0);
	change_kernel(context, pauses);
}

TEST(a_change_after_bytes_were_handed_out_is_the_end_of_the_version)
{
	struct waiter open_waiter, read_waiter;
	struct pbf_reason why;

	waiter_init(&open_waiter);
	waiter_init(&read_waiter);
	fake_time_on_pause(read_a_byte_then_change, NULL);
	assert_int_equal(pbf_version_open(version, &open_waiter.waiter, NULL),
			 -EINPROGRESS);
	assert_int_equal(version_bench_read(version, SIZE, &read_waiter),
			 -EINPROGRESS);
	assert_int_equal(pbf_version_capture(version, &why), -ESTALE);
	assert_non_null(strstr(why.text, "changed while"));
	assert_int_equal(open_waiter.error, -ESTALE);
	assert_int_equal(read_waiter.error, -ESTALE);
	assert_int_equal(version_bench_read(version, 1, NULL), -ESTALE);
	assert_int_equal(pbf_version_open(version, NULL, NULL), -ESTALE);
	assert_false(pbf_version_is_alive(version));
}

static void read_a_byte_then_truncate(void *context, int pauses)
{
	(void)context;
	(void)pauses;
	assert_int_equal(version_bench_read(version, 1, NULL), 0);
	scratch_truncate(&bench.bench.scratch, BENCH_IMAGE, 4096);
}

TEST(storage_that_fails_after_bytes_were_handed_out_is_an_io_error)
{
	fake_time_on_pause(read_a_byte_then_truncate, NULL);
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	assert_true(pbf_version_capture(version, NULL) < 0);
	assert_false(pbf_version_is_alive(version));
	assert_int_equal(version_bench_read(version, 1, NULL), -EIO);
}

TEST(a_read_that_waits_for_a_first_capture_that_fails_is_the_last)
{
	struct waiter waiter;

	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	waiter_init(&waiter);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	scratch_truncate(&bench.bench.scratch, BENCH_IMAGE,
			 fat_cluster_at(bench.bench.image, 10));
	assert_int_equal(pbf_version_capture(version, NULL), -EIO);
	bench_save(&bench.bench);
	version_bench_assert_failed(version, &waiter);
}

TEST(a_read_may_begin_the_snapshot)
{
	struct waiter waiter;

	waiter_init(&waiter);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	assert_int_equal(bench.starts, 1);
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	assert_int_equal(waiter.woken, 1);
	version_bench_assert_readable(version);
}

TEST(a_read_that_begins_the_snapshot_of_another_file_is_stale)
{
	struct waiter waiter;

	waiter_init(&waiter);
	bench_set_size(&bench.bench, bench.bench.kernel_slot, SIZE - 1);
	bench_save(&bench.bench);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	assert_int_equal(pbf_version_capture(version, NULL), -ESTALE);
	assert_int_equal(waiter.error, -ESTALE);
}

TEST(a_version_given_up_fails_its_readers_as_it_was_told_to)
{
	struct waiter waiter;

	waiter_init(&waiter);
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EINPROGRESS);
	pbf_version_kill(version, -EIO);
	assert_int_equal(waiter.woken, 1);
	assert_int_equal(waiter.error, -EIO);
	waiter_init(&waiter);
	assert_int_equal(version_bench_read(version, 1, &waiter), -EIO);
	assert_int_equal(waiter.woken, 0);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_sealed_version_is_read_as_a_whole),
		CLAIM(a_sealed_version_is_read_without_its_image),
		CLAIM(a_sealed_version_keeps_its_content_when_the_file_changes),
		CLAIM(a_read_that_cannot_wait_is_told_so),
		CLAIM(a_read_waits_only_for_its_own_bytes),
		CLAIM(the_last_byte_is_withheld_until_the_seal),
		CLAIM(each_piece_that_is_read_counts_as_progress),
		CLAIM(looking_again_counts_as_progress),
		CLAIM(bytes_are_not_there_before_they_were_read_again),
		CLAIM(a_change_that_nobody_saw_is_read_again),
		CLAIM(a_change_after_bytes_were_handed_out_is_the_end_of_the_version),
		CLAIM(storage_that_fails_after_bytes_were_handed_out_is_an_io_error),
		CLAIM(a_read_that_waits_for_a_first_capture_that_fails_is_the_last),
		CLAIM(a_read_may_begin_the_snapshot),
		CLAIM(a_read_that_begins_the_snapshot_of_another_file_is_stale),
		CLAIM(a_version_given_up_fails_its_readers_as_it_was_told_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
