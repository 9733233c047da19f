/* SPDX-License-Identifier: BSD-2-Clause */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scratch.h"
#include "unit.h"

#define SIZE 10000u

static struct scratch scratch;

/* What becomes of reads: their errors, one by one, and how much each gives. */
static struct {
	int errors[4]; /* 0: none */
	size_t done;
	size_t at_most; /* 0: all */
} reads;

ssize_t pread(int fd, void *buffer, size_t length, off_t offset)
{
	int error = reads.done < 4 ? reads.errors[reads.done] : 0;

	reads.done++;
	if (error != 0) {
		errno = error;
		return -1;
	}
	if (reads.at_most != 0 && length > reads.at_most)
		length = reads.at_most;
	return syscall(SYS_pread64, fd, buffer, length, offset);
}

static unsigned char content[SIZE];

static int setup(void **state)
{
	(void)state;
	memset(&reads, 0, sizeof(reads));
	for (size_t i = 0; i < SIZE; i++)
		content[i] = (unsigned char)(i % 251);
	scratch_make(&scratch);
	scratch_write(&scratch, "image", content, SIZE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static struct pbf_image *open_image(const char *name)
{
	struct pbf_image *image;

	assert_int_equal(pbf_image_open(scratch.fd, name, &image, NULL), 0);
	return image;
}

static void assert_reads(struct pbf_image *image, uint64_t offset,
			 size_t length)
{
	unsigned char buffer[SIZE];

	assert_int_equal(pbf_image_read(image, offset, buffer, length, NULL),
			 0);
	assert_memory_equal(buffer, content + offset, length);
}

TEST(a_file_is_an_image_of_its_size)
{
	_cleanup_image_ struct pbf_image *image = open_image("image");

	assert_int_equal(pbf_image_size_bytes(image), SIZE);
	assert_int_equal(pbf_image_sector_bytes(image), 0);
}

TEST(an_image_keeps_the_stamp_it_was_opened_with)
{
	_cleanup_image_ struct pbf_image *image = open_image("image");
	struct pbf_stamp stamp;

	assert_int_equal(pbf_stamp_of_path(scratch.fd, "image", &stamp), 0);
	assert_true(pbf_stamp_equal(&stamp, pbf_image_stamp(image)));
	scratch_truncate(&scratch, "image", 1);
	assert_int_equal(pbf_image_stamp(image)->size_bytes, SIZE);
}

TEST(links_are_followed)
{
	_cleanup_image_ struct pbf_image *image = NULL;

	scratch_link(&scratch, "image", "link");
	image = open_image("link");
	assert_reads(image, 0, SIZE);
}

TEST(any_bytes_can_be_read)
{
	_cleanup_image_ struct pbf_image *image = open_image("image");

	assert_reads(image, 0, 1);
	assert_reads(image, 511, 2);
	assert_reads(image, 4095, 5000);
	assert_reads(image, SIZE - 1, 1);
	assert_reads(image, SIZE, 0);
}

static void assert_read_fails(struct pbf_image *image, uint64_t offset,
			      size_t length, int error, const char *words)
{
	unsigned char buffer[SIZE];
	struct pbf_reason why = { .text = "" };

	assert_int_equal(pbf_image_read(image, offset, buffer, length, &why),
			 error);
	assert_reason(why, offset, words);
}

TEST(nothing_is_read_beyond_the_end)
{
	_cleanup_image_ struct pbf_image *image = open_image("image");

	assert_read_fails(image, SIZE - 1, 2, -EIO, "beyond the end");
	assert_read_fails(image, SIZE, 1, -EIO, "10000 bytes");
	assert_read_fails(image, UINT64_MAX, 2, -EIO, "beyond the end");
	assert_read_fails(image, UINT64_MAX - 1, 1, -EIO, "beyond the end");
}

TEST(an_image_that_is_truncated_while_open_says_where)
{
	_cleanup_image_ struct pbf_image *image = open_image("image");
	unsigned char buffer[SIZE];
	struct pbf_reason why;

	scratch_truncate(&scratch, "image", 5000);
	assert_reads(image, 4000, 1000);
	assert_int_equal(pbf_image_read(image, 4000, buffer, 2000, &why), -EIO);
	assert_reason(why, 5000, "was truncated here");
}

TEST(reading_gives_up_when_its_time_is_over)
{
	_cleanup_image_ struct pbf_image *image = open_image("image");

	pbf_image_give_up_at(image, pbf_monotonic_ms() + 3600000);
	assert_reads(image, 0, SIZE);
	pbf_image_give_up_at(image, pbf_monotonic_ms() - 1);
	assert_read_fails(image, 7, 1, -ETIMEDOUT, "took too long");
	pbf_image_give_up_at(image, 0);
	assert_reads(image, 7, 1);
}

TEST(storage_that_fails_says_where)
{
	_cleanup_image_ struct pbf_image *image = open_image("image");

	unsigned char buffer[SIZE];
	struct pbf_reason why;

	reads.at_most = 1000;
	reads.errors[2] = EIO;
	assert_int_equal(pbf_image_read(image, 7, buffer, 5000, &why), -EIO);
	assert_reason(why, 2007, "Input/output error");
	assert_reads(image, 7, 5000);
}

TEST(a_read_that_is_interrupted_goes_on)
{
	_cleanup_image_ struct pbf_image *image = open_image("image");

	reads.errors[0] = EINTR;
	reads.errors[1] = EINTR;
	assert_reads(image, 7, 10);
	assert_int_equal(reads.done, 3);
}

TEST(a_read_that_gives_less_goes_on)
{
	_cleanup_image_ struct pbf_image *image = open_image("image");
	unsigned char buffer[SIZE];
	struct pbf_reason why;

	reads.at_most = 1000;
	assert_reads(image, 7, 2500);
	reads.at_most = 0;
	scratch_truncate(&scratch, "image", 5000);
	assert_int_equal(pbf_image_read(image, 1000, buffer, 8000, &why), -EIO);
	assert_reason(why, 5000, "was truncated here");
}

static void assert_not_opened(const char *name, int error, const char *words)
{
	struct pbf_image *image = NULL;
	struct pbf_reason why = { .text = "" };

	assert_int_equal(pbf_image_open(scratch.fd, name, &image, &why), error);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
	assert_null(image);
}

TEST(what_is_not_there_cannot_be_opened)
{
	assert_not_opened("none", -ENOENT, "No such file");
	scratch_link(&scratch, "none", "dangling");
	assert_not_opened("dangling", -ENOENT, "No such file");
}

TEST(what_has_no_bytes_in_places_is_no_image)
{
	scratch_mkdir(&scratch, "directory");
	assert_not_opened("directory", -EOPNOTSUPP, "neither a regular file");
	assert_not_opened("/dev/null", -EOPNOTSUPP, "neither a regular file");
}

TEST(a_pipe_is_refused_without_waiting_for_a_writer)
{
	assert_int_equal(mkfifoat(scratch.fd, "pipe", 0600), 0);
	assert_not_opened("pipe", -EOPNOTSUPP, "neither a regular file");
}

TEST(an_empty_file_is_an_image_of_no_bytes)
{
	_cleanup_image_ struct pbf_image *image = NULL;

	scratch_touch(&scratch, "empty");
	image = open_image("empty");
	assert_int_equal(pbf_image_size_bytes(image), 0);
	assert_read_fails(image, 0, 1, -EIO, "has 0 bytes");
}

TEST(freeing_nothing_is_allowed)
{
	pbf_image_free(NULL);
}

/* A loop device over the file NAME; -1 when there are none here. */
static int make_loop(const char *name, char ret_path[32])
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	int device, file;

	if (control >= 0)
		close(control);
	if (number < 0)
		return -1;
	snprintf(ret_path, 32, "/dev/loop%d", number);
	device = open(ret_path, O_RDWR | O_CLOEXEC);
	file = openat(scratch.fd, name, O_RDWR | O_CLOEXEC);
	if (device < 0 || ioctl(device, LOOP_SET_FD, file) < 0) {
		close(device);
		device = -1;
	}
	close(file);
	return device;
}

TEST(a_block_device_is_read_at_any_bytes_and_up_to_its_end)
{
	static unsigned char large[(2u << 20) + 512], buffer[sizeof(large)];
	struct pbf_image *image = NULL;
	char path[32];
	int device;

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (unsigned char)(i * 7 % 253);
	scratch_write(&scratch, "disk", large, sizeof(large));
	device = make_loop("disk", path);
	if (device < 0) {
		print_message("no loop devices here\n");
		skip();
	}
	assert_int_equal(pbf_image_open(AT_FDCWD, path, &image, NULL), 0);
	ioctl(device, LOOP_CLR_FD); /* once the image is closed */
	close(device);
	assert_int_equal(pbf_image_size_bytes(image), sizeof(large));
	assert_int_equal(pbf_image_sector_bytes(image), 512);
	assert_false(pbf_image_stamp(image)->provable);
	assert_int_equal(pbf_image_read(image, 0, buffer, sizeof(large), NULL),
			 0);
	assert_memory_equal(buffer, large, sizeof(large));
	assert_int_equal(pbf_image_read(image, 4095, buffer, 2, NULL), 0);
	assert_memory_equal(buffer, large + 4095, 2);
	assert_int_equal(
		pbf_image_read(image, sizeof(large) - 1, buffer, 1, NULL), 0);
	assert_memory_equal(buffer, large + sizeof(large) - 1, 1);
	assert_int_equal(pbf_image_read(image, sizeof(large), buffer, 1, NULL),
			 -EIO);
	pbf_image_free(image);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_file_is_an_image_of_its_size),
		CLAIM(an_image_keeps_the_stamp_it_was_opened_with),
		CLAIM(links_are_followed),
		CLAIM(any_bytes_can_be_read),
		CLAIM(nothing_is_read_beyond_the_end),
		CLAIM(an_image_that_is_truncated_while_open_says_where),
		CLAIM(reading_gives_up_when_its_time_is_over),
		CLAIM(storage_that_fails_says_where),
		CLAIM(a_read_that_is_interrupted_goes_on),
		CLAIM(a_read_that_gives_less_goes_on),
		CLAIM(what_is_not_there_cannot_be_opened),
		CLAIM(what_has_no_bytes_in_places_is_no_image),
		CLAIM(a_pipe_is_refused_without_waiting_for_a_writer),
		CLAIM(an_empty_file_is_an_image_of_no_bytes),
		CLAIM(freeing_nothing_is_allowed),
		CLAIM(a_block_device_is_read_at_any_bytes_and_up_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
