/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of what a killed program left behind. */
#include "undo.h"
#include "undo_path.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "undo-bench.h"
#include "unit.h"

#define SIZE 20000u

static struct undo_bench bench;
static unsigned char old[SIZE], new[SIZE];
static int image_fd;
static int last_write; /* of the image: killed before it; 0: live on */
static bool is_broken; /* the image cannot be written */

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	if (fd == image_fd && last_write > 0 && --last_write == 0)
		raise(SIGKILL);
	if (fd == image_fd && is_broken) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

static int setup(void **state)
{
	(void)state;
	is_broken = false;
	last_write = 0;
	image_fd = -1;
	undo_bench_make(&bench, old, SIZE);
	memset(new, 'n', sizeof(new));
	undo_bench_set_content(&bench, new, SIZE);
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

/* Has a program killed between two ranges that it changes. */
static void leave_half_changed(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct undo *undo = open_image();
		struct ranges ranges = { 0 };

		undo_bench_add(&bench, &ranges, 512, 1024);
		undo_bench_add(&bench, &ranges, 15000, 600);
		last_write = 2;
		_exit(undo_apply(undo, &ranges, 0, NULL) + 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_true(undo_is_pending(bench.path));
}

static void assert_old(void)
{
	unsigned char found[SIZE + 1];
	_cleanup_close_ int fd = open(bench.path, O_RDONLY | O_CLOEXEC);

	assert_int_equal(read(fd, found, sizeof(found)), SIZE);
	assert_memory_equal(found, old, SIZE);
}

/* As another program that writes to the image. */
static void write_byte(off_t offset)
{
	_cleanup_close_ int fd = open(bench.path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(syscall(SYS_pwrite64, fd, "x", 1, offset), 1);
}

static void assert_recovers(enum undo_outcome expected)
{
	_cleanup_undo_ struct undo *undo = open_image();
	enum undo_outcome outcome;

	assert_int_equal(undo_recover(undo, false, &outcome, NULL), 0);
	assert_int_equal(outcome, expected);
	assert_false(undo_is_pending(bench.path));
}

static void assert_not_recovered(bool force, int error, uint64_t offset,
				 const char *words)
{
	_cleanup_undo_ struct undo *undo = open_image();
	enum undo_outcome outcome;
	struct pbf_reason why;

	assert_int_equal(undo_recover(undo, force, &outcome, &why), error);
	assert_reason(why, offset, words);
	assert_true(undo_is_pending(bench.path));
}

TEST(nothing_to_recover_is_no_error)
{
	assert_recovers(UNDO_NONE);
	assert_old();
}

TEST(an_undo_file_that_is_not_complete_is_dropped)
{
	scratch_touch(&bench.scratch, "image.undo");
	assert_recovers(UNDO_DROPPED);
	scratch_write(&bench.scratch, "image.undo", "PBFU", 4);
	assert_recovers(UNDO_DROPPED);
	scratch_write(&bench.scratch, "image.undo", "\0\0\0\0\0\0\0\0\0", 9);
	assert_recovers(UNDO_DROPPED);
	assert_old();
}

TEST(a_half_changed_image_is_put_back)
{
	unsigned char found[1024];
	_cleanup_close_ int fd = -1;

	leave_half_changed();
	fd = open(bench.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, found, 1024, 512), 1024);
	assert_memory_equal(found, new, 1024);
	assert_recovers(UNDO_RESTORED);
	assert_old();
}

TEST(what_cannot_be_put_back_now_can_be_later)
{
	leave_half_changed();
	is_broken = true;
	assert_not_recovered(false, -EIO, 512, "cannot be put back");
	is_broken = false;
	assert_recovers(UNDO_RESTORED);
	assert_old();
}

TEST(an_undo_file_of_another_image_is_not_used)
{
	unsigned char other[SIZE];

	leave_half_changed();
	memcpy(other, old, SIZE);
	other[600] ^= 0xff; /* the other range has the old bytes */
	scratch_write(&bench.scratch, "other", other, SIZE);
	scratch_rename(&bench.scratch, "other", "image");
	assert_not_recovered(false, -ESTALE, PBF_REASON_NO_OFFSET,
			     "of another image");
	assert_not_recovered(true, -ESTALE, PBF_REASON_NO_OFFSET,
			     "of another image");
}

TEST(a_copy_of_image_and_undo_file_is_put_back)
{
	unsigned char half[SIZE];
	_cleanup_close_ int fd = -1;

	leave_half_changed();
	fd = open(bench.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, half, SIZE), SIZE);
	scratch_write(&bench.scratch, "copy", half, SIZE);
	scratch_rename(&bench.scratch, "copy", "image");
	assert_recovers(UNDO_RESTORED);
	assert_old();
}

TEST(an_image_of_another_size_is_another_image)
{
	leave_half_changed();
	scratch_truncate(&bench.scratch, "image", SIZE + 1);
	assert_not_recovered(false, -ESTALE, PBF_REASON_NO_OFFSET,
			     "of another image");
	scratch_truncate(&bench.scratch, "image", SIZE);
	assert_recovers(UNDO_RESTORED);
}

TEST(an_image_that_somebody_else_changed_is_put_back_only_by_force)
{
	_cleanup_undo_ struct undo *undo = NULL;
	enum undo_outcome outcome;

	leave_half_changed();
	write_byte(600);
	write_byte(15100);
	assert_not_recovered(false, -ESTALE, 15000, "somebody else");
	undo = open_image();
	assert_int_equal(undo_recover(undo, true, &outcome, NULL), 0);
	assert_int_equal(outcome, UNDO_RESTORED);
	assert_old();
}

/* As it does when the kill comes in the middle of it. */
TEST(one_write_may_have_been_cut_short)
{
	leave_half_changed();
	write_byte(600);
	assert_recovers(UNDO_RESTORED);
	assert_old();
}

TEST(what_somebody_else_wrote_elsewhere_stays)
{
	leave_half_changed();
	write_byte(100);
	old[100] = 'x';
	assert_recovers(UNDO_RESTORED);
	assert_old();
}

TEST(a_file_that_happens_to_have_that_name_is_left_alone)
{
	scratch_write(&bench.scratch, "image.undo", "my own notes", 12);
	assert_not_recovered(false, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
			     "is something else");
	scratch_unlink(&bench.scratch, "image.undo");
	scratch_link(&bench.scratch, "image", "image.undo");
	assert_not_recovered(false, -ELOOP, PBF_REASON_NO_OFFSET,
			     "cannot be opened");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(nothing_to_recover_is_no_error),
		CLAIM(an_undo_file_that_is_not_complete_is_dropped),
		CLAIM(a_half_changed_image_is_put_back),
		CLAIM(what_cannot_be_put_back_now_can_be_later),
		CLAIM(an_undo_file_of_another_image_is_not_used),
		CLAIM(a_copy_of_image_and_undo_file_is_put_back),
		CLAIM(an_image_of_another_size_is_another_image),
		CLAIM(an_image_that_somebody_else_changed_is_put_back_only_by_force),
		CLAIM(one_write_may_have_been_cut_short),
		CLAIM(what_somebody_else_wrote_elsewhere_stays),
		CLAIM(a_file_that_happens_to_have_that_name_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
