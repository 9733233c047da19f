/* SPDX-License-Identifier: BSD-2-Clause */
/* The three rules by which a version is current. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake-time.h"
#include "unit.h"
#include "version-bench.h"

static struct version_bench bench;
static struct pbf_version *version;

/* Whether the version is given up while the next piece of content is read. */
static bool killed_by_read;

ssize_t pread(int fd, void *buffer, size_t length, off_t offset)
{
	if (killed_by_read && length == BENCH_PIECE_BYTES)
		pbf_version_kill(version, -EIO);
	return syscall(SYS_pread64, fd, buffer, length, offset);
}

static int setup(void **state)
{
	(void)state;
	killed_by_read = false;
	version_bench_make(&bench, 1u << 20);
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

/* Asks as a lookup does, with the image as it is now. */
static bool is_current(void)
{
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_found_ struct pbf_found found = { 0 };

	assert_int_equal(pbf_source_open(bench.bench.catalog, BENCH_IMAGE, 0,
					 &source, NULL),
			 0);
	assert_int_equal(pbf_source_find(&source, "KERNEL.IMG", &found, NULL),
			 0);
	return pbf_version_is_current(version, &source, &found);
}

/* Asks about clusters that are free: whoever reads the file will notice. */
static bool is_current_unread(void)
{
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_found_ struct pbf_found found = { 0 };

	bench_find(&bench.bench, "KERNEL.IMG", &source, &found);
	found.first_cluster = 200;
	return pbf_version_is_current(version, &source, &found);
}

static void save(void)
{
	fake_time_next_tick();
	bench_save(&bench.bench);
}

static void touch_slot(uint64_t offset)
{
	bench.bench.image->bytes[bench.bench.kernel_slot + offset] ^= 2;
	save();
}

/* --- Rule 1: nobody has seen a byte of it --- */

TEST(a_fresh_version_is_current_while_its_entry_is_the_same)
{
	assert_true(is_current());
	bench_write_kernel(&bench.bench, 2);
	save();
	assert_true(is_current());
}

TEST(a_fresh_version_does_not_survive_another_entry)
{
	touch_slot(0x16); /* time of the last change */
	assert_false(is_current());
	touch_slot(0x16);
	assert_true(is_current());
	touch_slot(0x0e); /* time of creation */
	assert_false(is_current());
	touch_slot(0x0e);
	bench_set_size(&bench.bench, bench.bench.kernel_slot,
		       BENCH_KERNEL_BYTES - 1);
	save();
	assert_false(is_current());
	bench_set_size(&bench.bench, bench.bench.kernel_slot,
		       BENCH_KERNEL_BYTES);
	bench_move_kernel(&bench.bench, 150);
	save();
	assert_false(is_current());
}

TEST(the_time_of_access_does_not_matter_and_is_taken_over)
{
	int64_t before = pbf_version_times(version).accessed.tv_sec;

	touch_slot(0x12);
	assert_true(is_current());
	assert_int_not_equal(pbf_version_times(version).accessed.tv_sec,
			     before);
}

/* --- Rule 2: the image is provably unchanged --- */

TEST(an_unchanged_image_is_not_read_again)
{
	fake_time_set_honest(true);
	fake_time_set_age(10);
	version_bench_seal(&bench, version);
	assert_true(is_current_unread());
}

TEST(an_image_without_honest_stamps_is_read_again)
{
	fake_time_set_age(10);
	version_bench_seal(&bench, version);
	assert_false(is_current_unread());
	assert_true(is_current());
}

TEST(an_image_sealed_under_a_stamp_not_settled_is_read_again)
{
	fake_time_set_honest(true);
	version_bench_seal(&bench, version);
	fake_time_set_age(10);
	assert_false(is_current_unread());
}

TEST(an_image_that_was_written_is_read_again)
{
	fake_time_set_honest(true);
	fake_time_set_age(10);
	version_bench_seal(&bench, version);
	save();
	assert_false(is_current_unread());
	assert_true(is_current());
}

TEST(an_image_that_was_swapped_is_read_again)
{
	fake_time_set_honest(true);
	fake_time_set_age(10);
	version_bench_seal(&bench, version);
	bench_replace(&bench.bench);
	assert_false(is_current_unread());
	assert_true(is_current());
}

TEST(a_content_read_again_is_proven_from_then_on)
{
	fake_time_set_honest(true);
	version_bench_seal(&bench, version);
	fake_time_set_age(10);
	assert_true(is_current());
	assert_true(is_current_unread());
}

TEST(a_content_read_again_too_early_is_not_proven)
{
	fake_time_set_honest(true);
	version_bench_seal(&bench, version);
	assert_true(is_current());
	fake_time_set_age(10);
	assert_false(is_current_unread());
}

/* --- Rule 3: the content, read again, is equal --- */

TEST(an_equal_content_is_current_and_its_times_are_taken_over)
{
	int64_t before = pbf_version_times(version).modified.tv_sec;

	version_bench_seal(&bench, version);
	touch_slot(0x16);
	assert_true(is_current());
	assert_int_not_equal(pbf_version_times(version).modified.tv_sec,
			     before);
}

TEST(an_equal_content_in_other_clusters_is_current)
{
	version_bench_seal(&bench, version);
	bench_move_kernel(&bench.bench, 150);
	save();
	assert_true(is_current());
}

TEST(another_content_is_not_current)
{
	int64_t before = pbf_version_times(version).modified.tv_sec;

	version_bench_seal(&bench, version);
	bench_write_kernel(&bench.bench, 2);
	touch_slot(0x16);
	assert_false(is_current());
	assert_int_equal(pbf_version_times(version).modified.tv_sec, before);
	bench_write_kernel(&bench.bench, 1);
	save();
	assert_true(is_current());
}

TEST(a_content_that_differs_in_its_last_byte_is_not_current)
{
	version_bench_seal(&bench, version);
	bench.bench.image->bytes[fat_cluster_at(bench.bench.image,
						BENCH_KERNEL_CLUSTER) +
				 BENCH_KERNEL_BYTES - 1] ^= 1;
	save();
	assert_false(is_current());
}

TEST(another_size_is_not_current)
{
	version_bench_seal(&bench, version);
	bench_set_size(&bench.bench, bench.bench.kernel_slot,
		       BENCH_KERNEL_BYTES - 1);
	save();
	assert_false(is_current());
}

TEST(a_broken_chain_is_not_current)
{
	version_bench_seal(&bench, version);
	fat_link(bench.bench.image, FAT_ALL, 40, 0);
	save();
	assert_false(is_current());
}

static void release_content(void)
{
	struct pbf_snapshot *other;

	assert_int_equal(
		pbf_snapshot_begin(bench.shared.store, 1u << 20, &other), 0);
	pbf_snapshot_unref(other);
}

TEST(a_released_content_is_compared_by_its_digest)
{
	version_bench_seal(&bench, version);
	assert_true(is_current()); /* which holds on to nothing */
	release_content();
	assert_true(is_current());
	bench_write_kernel(&bench.bench, 2);
	save();
	assert_false(is_current());
}

/* --- Given up --- */

TEST(a_version_given_up_is_never_current)
{
	fake_time_set_honest(true);
	fake_time_set_age(10);
	version_bench_seal(&bench, version);
	assert_true(is_current());
	pbf_version_kill(version, -EIO);
	assert_false(is_current());
}

TEST(a_version_given_up_while_it_is_compared_is_not_current)
{
	version_bench_seal(&bench, version);
	killed_by_read = true;
	assert_false(is_current());
}

TEST(a_fresh_version_given_up_is_never_current)
{
	assert_true(is_current());
	pbf_version_kill(version, -EIO);
	assert_false(is_current());
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_fresh_version_is_current_while_its_entry_is_the_same),
		CLAIM(a_fresh_version_does_not_survive_another_entry),
		CLAIM(the_time_of_access_does_not_matter_and_is_taken_over),
		CLAIM(an_unchanged_image_is_not_read_again),
		CLAIM(an_image_without_honest_stamps_is_read_again),
		CLAIM(an_image_sealed_under_a_stamp_not_settled_is_read_again),
		CLAIM(an_image_that_was_written_is_read_again),
		CLAIM(an_image_that_was_swapped_is_read_again),
		CLAIM(a_content_read_again_is_proven_from_then_on),
		CLAIM(a_content_read_again_too_early_is_not_proven),
		CLAIM(an_equal_content_is_current_and_its_times_are_taken_over),
		CLAIM(an_equal_content_in_other_clusters_is_current),
		CLAIM(another_content_is_not_current),
		CLAIM(a_content_that_differs_in_its_last_byte_is_not_current),
		CLAIM(another_size_is_not_current),
		CLAIM(a_broken_chain_is_not_current),
		CLAIM(a_released_content_is_compared_by_its_digest),
		CLAIM(a_version_given_up_is_never_current),
		CLAIM(a_version_given_up_while_it_is_compared_is_not_current),
		CLAIM(a_fresh_version_given_up_is_never_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
