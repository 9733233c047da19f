/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening versions; reading is in test-version-read.c. */
#include "version.h"

#include <errno.h>

#include "fake-storage.h"
#include "fake-time.h"
#include "unit.h"
#include "version-bench.h"

static struct version_bench bench;

static int setup(void **state)
{
	(void)state;
	version_bench_make(&bench, 1u << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	version_bench_free(&bench);
	return 0;
}

static struct pbf_version *make(const char *path)
{
	return version_bench_version(&bench, path);
}

TEST(a_version_is_of_the_file_it_was_made_for)
{
	struct pbf_version *version = make("CONFIG.TXT");
	struct pbf_file_key key = pbf_version_key(version);
	struct pbf_digest digest;

	assert_string_equal(key.path, "CONFIG.TXT");
	assert_string_equal(pbf_version_source(version), BENCH_IMAGE);
	assert_int_equal(pbf_version_size_bytes(version), 4);
	assert_int_equal(pbf_version_id(version), bench.last_id);
	assert_ptr_equal(pbf_version_context(version), &bench);
	assert_false(pbf_version_digest(version, &digest));
	assert_false(pbf_version_is_open(version));
	assert_true(pbf_version_is_alive(version));
	assert_int_equal(pbf_version_progress_ms(version), 0);
	pbf_version_unref(version);
}

TEST(an_open_begins_the_snapshot)
{
	struct pbf_version *version = make("KERNEL.IMG");

	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	assert_int_equal(bench.starts, 1);
	assert_false(pbf_version_is_open(version));
	pbf_version_unref(version);
}

TEST(an_open_waits_for_the_seal)
{
	struct pbf_version *version = make("KERNEL.IMG");
	struct waiter waiter;
	struct pbf_digest digest;

	waiter_init(&waiter);
	assert_int_equal(pbf_version_open(version, &waiter.waiter, NULL),
			 -EINPROGRESS);
	assert_int_equal(waiter.woken, 0);
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	assert_int_equal(waiter.woken, 1);
	assert_int_equal(waiter.error, 0);
	assert_true(pbf_version_is_open(version));
	assert_true(pbf_version_digest(version, &digest));
	assert_true(pbf_version_progress_ms(version) > 0);
	pbf_version_unref(version);
}

TEST(all_opens_wait_for_one_snapshot)
{
	struct pbf_version *version = make("KERNEL.IMG");
	struct waiter waiters[3];

	for (int i = 0; i < 3; i++) {
		waiter_init(&waiters[i]);
		assert_int_equal(
			pbf_version_open(version, &waiters[i].waiter, NULL),
			-EINPROGRESS);
	}
	assert_int_equal(bench.starts, 1);
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(waiters[i].woken, 1);
	pbf_version_unref(version);
}

TEST(a_sealed_version_opens_at_once_and_without_its_image)
{
	struct pbf_version *version = make("KERNEL.IMG");
	struct waiter waiter;

	waiter_init(&waiter);
	version_bench_seal(&bench, version);
	scratch_unlink(&bench.bench.scratch, BENCH_IMAGE);
	assert_int_equal(pbf_version_open(version, &waiter.waiter, NULL), 0);
	assert_int_equal(waiter.woken, 0);
	assert_int_equal(bench.starts, 1);
	pbf_version_unref(version);
}

TEST(a_broken_chain_fails_the_open_before_the_first_byte)
{
	struct pbf_version *version = make("KERNEL.IMG");
	struct waiter waiter;
	struct pbf_reason why;

	fat_link(bench.bench.image, FAT_ALL, 40, 0);
	bench_save(&bench.bench);
	waiter_init(&waiter);
	assert_int_equal(pbf_version_open(version, &waiter.waiter, &why),
			 -EUCLEAN);
	assert_reason(why, fat_link_at(bench.bench.image, 0, 40),
		      "free cluster 40");
	assert_int_equal(bench.starts, 0);
	assert_int_equal(waiter.woken, 0);
	fat_link(bench.bench.image, FAT_ALL, 40, 41);
	bench_save(&bench.bench);
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	pbf_version_unref(version);
}

/* After ESTALE the kernel walks again, and must meet another inode. */
TEST(a_version_that_is_stale_stays_so)
{
	struct pbf_version *version = make("KERNEL.IMG");

	bench_set_size(&bench.bench, bench.bench.kernel_slot,
		       BENCH_KERNEL_BYTES - 1);
	bench_save(&bench.bench);
	assert_int_equal(pbf_version_open(version, NULL, NULL), -ESTALE);
	bench_set_size(&bench.bench, bench.bench.kernel_slot,
		       BENCH_KERNEL_BYTES);
	bench_save(&bench.bench);
	assert_false(pbf_version_is_alive(version));
	assert_int_equal(pbf_version_open(version, NULL, NULL), -ESTALE);
	pbf_version_unref(version);
}

TEST(a_file_in_other_clusters_is_stale)
{
	struct pbf_version *version = make("KERNEL.IMG");

	bench_move_kernel(&bench.bench, 150);
	bench_save(&bench.bench);
	assert_int_equal(pbf_version_open(version, NULL, NULL), -ESTALE);
	pbf_version_unref(version);
}

/* Changes 2 bytes of a time in the kernel's slot. */
static void assert_stale_by(uint64_t offset)
{
	struct pbf_version *version = make("KERNEL.IMG");

	bench.bench.image->bytes[bench.bench.kernel_slot + offset] ^= 2;
	bench_save(&bench.bench);
	assert_int_equal(pbf_version_open(version, NULL, NULL), -ESTALE);
	pbf_version_unref(version);
}

TEST(a_file_of_another_time_is_stale)
{
	assert_stale_by(0x16); /* modified, 4 seconds later */
	assert_stale_by(0x18); /* modified, 2 days later */
	assert_stale_by(0x0d); /* created, 20 ms later */
}

TEST(the_time_of_access_does_not_matter)
{
	struct pbf_version *version = make("KERNEL.IMG");

	bench.bench.image->bytes[bench.bench.kernel_slot + 0x12] ^= 2;
	bench_save(&bench.bench);
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	pbf_version_unref(version);
}

TEST(a_file_that_is_gone_is_stale)
{
	struct pbf_version *version = make("KERNEL.IMG");

	scratch_unlink(&bench.bench.scratch, BENCH_IMAGE);
	assert_int_equal(pbf_version_open(version, NULL, NULL), -ESTALE);
	pbf_version_unref(version);
}

TEST(a_file_larger_than_the_budget_is_refused)
{
	struct pbf_version *version;

	version_bench_free(&bench);
	version_bench_make(&bench, BENCH_KERNEL_BYTES - 1);
	version = make("KERNEL.IMG");
	assert_int_equal(pbf_version_open(version, NULL, NULL), -EFBIG);
	assert_int_equal(bench.starts, 0);
	pbf_version_unref(version);
	version_bench_free(&bench);
	version_bench_make(&bench, BENCH_KERNEL_BYTES);
	version = make("KERNEL.IMG");
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	pbf_version_unref(version);
}

TEST(a_file_has_to_wait_while_others_use_the_budget)
{
	struct pbf_version *version;
	struct pbf_snapshot *other;

	version = make("KERNEL.IMG");
	assert_int_equal(pbf_snapshot_begin(bench.shared.store,
					    (1u << 20) - BENCH_KERNEL_BYTES + 1,
					    &other),
			 0);
	assert_int_equal(pbf_version_open(version, NULL, NULL), -ENOMEM);
	pbf_snapshot_unref(other);
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	pbf_version_unref(version);
}

TEST(a_capture_that_cannot_start_is_told_and_can_be_tried_again)
{
	struct pbf_version *version = make("KERNEL.IMG");
	struct waiter waiter;

	waiter_init(&waiter);
	bench.start_error = -EIO;
	assert_int_equal(pbf_version_open(version, &waiter.waiter, NULL),
			 -EINPROGRESS);
	assert_int_equal(waiter.woken, 1);
	assert_int_equal(waiter.error, -EIO);
	bench.start_error = 0;
	version_bench_seal(&bench, version);
	assert_int_equal(bench.starts, 2);
	pbf_version_unref(version);
}

TEST(a_read_may_follow_a_capture_that_could_not_start)
{
	struct pbf_version *version = make("KERNEL.IMG");
	struct pbf_snapshot *snapshot;
	const unsigned char *content;
	struct waiter waiter;

	bench.start_error = -EIO;
	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	bench.start_error = 0;
	waiter_init(&waiter);
	assert_int_equal(pbf_version_read(version, 1, &waiter.waiter, &snapshot,
					  &content),
			 -EINPROGRESS);
	assert_int_equal(bench.starts, 2);
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	assert_int_equal(waiter.error, 0);
	pbf_version_unref(version);
}

TEST(a_capture_that_fails_is_told_and_can_be_tried_again)
{
	struct pbf_version *version = make("KERNEL.IMG");
	struct waiter waiter;
	struct pbf_reason why;

	waiter_init(&waiter);
	assert_int_equal(pbf_version_open(version, &waiter.waiter, NULL),
			 -EINPROGRESS);
	scratch_truncate(&bench.bench.scratch, BENCH_IMAGE,
			 fat_cluster_at(bench.bench.image, 40));
	assert_int_equal(pbf_version_capture(version, &why), -EIO);
	assert_non_null(strstr(why.text, "truncated"));
	assert_int_equal(waiter.error, -EIO);
	assert_int_equal(waiter.woken, 1);
	assert_true(pbf_version_is_alive(version));
	bench_save(&bench.bench);
	version_bench_seal(&bench, version);
	assert_int_equal(bench.starts, 2);
	pbf_version_unref(version);
}

/* Each read that the capture needs, in turn. */
TEST(storage_that_fails_once_is_tried_again)
{
	unsigned int reads = 1;

	for (unsigned int nth = 0; nth < reads; nth++) {
		struct pbf_version *version = make("KERNEL.IMG");
		struct waiter waiter;

		waiter_init(&waiter);
		fake_storage_break(FAKE_FAILS, nth);
		assert_int_equal(
			pbf_version_open(version, &waiter.waiter, NULL),
			-EINPROGRESS);
		assert_int_equal(pbf_version_capture(version, NULL), 0);
		assert_int_equal(waiter.error, 0);
		reads = fake_storage_reads();
		assert_in_range(reads, 5, 100);
		fake_storage_break(FAKE_SOUND, 0);
		pbf_version_unref(version);
	}
}

TEST(a_version_given_up_does_not_open)
{
	struct pbf_version *version = make("KERNEL.IMG");
	struct waiter waiter;

	waiter_init(&waiter);
	pbf_version_kill(version, -EIO);
	assert_false(pbf_version_is_alive(version));
	assert_int_equal(pbf_version_open(version, &waiter.waiter, NULL),
			 -ESTALE);
	assert_int_equal(waiter.woken, 0);
	pbf_version_unref(version);
}

TEST(giving_up_tells_those_who_wait)
{
	struct pbf_version *version = make("KERNEL.IMG");
	struct waiter waiter;

	waiter_init(&waiter);
	assert_int_equal(pbf_version_open(version, &waiter.waiter, NULL),
			 -EINPROGRESS);
	pbf_version_kill(version, -EIO);
	assert_int_equal(waiter.woken, 1);
	assert_int_equal(waiter.error, -EIO);
	/* and the capture that goes on changes nothing */
	assert_int_equal(pbf_version_capture(version, NULL), -EIO);
	assert_false(pbf_version_is_alive(version));
	assert_int_equal(waiter.woken, 1);
	pbf_version_unref(version);
}

TEST(an_empty_file_is_opened_and_sealed)
{
	struct pbf_version *version;

	bench_set_size(&bench.bench, bench.bench.config_slot, 0);
	bench_save(&bench.bench);
	version = make("CONFIG.TXT");
	version_bench_seal(&bench, version);
	pbf_version_unref(version);
}

TEST(equal_files_share_one_content)
{
	struct pbf_version *one, *other;
	struct pbf_snapshot *snapshots[2];
	const unsigned char *content;

	fat_add_text(bench.bench.image, FAT_ROOT, "COPY    TXT", 7, "a=b\n");
	bench_save(&bench.bench);
	one = make("CONFIG.TXT");
	other = make("COPY.TXT");
	version_bench_seal(&bench, one);
	version_bench_seal(&bench, other);
	assert_int_equal(
		pbf_version_read(one, 4, NULL, &snapshots[0], &content), 0);
	assert_int_equal(
		pbf_version_read(other, 4, NULL, &snapshots[1], &content), 0);
	assert_ptr_equal(snapshots[0], snapshots[1]);
	pbf_version_read_done(snapshots[0]);
	pbf_version_read_done(snapshots[1]);
	pbf_version_unref(one);
	pbf_version_unref(other);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_version_is_of_the_file_it_was_made_for),
		CLAIM(an_open_begins_the_snapshot),
		CLAIM(an_open_waits_for_the_seal),
		CLAIM(all_opens_wait_for_one_snapshot),
		CLAIM(a_sealed_version_opens_at_once_and_without_its_image),
		CLAIM(a_broken_chain_fails_the_open_before_the_first_byte),
		CLAIM(a_version_that_is_stale_stays_so),
		CLAIM(a_file_in_other_clusters_is_stale),
		CLAIM(a_file_of_another_time_is_stale),
		CLAIM(the_time_of_access_does_not_matter),
		CLAIM(a_file_that_is_gone_is_stale),
		CLAIM(a_file_larger_than_the_budget_is_refused),
		CLAIM(a_file_has_to_wait_while_others_use_the_budget),
		CLAIM(a_capture_that_cannot_start_is_told_and_can_be_tried_again),
		CLAIM(a_read_may_follow_a_capture_that_could_not_start),
		CLAIM(a_capture_that_fails_is_told_and_can_be_tried_again),
		CLAIM(storage_that_fails_once_is_tried_again),
		CLAIM(a_version_given_up_does_not_open),
		CLAIM(giving_up_tells_those_who_wait),
		CLAIM(an_empty_file_is_opened_and_sealed),
		CLAIM(equal_files_share_one_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
