/* SPDX-License-Identifier: BSD-2-Clause */
/* Sources that are not compressed, pipes, and disks that are full. */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fetch-bench.h"
#include "unit.h"

#define SIZE (3u * 1024 * 1024 + 777)

static struct scratch scratch;
static unsigned char content[SIZE], buffer[2 * SIZE];

/* What becomes of cloning and of writing. */
static struct {
	bool can_clone;
	unsigned int clones;
	uint64_t room_bytes; /* until the disk is full; 0: it never is */
} disk;

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	int source_fd;
	ssize_t n;

	va_start(arguments, request);
	source_fd = va_arg(arguments, int);
	va_end(arguments);
	assert_int_equal(request, FICLONE);
	if (!disk.can_clone) {
		errno = EOPNOTSUPP;
		return -1;
	}
	disk.clones++;
	n = pread(source_fd, buffer, sizeof(buffer), 0);
	return n >= 0 && pwrite(fd, buffer, (size_t)n, 0) == n ? 0 : -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	uint64_t end = (uint64_t)offset + length;

	if (disk.room_bytes != 0 && (uint64_t)offset >= disk.room_bytes) {
		errno = ENOSPC;
		return -1;
	}
	if (disk.room_bytes != 0 && end > disk.room_bytes)
		length = (size_t)(disk.room_bytes - (uint64_t)offset);
	return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

static int setup(void **state)
{
	(void)state;
	memset(&disk, 0, sizeof(disk));
	scratch_make(&scratch);
	fetch_bench_fill(content, SIZE);
	scratch_write(&scratch, "image", content, SIZE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static struct fetch_outcome fetch(const char *name)
{
	return fetch_bench_file(&scratch, name,
				(struct prep_fetch){ .wants_sum = true });
}

static void assert_content(const struct fetch_outcome *outcome,
			   const unsigned char *bytes, size_t length)
{
	struct stat st;

	assert_int_equal(outcome->error, 0);
	assert_int_equal(outcome->fetched.size_bytes, length);
	assert_int_equal(outcome->fetched.format, PREP_FORMAT_NONE);
	assert_int_equal(fstat(outcome->fd, &st), 0);
	assert_int_equal(st.st_size, length);
	assert_int_equal(pread(outcome->fd, buffer, length, 0), length);
	assert_memory_equal(buffer, bytes, length);
}

static void assert_sum(const struct fetch_outcome *outcome,
		       const unsigned char *bytes, size_t length)
{
	_cleanup_hasher_ struct prep_hasher *hasher = prep_hasher_new();
	struct prep_sum sum;

	prep_hasher_add(hasher, bytes, length);
	prep_hasher_finish(hasher, &sum);
	assert_true(prep_sum_equal(&outcome->fetched.sum, &sum));
}

static uint64_t allocated_bytes(const struct fetch_outcome *outcome)
{
	struct stat st;

	assert_int_equal(fstat(outcome->fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

TEST(a_raw_image_is_copied_and_gets_holes)
{
	_cleanup_outcome_ struct fetch_outcome outcome = fetch("image");

	assert_content(&outcome, content, SIZE);
	assert_sum(&outcome, content, SIZE);
	assert_int_equal(disk.clones, 0);
	assert_in_range(allocated_bytes(&outcome), 1, SIZE / 4);
}

TEST(holes_of_the_source_are_zeroes_in_the_sum)
{
	static unsigned char sparse[SIZE];
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };
	_cleanup_close_ int fd = openat(scratch.fd, "sparse",
					O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	/* A hole, data, a hole to the end. */
	assert_int_equal(pwrite(fd, "data", 4, 2000000), 4);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	memset(sparse, 0, sizeof(sparse));
	memcpy(sparse + 2000000, "data", 4);
	outcome = fetch("sparse");
	assert_content(&outcome, sparse, SIZE);
	assert_sum(&outcome, sparse, SIZE);
	assert_in_range(allocated_bytes(&outcome), 1, 8192);
}

TEST(a_raw_image_is_cloned_where_that_is_possible)
{
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

	disk.can_clone = true;
	outcome = fetch("image");
	assert_content(&outcome, content, SIZE);
	assert_sum(&outcome, content, SIZE);
	assert_int_equal(disk.clones, 1);
}

TEST(a_clone_that_is_too_large_is_not_made)
{
	_cleanup_close_ int fd =
		openat(scratch.fd, "image", O_RDONLY | O_CLOEXEC);
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

	disk.can_clone = true;
	outcome = fetch_bench(&scratch,
			      (struct prep_fetch){ .source_fd = fd,
						   .size_bytes_max = 100000 });
	assert_int_equal(outcome.error, -EFBIG);
	assert_reason(outcome.why, 100000, "larger than 100000 bytes");
	assert_int_equal(disk.clones, 0);
}

TEST(a_source_is_read_from_where_it_stands)
{
	_cleanup_close_ int fd =
		openat(scratch.fd, "image", O_RDONLY | O_CLOEXEC);
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

	disk.can_clone = true;
	assert_int_equal(lseek(fd, 5000, SEEK_SET), 5000);
	outcome =
		fetch_bench(&scratch, (struct prep_fetch){ .source_fd = fd,
							   .wants_sum = true });
	assert_content(&outcome, content + 5000, SIZE - 5000);
	assert_sum(&outcome, content + 5000, SIZE - 5000);
	assert_int_equal(disk.clones, 0);
}

/* A child that writes the image into a pipe, in pieces. */
static int open_pipe(pid_t *ret_child)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	*ret_child = fork();
	if (*ret_child == 0) {
		for (size_t i = 0; i < SIZE;) {
			size_t part = SIZE - i < 777 ? SIZE - i : 777;
			ssize_t n = write(ends[1], content + i, part);

			if (n < 0)
				_exit(1);
			i += (size_t)n;
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

TEST(a_pipe_will_do)
{
	pid_t child;
	_cleanup_close_ int fd = open_pipe(&child);
	_cleanup_outcome_ struct fetch_outcome outcome =
		fetch_bench(&scratch, (struct prep_fetch){ .source_fd = fd,
							   .wants_sum = true });

	waitpid(child, NULL, 0);
	assert_content(&outcome, content, SIZE);
	assert_sum(&outcome, content, SIZE);
	assert_in_range(allocated_bytes(&outcome), 1, SIZE / 4);
}

static bool cancel_second(void *context)
{
	unsigned int *asked = context;

	return ++*asked == 2;
}

TEST(waiting_for_a_pipe_can_be_cancelled)
{
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };
	unsigned int asked = 0;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	outcome = fetch_bench(
		&scratch, (struct prep_fetch){ .source_fd = ends[0],
					       .is_cancelled = cancel_second,
					       .context = &asked });
	assert_int_equal(outcome.error, -ECANCELED);
	assert_reason(outcome.why, 0, "interrupted");
	close(ends[0]);
	close(ends[1]);
}

TEST(a_source_that_cannot_be_read_says_where)
{
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

	scratch_mkdir(&scratch, "directory");
	outcome = fetch("directory");
	assert_int_equal(outcome.error, -EISDIR);
	assert_reason(outcome.why, 0, "byte 0 cannot be read");
	assert_false(outcome.fetched.is_image_to_blame);
}

TEST(a_full_disk_says_where)
{
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

	disk.room_bytes = 65536;
	outcome = fetch("image");
	assert_int_equal(outcome.error, -ENOSPC);
	assert_true(outcome.fetched.is_image_to_blame);
	assert_true(outcome.why.offset_bytes <= 65536);
	if (!strstr(outcome.why.text, "No space left"))
		fail_msg("%s", outcome.why.text);
}

TEST(an_empty_source_is_no_image)
{
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

	scratch_touch(&scratch, "empty");
	outcome = fetch("empty");
	assert_int_equal(outcome.error, -ENODATA);
	assert_reason(outcome.why, 0, "is empty");
}

TEST(an_image_of_one_byte_is_an_image)
{
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

	scratch_write(&scratch, "tiny", "\1", 1);
	outcome = fetch("tiny");
	assert_content(&outcome, (const unsigned char *)"\1", 1);
}

static void assert_foreign(size_t offset, const char *magic, size_t length,
			   const char *words)
{
	unsigned char head[1024] = "";
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

	memcpy(head + offset, magic, length);
	scratch_write(&scratch, "foreign", head, sizeof(head));
	outcome = fetch("foreign");
	assert_int_equal(outcome.error, -EOPNOTSUPP);
	assert_reason(outcome.why, offset, words);
	/* With one character less it is a raw image as good as any. */
	head[offset + length - 1] ^= 0x80;
	scratch_write(&scratch, "raw", head, sizeof(head));
	close(outcome.fd);
	outcome = fetch("raw");
	assert_content(&outcome, head, sizeof(head));
}

TEST(archives_and_images_of_other_kinds_are_refused)
{
	assert_foreign(0, "PK\3\4", 4, "zip archive");
	assert_foreign(257, "ustar", 5, "tar archive");
	assert_foreign(0, "7z\xbc\xaf\x27\x1c", 6, "7-Zip");
	assert_foreign(0, "Rar!\x1a\7", 6, "RAR");
	assert_foreign(0, "070701", 6, "cpio");
	assert_foreign(0, "!<arch>\n", 8, "Debian package");
	assert_foreign(0, "LZIP", 4, "lzip");
	assert_foreign(0, "\x1f\x9d", 2, "compress");
	assert_foreign(0, "QFI\xfb", 4, "qemu-img convert");
	assert_foreign(0, "KDMV", 4, "VMDK");
	assert_foreign(0, "vhdxfile", 8, "VHDX");
	assert_foreign(0, "conectix", 8, "VHD");
	assert_foreign(64, "\x7f\x10\xda\xbe", 4, "VDI");
	assert_foreign(0, "\x3a\xff\x26\xed", 4, "simg2img");
	assert_foreign(0, "<!DOCTYPE", 9, "web page");
	assert_foreign(0, "<html", 5, "web page");
}

TEST(the_limit_is_the_file_system_unless_said_otherwise)
{
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };
	_cleanup_close_ int fd =
		openat(scratch.fd, "huge", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	/* 8 TiB of hole, which the file system of the test does not have */
	if (ftruncate(fd, (off_t)8 << 40) < 0) {
		print_message("no such large files here\n");
		skip();
	}
	outcome = fetch_bench(&scratch, (struct prep_fetch){ .source_fd = fd });
	assert_int_equal(outcome.error, -EFBIG);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_raw_image_is_copied_and_gets_holes),
		CLAIM(holes_of_the_source_are_zeroes_in_the_sum),
		CLAIM(a_raw_image_is_cloned_where_that_is_possible),
		CLAIM(a_clone_that_is_too_large_is_not_made),
		CLAIM(a_source_is_read_from_where_it_stands),
		CLAIM(a_pipe_will_do),
		CLAIM(waiting_for_a_pipe_can_be_cancelled),
		CLAIM(a_source_that_cannot_be_read_says_where),
		CLAIM(a_full_disk_says_where),
		CLAIM(an_empty_source_is_no_image),
		CLAIM(an_image_of_one_byte_is_an_image),
		CLAIM(archives_and_images_of_other_kinds_are_refused),
		CLAIM(the_limit_is_the_file_system_unless_said_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
