/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What changing an image in place does and refuses.  That it is all or nothing
 * is in test-prep-undo-kill.c and test-prep-undo-power.c, what becomes of the
 * rest in test-prep-undo-recover.c.
 */
#include "undo.h"
#include "undo_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "undo-bench.h"
#include "unit.h"

#define SIZE 20000u
#define LARGER 30000u

static struct undo_bench bench;
static unsigned char old[SIZE], new[LARGER];

/* What the disk refuses. */
static struct {
	bool no_fallocate, full;
	/* Writes to the image: what they fail with from an offset on, ... */
	int error;
	off_t error_from;
	/* ... and which of them, counted from 1, fail with EIO. */
	int writes, first_failing, last_failing;
} disk;
static int image_fd;

int fallocate(int fd, int mode, off_t offset, off_t length)
{
	(void)fd;
	(void)mode;
	(void)offset;
	(void)length;
	if (!disk.no_fallocate && !disk.full)
		return 0;
	errno = disk.full ? ENOSPC : EOPNOTSUPP;
	return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	if (fd == image_fd) {
		int error = offset >= disk.error_from ? disk.error : 0;

		disk.writes++;
		if (disk.writes >= disk.first_failing &&
		    disk.writes <= disk.last_failing)
			error = EIO;
		if (error != 0) {
			errno = error;
			return -1;
		}
	}
	return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

static int setup(void **state)
{
	(void)state;
	memset(&disk, 0, sizeof(disk));
	image_fd = -1;
	undo_bench_make(&bench, old, SIZE);
	memset(new, 'n', sizeof(new));
	undo_bench_set_content(&bench, new, LARGER);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	undo_bench_free(&bench);
	return 0;
}

static struct undo *open_image(void)
{
	struct undo *undo;

	assert_int_equal(undo_open(bench.path, &undo, NULL), 0);
	image_fd = undo_fd(undo);
	return undo;
}

/* That the image is the old one but for this range. */
static void assert_image(size_t offset, size_t length, size_t size)
{
	static unsigned char expected[LARGER], found[LARGER + 1];
	_cleanup_close_ int fd = open(bench.path, O_RDONLY | O_CLOEXEC);

	memset(expected, 0, sizeof(expected));
	memcpy(expected, old, SIZE);
	memset(expected + offset, 'n', length);
	assert_int_equal(read(fd, found, sizeof(found)), size);
	assert_memory_equal(found, expected, size);
}

static void assert_recovers(enum undo_outcome expected)
{
	_cleanup_undo_ struct undo *undo = open_image();
	enum undo_outcome outcome;

	assert_int_equal(undo_recover(undo, false, &outcome, NULL), 0);
	assert_int_equal(outcome, expected);
	assert_false(undo_is_pending(bench.path));
}

/* Changes two ranges, far from and near to the end. */
static int apply(uint64_t new_size, struct pbf_reason *why)
{
	_cleanup_undo_ struct undo *undo = open_image();
	_cleanup_ranges_ struct ranges ranges = { 0 };

	undo_bench_add(&bench, &ranges, 15000, 600);
	undo_bench_add(&bench, &ranges, 512, 1024);
	return undo_apply(undo, &ranges, new_size, why);
}

TEST(ranges_are_written_and_nothing_is_left_behind)
{
	_cleanup_undo_ struct undo *undo = open_image();
	_cleanup_ranges_ struct ranges ranges = { 0 };

	undo_bench_add(&bench, &ranges, 1000, 3000);
	assert_int_equal(undo_apply(undo, &ranges, 0, NULL), 0);
	assert_image(1000, 3000, SIZE);
	assert_false(undo_is_pending(bench.path));
}

TEST(what_is_done_can_be_undone)
{
	_cleanup_undo_ struct undo *undo = open_image();
	_cleanup_ranges_ struct ranges ranges = { 0 };

	assert_int_equal(undo_revert(undo, NULL), 0);
	undo_bench_add(&bench, &ranges, 19000, 3000);
	undo_bench_add(&bench, &ranges, 512, 1024);
	assert_int_equal(undo_apply(undo, &ranges, LARGER, NULL), 0);
	assert_int_equal(undo_revert(undo, NULL), 0);
	assert_image(0, 0, SIZE);
	assert_false(undo_is_pending(bench.path));
}

TEST(what_is_done_can_be_undone_where_there_is_no_room_for_an_undo_file)
{
	_cleanup_undo_ struct undo *undo = open_image();
	_cleanup_ranges_ struct ranges ranges = { 0 };

	undo_bench_add(&bench, &ranges, 512, 1024);
	assert_int_equal(undo_apply(undo, &ranges, 0, NULL), 0);
	scratch_mkdir(&bench.scratch, "image.undo");
	assert_int_equal(undo_revert(undo, NULL), 0);
	assert_image(0, 0, SIZE);
}

TEST(what_others_write_to_an_image_is_noticed)
{
	_cleanup_undo_ struct undo *undo = open_image();
	_cleanup_close_ int fd = open(bench.path, O_WRONLY | O_CLOEXEC);
	struct pbf_reason why;

	assert_int_equal(undo_check_unchanged(undo, NULL), 0);
	/* Time stamps have the resolution of the timer's ticks. */
	usleep(20000);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(undo_check_unchanged(undo, &why), -ESTALE);
	assert_reason(why, PBF_REASON_NO_OFFSET, "somebody else");
}

TEST(an_image_can_grow)
{
	_cleanup_undo_ struct undo *undo = open_image();
	_cleanup_ranges_ struct ranges ranges = { 0 };

	undo_bench_add(&bench, &ranges, 19000, 3000);
	assert_int_equal(undo_apply(undo, &ranges, LARGER, NULL), 0);
	assert_image(19000, 3000, LARGER);
}

TEST(an_image_can_grow_by_a_hole)
{
	_cleanup_undo_ struct undo *undo = open_image();
	struct ranges none = { 0 };

	assert_int_equal(undo_apply(undo, &none, LARGER, NULL), 0);
	assert_image(0, 0, LARGER);
}

TEST(no_change_is_no_change)
{
	_cleanup_undo_ struct undo *undo = open_image();
	struct ranges none = { 0 };

	/* Not even an undo file: there may be no space for one. */
	scratch_mkdir(&bench.scratch, "image.undo");
	assert_int_equal(undo_apply(undo, &none, 0, NULL), 0);
	assert_int_equal(undo_apply(undo, &none, SIZE, NULL), 0);
	assert_image(0, 0, SIZE);
}

TEST(an_image_never_shrinks)
{
	_cleanup_undo_ struct undo *undo = open_image();
	struct ranges none = { 0 };
	struct pbf_reason why;

	assert_int_equal(undo_apply(undo, &none, SIZE - 1, &why), -EINVAL);
	assert_reason(why, PBF_REASON_NO_OFFSET, "never made smaller");
	assert_image(0, 0, SIZE);
}

TEST(a_range_beyond_the_end_is_refused)
{
	_cleanup_undo_ struct undo *undo = open_image();
	_cleanup_ranges_ struct ranges ranges = { 0 };
	struct pbf_reason why;

	undo_bench_add(&bench, &ranges, SIZE - 10, 11);
	assert_int_equal(undo_apply(undo, &ranges, 0, &why), -EINVAL);
	assert_reason(why, SIZE - 10, "beyond the end");
	assert_image(0, 0, SIZE);
}

TEST(a_link_leads_to_the_image_and_its_undo_file)
{
	_cleanup_undo_ struct undo *undo = NULL;

	scratch_link(&bench.scratch, "image", "link");
	snprintf(bench.path, sizeof(bench.path), "%s/link", bench.scratch.path);
	assert_false(undo_is_pending(bench.path));
	scratch_touch(&bench.scratch, "image.undo");
	assert_true(undo_is_pending(bench.path));
	undo = open_image();
	snprintf(bench.path, sizeof(bench.path), "%s/image",
		 bench.scratch.path);
	assert_string_equal(undo_image_path(undo), bench.path);
}

static void assert_not_opened(int error, const char *words)
{
	struct undo *undo = NULL;
	struct pbf_reason why;

	assert_int_equal(undo_open(bench.path, &undo, &why), error);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
	assert_null(undo);
}

TEST(an_image_is_changed_by_one_at_a_time)
{
	struct undo *undo = open_image();

	assert_not_opened(-EBUSY, "locked by another program");
	undo_close(undo);
	undo_close(open_image());
	undo_close(NULL);
}

TEST(only_regular_files_can_be_changed)
{
	snprintf(bench.path, sizeof(bench.path), "/dev/null");
	assert_not_opened(-EOPNOTSUPP, "no regular file");
	snprintf(bench.path, sizeof(bench.path), "%s", bench.scratch.path);
	assert_not_opened(-EISDIR, "Is a directory");
	snprintf(bench.path, sizeof(bench.path), "%s/none", bench.scratch.path);
	assert_not_opened(-ENOENT, "cannot be found");
	assert_false(undo_is_pending(bench.path));
}

TEST(a_full_disk_is_noticed_before_anything_is_changed)
{
	struct pbf_reason why;

	disk.full = true;
	assert_int_equal(apply(0, &why), -ENOSPC);
	assert_reason(why, 512, "no space to write 1024 bytes");
	assert_image(0, 0, SIZE);
	assert_false(undo_is_pending(bench.path));
}

TEST(a_file_system_that_cannot_reserve_will_do)
{
	disk.no_fallocate = true;
	assert_int_equal(apply(0, NULL), 0);
	assert_false(undo_is_pending(bench.path));
}

TEST(a_write_that_fails_is_rolled_back)
{
	struct pbf_reason why;

	for (int i = 1; i <= 2; i++) {
		disk.writes = 0;
		disk.first_failing = disk.last_failing = i;
		assert_int_equal(apply(LARGER, &why), -EIO);
		assert_reason(why, i == 1 ? 512 : 15000,
			      "writing to the image failed");
		assert_image(0, 0, SIZE);
		assert_false(undo_is_pending(bench.path));
	}
}

/* No space for new bytes is none for old ones, which are there already. */
TEST(a_disk_that_becomes_full_is_rolled_back)
{
	const int errors[] = { ENOSPC, EDQUOT, EFBIG };
	struct pbf_reason why;

	disk.no_fallocate = true;
	disk.error_from = 15000;
	for (size_t i = 0; i < 3; i++) {
		disk.error = errors[i];
		assert_int_equal(apply(0, &why), -errors[i]);
		assert_reason(why, 15000, "writing to the image failed");
		assert_image(0, 0, SIZE);
		assert_false(undo_is_pending(bench.path));
	}
}

TEST(what_cannot_be_rolled_back_is_said_to_be_half_changed)
{
	struct pbf_reason why;

	disk.first_failing = 2;
	disk.last_failing = 9;
	assert_int_equal(apply(0, &why), -EIO);
	assert_reason(why, PBF_REASON_NO_OFFSET, "half changed");
	assert_image(512, 1024, SIZE);
	assert_true(undo_is_pending(bench.path));
	disk.last_failing = 0;
	assert_int_equal(apply(0, &why), -EEXIST);
	assert_reason(why, PBF_REASON_NO_OFFSET, "undone first");
	assert_recovers(UNDO_RESTORED);
	assert_image(0, 0, SIZE);
	assert_int_equal(apply(0, NULL), 0);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(ranges_are_written_and_nothing_is_left_behind),
		CLAIM(what_is_done_can_be_undone),
		CLAIM(what_is_done_can_be_undone_where_there_is_no_room_for_an_undo_file),
		CLAIM(what_others_write_to_an_image_is_noticed),
		CLAIM(an_image_can_grow),
		CLAIM(an_image_can_grow_by_a_hole),
		CLAIM(no_change_is_no_change),
		CLAIM(an_image_never_shrinks),
		CLAIM(a_range_beyond_the_end_is_refused),
		CLAIM(a_link_leads_to_the_image_and_its_undo_file),
		CLAIM(an_image_is_changed_by_one_at_a_time),
		CLAIM(only_regular_files_can_be_changed),
		CLAIM(a_full_disk_is_noticed_before_anything_is_changed),
		CLAIM(a_file_system_that_cannot_reserve_will_do),
		CLAIM(a_write_that_fails_is_rolled_back),
		CLAIM(a_disk_that_becomes_full_is_rolled_back),
		CLAIM(what_cannot_be_rolled_back_is_said_to_be_half_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
