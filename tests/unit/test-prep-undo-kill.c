/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing an image in place while the program is killed: before each of its
 * steps and in the middle of each of its writes, then again in the middle of
 * recovering from that; and at random times.
 */
#include "undo.h"
#include "undo_path.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "undo-bench.h"
#include "unit.h"

#define SIZE (64u << 10)
#define LARGER (80u << 10)
#define KILLS_THAT_HIT 100
#define KILLS_MAX 20000

static struct undo_bench bench;
static unsigned char old[LARGER], new[LARGER];
/*
 * Steps until the process is killed; 0: never.  A write is two steps: killed
 * in the second, half of it is done, and that half ends at a multiple of this.
 */
static unsigned int steps_left;
static size_t half_of;

static void step(void)
{
	if (steps_left > 0 && --steps_left == 0)
		raise(SIGKILL);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	step();
	if (steps_left == 1)
		syscall(SYS_pwrite64, fd, bytes, length / 2 / half_of * half_of,
			offset);
	step();
	return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

int ftruncate(int fd, off_t length)
{
	step();
	return (int)syscall(SYS_ftruncate, fd, length);
}

int fsync(int fd)
{
	step();
	return (int)syscall(SYS_fsync, fd);
}

int unlinkat(int directory_fd, const char *name, int flags)
{
	step();
	return (int)syscall(SYS_unlinkat, directory_fd, name, flags);
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
	step();
	return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

static int setup(void **state)
{
	(void)state;
	steps_left = 0;
	half_of = 1;
	undo_bench_make(&bench, old, SIZE);
	memcpy(new, old, sizeof(new));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	undo_bench_free(&bench);
	return 0;
}

static const struct {
	uint64_t offset, length;
} changes[] = {
	{ 512, 512 },	  { 4096, 10000 },	 { 40000, 1 },
	{ 60000, 10000 }, { LARGER - 700, 700 },
};
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static int apply(uint64_t new_size)
{
	_cleanup_undo_ struct undo *undo = NULL;
	_cleanup_ranges_ struct ranges ranges = { 0 };
	int error = undo_open(bench.path, &undo, NULL);

	for (size_t i = 0; i < CHANGES; i++)
		undo_bench_add(&bench, &ranges, changes[i].offset,
			       changes[i].length);
	return error < 0 ? error : undo_apply(undo, &ranges, new_size, NULL);
}

static int recover(void)
{
	_cleanup_undo_ struct undo *undo = NULL;
	enum undo_outcome outcome;
	int error = undo_open(bench.path, &undo, NULL);

	return error < 0 ? error : undo_recover(undo, false, &outcome, NULL);
}

/* Runs TASK, killed at a step.  Whether it was, or came to its end before. */
static bool is_killed(int (*task)(void), unsigned int at)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		steps_left = at;
		_exit(-task());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSIGNALED(status))
		assert_int_equal(status, 0);
	return WIFSIGNALED(status);
}

static int grow_and_change(void)
{
	return apply(LARGER);
}

static size_t read_image(unsigned char buffer[LARGER + 1])
{
	_cleanup_close_ int fd = open(bench.path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, buffer, LARGER + 1);

	assert_true(n > 0);
	return (size_t)n;
}

static bool image_is(const unsigned char *bytes, size_t size)
{
	unsigned char buffer[LARGER + 1];

	return read_image(buffer) == size && memcmp(buffer, bytes, size) == 0;
}

static void put_new_content(void)
{
	for (size_t i = 0; i < CHANGES; i++)
		memset(new + changes[i].offset, 'n', changes[i].length);
	undo_bench_set_content(&bench, new, LARGER);
}

/* Recovers, killed at each step in turn; returns after how many it was done. */
static unsigned int recover_under_fire(void)
{
	unsigned int at = 1;

	half_of = 512; /* only one write can be torn */
	while (is_killed(recover, at))
		at++;
	half_of = 1;
	return at;
}

TEST(an_image_is_as_before_or_as_wanted_whatever_step_is_the_last)
{
	unsigned int at, steps_of_recovery = 0;

	put_new_content();
	for (at = 1; is_killed(grow_and_change, at); at++) {
		steps_of_recovery += recover_under_fire();
		if (!image_is(old, SIZE) && !image_is(new, LARGER))
			fail_msg("after step %u the image is neither", at);
		assert_false(undo_is_pending(bench.path));
		scratch_write(&bench.scratch, "image", old, SIZE);
	}
	assert_true(image_is(new, LARGER));
	assert_false(undo_is_pending(bench.path));
	/* That there was something to be killed in. */
	assert_in_range(at, 50, 500);
	assert_in_range(steps_of_recovery, 200, 10000);
}

TEST(an_image_is_put_back_when_it_was_half_written)
{
	unsigned int half = 0;

	/* As above, to see that the cuts are where they hurt. */
	put_new_content();
	for (unsigned int at = 1; is_killed(grow_and_change, at); at++) {
		if (!image_is(old, SIZE) && !image_is(new, LARGER))
			half++;
		assert_int_equal(recover(), 0);
		scratch_write(&bench.scratch, "image", old, SIZE);
	}
	assert_in_range(half, 5, 100);
}

/* Changes the image to and fro until it is killed, and tells of each time. */
static void change_for_ever(int told_fd)
{
	for (unsigned int i = 0;; i++) {
		undo_bench_set_content(&bench, i % 2 ? old : new, LARGER);
		if (apply(0) < 0 || write(told_fd, "", 1) != 1)
			_exit(1);
	}
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Waits until the child has made that many changes; how long one took. */
static int64_t await_changes(int told_fd, long changes_wanted)
{
	int64_t start_ns = now_ns();

	for (long i = 0; i < changes_wanted; i++) {
		char byte;

		assert_int_equal(read(told_fd, &byte, 1), 1);
	}
	return (now_ns() - start_ns) / changes_wanted;
}

/*
 * Kills a child while it changes the image.  It has made some changes by then,
 * however slow the machine is, and is some part of one further.
 */
static void kill_at_random(void)
{
	struct timespec pause = { 0 };
	int64_t pause_ns;
	int told[2], status;
	pid_t child;

	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	child = fork();
	if (child == 0)
		change_for_ever(told[1]);
	close(told[1]);
	pause_ns = await_changes(told[0], 1 + random() % 3) *
		   (random() % 1000) / 1000;
	pause.tv_sec = pause_ns / 1000000000;
	pause.tv_nsec = pause_ns % 1000000000;
	nanosleep(&pause, NULL);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	close(told[0]);
}

TEST(an_image_is_one_or_the_other_whenever_a_program_is_killed)
{
	unsigned int pending = 0, olds = 0, news = 0;

	put_new_content();
	scratch_truncate(&bench.scratch, "image", LARGER);
	srandom(1);
	/* Until enough of them were in the middle of something. */
	for (int i = 0; i < KILLS_MAX; i++) {
		kill_at_random();
		pending += undo_is_pending(bench.path);
		assert_int_equal(recover(), 0);
		assert_false(undo_is_pending(bench.path));
		if (image_is(old, LARGER))
			olds++;
		else if (image_is(new, LARGER))
			news++;
		else
			fail_msg("after kill %d the image is neither", i);
		if (pending >= KILLS_THAT_HIT && olds > 0 && news > 0)
			break;
	}
	assert_in_range(pending, KILLS_THAT_HIT, KILLS_MAX);
	assert_in_range(olds, 1, KILLS_MAX);
	assert_in_range(news, 1, KILLS_MAX);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(an_image_is_as_before_or_as_wanted_whatever_step_is_the_last),
		CLAIM(an_image_is_put_back_when_it_was_half_written),
		CLAIM(an_image_is_one_or_the_other_whenever_a_program_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
