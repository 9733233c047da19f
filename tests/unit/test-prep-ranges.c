/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges, and the reading and writing beneath them (fd_io.h). */
#include "ranges.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd_io.h"
#include "scratch.h"
#include "unit.h"

static struct scratch scratch;
static int image_fd, content_fd;

/* What becomes of reads and writes. */
static struct {
	int interruptions; /* still to come */
	size_t at_most;	   /* 0: all */
	off_t fail_at;	   /* 0: never */
} calls;

static bool is_failing(off_t offset)
{
	if (calls.interruptions > 0) {
		calls.interruptions--;
		errno = EINTR;
		return true;
	}
	if (calls.fail_at != 0 && offset >= calls.fail_at) {
		errno = EIO;
		return true;
	}
	return false;
}

ssize_t pread(int fd, void *buffer, size_t length, off_t offset)
{
	if (is_failing(offset))
		return -1;
	if (calls.at_most != 0 && length > calls.at_most)
		length = calls.at_most;
	return syscall(SYS_pread64, fd, buffer, length, offset);
}

ssize_t pwrite(int fd, const void *buffer, size_t length, off_t offset)
{
	if (is_failing(offset))
		return -1;
	if (calls.at_most != 0 && length > calls.at_most)
		length = calls.at_most;
	return syscall(SYS_pwrite64, fd, buffer, length, offset);
}

static int setup(void **state)
{
	(void)state;
	memset(&calls, 0, sizeof(calls));
	scratch_make(&scratch);
	scratch_write(&scratch, "image", "0123456789", 10);
	scratch_write(&scratch, "content", "abcdefghij", 10);
	image_fd = openat(scratch.fd, "image", O_RDWR | O_CLOEXEC);
	content_fd = openat(scratch.fd, "content", O_RDONLY | O_CLOEXEC);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(image_fd);
	close(content_fd);
	scratch_remove(&scratch);
	return 0;
}

static void assert_image(const char *expected)
{
	char text[32] = "";

	assert_true(syscall(SYS_pread64, image_fd, text, 31, 0) >= 0);
	assert_string_equal(text, expected);
}

TEST(reading_goes_on_until_all_is_read)
{
	char text[11] = "";

	calls.at_most = 3;
	calls.interruptions = 2;
	assert_int_equal(fd_read_at(image_fd, 0, text, 10), 0);
	assert_string_equal(text, "0123456789");
}

TEST(reading_beyond_the_end_is_an_error)
{
	char text[11];

	assert_int_equal(fd_read_at(image_fd, 5, text, 5), 0);
	assert_int_equal(fd_read_at(image_fd, 5, text, 6), -ENODATA);
	assert_int_equal(fd_read_at(image_fd, 10, text, 0), 0);
}

TEST(writing_goes_on_until_all_is_written)
{
	calls.at_most = 3;
	calls.interruptions = 2;
	assert_int_equal(fd_write_at(image_fd, 2, "ABCDEFG", 7), 0);
	assert_image("01ABCDEFG9");
}

TEST(errors_of_reading_and_writing_come_through)
{
	char text[4];

	calls.fail_at = 6;
	assert_int_equal(fd_read_at(image_fd, 2, text, 4), 0);
	assert_int_equal(fd_read_at(image_fd, 6, text, 4), -EIO);
	assert_int_equal(fd_write_at(image_fd, 6, text, 4), -EIO);
	assert_image("0123456789");
}

static void add(struct ranges *ranges, uint64_t offset, uint64_t length,
		uint64_t content_offset)
{
	const struct range range = {
		.offset_bytes = offset,
		.length_bytes = length,
		.content_fd = content_fd,
		.content_offset_bytes = content_offset,
	};

	assert_int_equal(ranges_add(ranges, &range), 0);
}

TEST(ranges_are_written_where_they_belong)
{
	_cleanup_ranges_ struct ranges ranges = { 0 };

	add(&ranges, 8, 2, 0);
	add(&ranges, 1, 3, 5);
	assert_int_equal(ranges_write(&ranges, image_fd, NULL), 0);
	assert_image("0fgh4567ab");
}

TEST(there_can_be_many_ranges)
{
	_cleanup_ranges_ struct ranges ranges = { 0 };

	for (uint64_t i = 1000; i > 0; i--)
		add(&ranges, i, 1, 0);
	assert_int_equal(ranges.count, 1000);
	assert_int_equal(ranges_sort(&ranges, 1001, NULL), 0);
	for (size_t i = 0; i < ranges.count; i++)
		assert_int_equal(ranges.items[i].offset_bytes, i + 1);
	ranges_clear(&ranges);
	assert_int_equal(ranges.count, 0);
}

TEST(ranges_may_touch_but_not_overlap)
{
	_cleanup_ranges_ struct ranges ranges = { 0 };
	struct pbf_reason why;

	add(&ranges, 4, 2, 0);
	add(&ranges, 0, 4, 0);
	assert_int_equal(ranges_sort(&ranges, 10, NULL), 0);
	add(&ranges, 5, 2, 0);
	assert_int_equal(ranges_sort(&ranges, 10, &why), -EINVAL);
	assert_reason(why, 5, "overlap");
}

TEST(ranges_end_where_the_image_ends)
{
	_cleanup_ranges_ struct ranges ranges = { 0 };
	struct pbf_reason why;

	assert_int_equal(ranges_sort(&ranges, 0, NULL), 0);
	add(&ranges, 4, 6, 0);
	assert_int_equal(ranges_sort(&ranges, 10, NULL), 0);
	assert_int_equal(ranges_sort(&ranges, 9, &why), -EINVAL);
	assert_reason(why, 4, "beyond the end");
	ranges.items[0].length_bytes = UINT64_MAX;
	assert_int_equal(ranges_sort(&ranges, 10, &why), -EINVAL);
}

TEST(what_cannot_be_read_or_written_says_where)
{
	_cleanup_ranges_ struct ranges ranges = { 0 };
	struct pbf_reason why;

	add(&ranges, 7, 2, 0);
	calls.fail_at = 7;
	assert_int_equal(ranges_write(&ranges, image_fd, &why), -EIO);
	assert_reason(why, 7, "writing to the image failed");
	calls.fail_at = 0;
	ranges.items[0].content_offset_bytes = 9;
	assert_int_equal(ranges_write(&ranges, image_fd, &why), -ENODATA);
	assert_reason(why, 7, "new content cannot be read");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(reading_goes_on_until_all_is_read),
		CLAIM(reading_beyond_the_end_is_an_error),
		CLAIM(writing_goes_on_until_all_is_written),
		CLAIM(errors_of_reading_and_writing_come_through),
		CLAIM(ranges_are_written_where_they_belong),
		CLAIM(there_can_be_many_ranges),
		CLAIM(ranges_may_touch_but_not_overlap),
		CLAIM(ranges_end_where_the_image_ends),
		CLAIM(what_cannot_be_read_or_written_says_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
