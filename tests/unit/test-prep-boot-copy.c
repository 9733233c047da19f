/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A copy of a boot partition, changed by the real mtools and judged by the
 * real fsck.fat; what test-prep-boot-put.c has is left out here.
 */
#include "boot_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot_entry.h"
#include "cleanup.h"
#include "mtools-bench.h"
#include "unit.h"

static struct mtools_bench bench;

static int setup(void **state)
{
	(void)state;
	mtools_bench_make(&bench, MTOOLS_BENCH_SMALL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mtools_bench_release(&bench);
	return 0;
}

static void write_text(const char *path, const char *text)
{
	struct pbf_reason why;

	if (prep_boot_write(&bench.boot, path, text, strlen(text), &why) < 0)
		fail_msg("%s", why.text);
}

static void assert_text(const char *path, const char *expected)
{
	_cleanup_free_ char *content = NULL;
	size_t length;

	assert_int_equal(prep_boot_read(&bench.boot, path, 1000, &content,
					&length, NULL),
			 0);
	assert_string_equal(content, expected);
	assert_int_equal(length, strlen(expected));
}

static void assert_sound(void)
{
	struct pbf_reason why;

	if (prep_boot_check(&bench.boot, &why) < 0)
		fail_msg("%s", why.text);
}

TEST(a_file_that_is_written_can_be_read)
{
	write_text("config.txt", "arm_64bit=1\n");
	assert_text("config.txt", "arm_64bit=1\n");
	assert_text("CONFIG.TXT", "arm_64bit=1\n");
	write_text("A longer näme.conf", "x");
	assert_text("A longer näme.conf", "x");
	write_text("/empty", "");
	assert_text("empty", "");
	assert_sound();
}

TEST(a_file_is_replaced)
{
	write_text("cmdline.txt", "a long line, longer than the next one");
	write_text("cmdline.txt", "short");
	assert_text("cmdline.txt", "short");
	mtools_bench_run(&bench, "mattrib +r -i '%s' ::cmdline.txt");
	write_text("CMDLINE.TXT", "read-only no more");
	assert_text("cmdline.txt", "read-only no more");
	assert_sound();
}

TEST(a_file_is_written_into_a_directory)
{
	mtools_bench_run(&bench, "mmd -i '%s' ::overlays");
	write_text("overlays//x.dtbo", "x");
	assert_text("overlays/x.dtbo", "x");
	assert_sound();
}

TEST(a_directory_is_made_in_one_that_is_there)
{
	struct pbf_reason why;

	assert_int_equal(
		prep_boot_make_directory(&bench.boot, "over/lays", NULL), -EIO);
	assert_int_equal(prep_boot_make_directory(&bench.boot, "over", NULL),
			 0);
	assert_int_equal(
		prep_boot_make_directory(&bench.boot, "/over/lays/", NULL), 0);
	write_text("over/lays/x", "x");
	assert_int_equal(prep_boot_make_directory(&bench.boot, "over", &why),
			 -EIO);
	assert_reason(why, PBF_REASON_NO_OFFSET, "mmd: ");
	assert_text("over/lays/x", "x");
	assert_sound();
}

TEST(a_file_is_not_written_into_no_directory)
{
	struct pbf_reason why;

	assert_int_equal(prep_boot_write(&bench.boot, "no/x", "x", 1, &why),
			 -EIO);
	assert_reason(why, PBF_REASON_NO_OFFSET, "mcopy: ::no/x: no match");
}

/* mtools would put a file named "-" into it. */
TEST(a_directory_is_not_written_over)
{
	struct pbf_reason why;

	mtools_bench_run(&bench, "mmd -i '%s' ::overlays");
	assert_int_equal(prep_boot_write(&bench.boot, "overlays", "x", 1, &why),
			 -EISDIR);
	assert_reason(why, PBF_REASON_NO_OFFSET, "a directory at \"overlays\"");
	assert_int_equal(prep_boot_write(&bench.boot, "/", "x", 1, &why),
			 -EISDIR);
	assert_false(prep_boot_has(&bench.boot, "overlays/-"));
}

TEST(names_that_come_out_differently_are_refused)
{
	static const char *const names[] = {
		"*",   "a?",	 "[ab]", "b:x",	 "a\\b",  "a\"",
		"a<b", "a>b",	 "a|b",	 "end.", "end ",  "..",
		".",   "a/../b", "a\nb", "\x7f", "a\xff", "\xf0\x9f\x98\x80"
	};

	write_text("ab", "is not matched");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct pbf_reason why;

		assert_int_equal(
			prep_boot_write(&bench.boot, names[i], "x", 1, &why),
			-EINVAL);
		assert_reason(why, PBF_REASON_NO_OFFSET, "cannot be used");
		assert_int_equal(prep_boot_remove(&bench.boot, names[i], &why),
				 -EINVAL);
	}
	assert_text("ab", "is not matched");
}

/* mtools crashes when one is longer. */
TEST(names_may_be_as_long_as_fat_has_them)
{
	char name[257] = "";

	memset(name, 'n', 255);
	write_text(name, "x");
	assert_text(name, "x");
	name[255] = 'n';
	assert_int_equal(prep_boot_write(&bench.boot, name, "x", 1, NULL),
			 -EINVAL);
	assert_sound();
}

TEST(a_file_or_a_directory_is_removed)
{
	write_text("file", "x");
	mtools_bench_run(&bench, "mmd -i '%s' ::dir ::dir/sub");
	write_text("dir/sub/x", "x");
	write_text("dirx", "stays");
	assert_int_equal(prep_boot_remove(&bench.boot, "file", NULL), 0);
	assert_int_equal(prep_boot_remove(&bench.boot, "dir/", NULL), 0);
	assert_false(prep_boot_has(&bench.boot, "file"));
	assert_false(prep_boot_has(&bench.boot, "dir"));
	assert_text("dirx", "stays");
	assert_sound();
}

TEST(what_is_read_only_is_removed)
{
	write_text("file", "x");
	mtools_bench_run(&bench, "mmd -i '%s' ::dir");
	write_text("dir/x", "x");
	mtools_bench_run(&bench, "mattrib +r +s +h -i '%s' ::file ::dir/x");
	assert_int_equal(prep_boot_remove(&bench.boot, "file", NULL), 0);
	assert_int_equal(prep_boot_remove(&bench.boot, "dir", NULL), 0);
	assert_false(prep_boot_has(&bench.boot, "file"));
	assert_false(prep_boot_has(&bench.boot, "dir"));
	assert_sound();
}

TEST(what_is_not_there_cannot_be_removed)
{
	struct pbf_reason why;

	write_text("file", "x");
	assert_int_equal(prep_boot_remove(&bench.boot, "fil", &why), -ENOENT);
	assert_reason(why, PBF_REASON_NO_OFFSET, "there is no \"fil\"");
	assert_int_equal(prep_boot_remove(&bench.boot, "file/x", NULL),
			 -ENOENT);
	assert_text("file", "x");
}

/* mdeltree would remove all that is in it. */
TEST(the_root_directory_is_not_removed)
{
	write_text("file", "x");
	assert_int_equal(prep_boot_remove(&bench.boot, "", NULL), -EINVAL);
	assert_int_equal(prep_boot_remove(&bench.boot, "//", NULL), -EINVAL);
	assert_text("file", "x");
}

TEST(what_is_not_there_cannot_be_read)
{
	_cleanup_free_ char *content = NULL;
	size_t length;

	write_text("file", "12345");
	mtools_bench_run(&bench, "mmd -i '%s' ::dir");
	assert_int_equal(
		prep_boot_read(&bench.boot, "no", 9, &content, &length, NULL),
		-ENOENT);
	assert_int_equal(prep_boot_read(&bench.boot, "file/x", 9, &content,
					&length, NULL),
			 -ENOENT);
	assert_int_equal(
		prep_boot_read(&bench.boot, "dir", 9, &content, &length, NULL),
		-ENOENT);
	assert_true(prep_boot_has(&bench.boot, "dir"));
	assert_false(prep_boot_has(&bench.boot, "file/x"));
	assert_null(content);
}

TEST(a_file_is_read_up_to_a_limit)
{
	_cleanup_free_ char *content = NULL;
	struct pbf_reason why;
	size_t length;

	write_text("file", "12345");
	assert_int_equal(
		prep_boot_read(&bench.boot, "file", 4, &content, &length, &why),
		-EFBIG);
	assert_non_null(strstr(why.text, "has 5 bytes, more than 4"));
	assert_int_equal(
		prep_boot_read(&bench.boot, "file", 5, &content, &length, &why),
		0);
	assert_int_equal(length, 5);
}

TEST(a_full_partition_says_so)
{
	size_t length = MTOOLS_BENCH_SMALL + 1;
	_cleanup_free_ char *content = calloc(1, length);
	struct pbf_reason why;

	assert_int_equal(
		prep_boot_write(&bench.boot, "large", content, length, &why),
		-ENOSPC);
	assert_reason(why, PBF_REASON_NO_OFFSET, "mcopy: Disk full");
	write_text("small", "still fits");
	assert_sound();
}

TEST(a_full_root_directory_says_so)
{
	struct pbf_reason why;
	int error = 0;

	for (int i = 0; error == 0 && i < 1000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "FILE%d", i);
		error = prep_boot_write(&bench.boot, name, "x", 1, &why);
	}
	assert_int_equal(error, -EIO);
	assert_reason(why, PBF_REASON_NO_OFFSET, "No directory slots");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_file_that_is_written_can_be_read),
		CLAIM(a_file_is_replaced),
		CLAIM(a_file_is_written_into_a_directory),
		CLAIM(a_directory_is_made_in_one_that_is_there),
		CLAIM(a_file_is_not_written_into_no_directory),
		CLAIM(a_directory_is_not_written_over),
		CLAIM(names_that_come_out_differently_are_refused),
		CLAIM(names_may_be_as_long_as_fat_has_them),
		CLAIM(a_file_or_a_directory_is_removed),
		CLAIM(what_is_read_only_is_removed),
		CLAIM(what_is_not_there_cannot_be_removed),
		CLAIM(the_root_directory_is_not_removed),
		CLAIM(what_is_not_there_cannot_be_read),
		CLAIM(a_file_is_read_up_to_a_limit),
		CLAIM(a_full_partition_says_so),
		CLAIM(a_full_root_directory_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
