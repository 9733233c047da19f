/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot partitions taken out of images, files and directories put into them,
 * and what fsck.fat thinks of the outcome.
 */
#include "copy_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot_entry.h"
#include "cleanup.h"
#include "mtools-bench.h"
#include "tell.h"
#include "unit.h"

static struct mtools_bench bench;

static int setup(void **state)
{
	(void)state;
	mtools_bench_make(&bench, MTOOLS_BENCH_SMALL);
	return 0;
}

static int setup_fat32(void **state)
{
	(void)state;
	mtools_bench_make(&bench, MTOOLS_BENCH_LARGE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mtools_bench_release(&bench);
	return 0;
}

static int copy(char *source, const char *path, struct pbf_reason *why)
{
	const struct prep_copy copy = { source, path };

	prep_tell_start(true, false);
	return prep_copy_files(&bench.boot, &copy, 1, why);
}

/* NAME is in the directory of the bench. */
static int put(const char *name, const char *path, struct pbf_reason *why)
{
	char source[512];

	why->text[0] = '\0';
	snprintf(source, sizeof(source), "%s/%s", bench.scratch.path, name);
	return copy(source, path, why);
}

static void must_put(const char *name, const char *path)
{
	struct pbf_reason why;

	if (put(name, path, &why) < 0)
		fail_msg("%s", why.text);
}

static void assert_text(const char *path, const char *expected)
{
	_cleanup_free_ char *content = NULL;
	size_t length;

	if (prep_boot_read(&bench.boot, path, 1000, &content, &length, NULL) <
	    0)
		fail_msg("no %s", path);
	assert_string_equal(content, expected);
}

static void assert_sound(void)
{
	struct pbf_reason why;

	if (prep_boot_check(&bench.boot, &why) < 0)
		fail_msg("%s", why.text);
}

TEST(a_file_is_put_under_its_own_name_or_another)
{
	mtools_bench_shell(&bench,
			   "printf new >start4.elf; ln -s start4.elf l");
	mtools_bench_run(&bench, "mmd -i '%s' ::dir");
	must_put("start4.elf", "");
	must_put("start4.elf", "dir/");
	must_put("start4.elf", "fixup.dat");
	must_put("l", "");
	assert_text("start4.elf", "new");
	assert_text("dir/start4.elf", "new");
	assert_text("fixup.dat", "new");
	assert_text("l", "new");
	mtools_bench_shell(&bench, "printf newer >start4.elf");
	must_put("start4.elf", "/");
	assert_text("start4.elf", "newer");
	assert_sound();
}

TEST(a_directory_is_added_to_the_one_that_is_there)
{
	mtools_bench_shell(&bench, "mkdir -p overlays/sub && "
				   "printf 1 >overlays/one && "
				   "printf 2 >'overlays/sub/Lönger name.dtbo'");
	mtools_bench_run(&bench, "mmd -i '%s' ::overlays");
	mtools_bench_run(&bench, "printf 0 | mcopy -i '%s' - ::overlays/zero");
	must_put("overlays", "");
	assert_text("overlays/zero", "0");
	assert_text("overlays/one", "1");
	assert_text("overlays/sub/Lönger name.dtbo", "2");
	mtools_bench_shell(&bench, "printf 11 >overlays/one");
	must_put("overlays/", "");
	assert_text("overlays/one", "11");
	must_put("overlays", "other");
	assert_text("other/one", "11");
	must_put("overlays", "other");
	assert_text("other/overlays/one", "11");
	must_put("overlays/sub/..", "");
	assert_sound();
}

TEST(links_are_followed)
{
	mtools_bench_shell(&bench, "mkdir real tree && printf 1 >real/file && "
				   "ln -s ../real/file tree/link && "
				   "ln -s tree top");
	must_put("top", "");
	assert_text("top/link", "1");
	assert_sound();
}

TEST(a_path_from_here_is_no_option_and_no_drive)
{
	char directory[4096];
	int error;

	mtools_bench_shell(&bench, "printf 1 >-x; printf 2 >a:b");
	assert_non_null(getcwd(directory, sizeof(directory)));
	assert_int_equal(fchdir(bench.scratch.fd), 0);
	error = copy((char[]){ "-x" }, "x", NULL);
	if (error == 0)
		error = copy((char[]){ "a:b" }, "b", NULL);
	assert_int_equal(chdir(directory), 0);
	assert_int_equal(error, 0);
	assert_text("x", "1");
	assert_text("b", "2");
}

static const struct {
	const char *command; /* makes "tree" */
	int error;
	const char *words;
} bad_sources[] = {
	{ ":", -ENOENT, "tree: No such file" },
	{ "ln -s nowhere tree", -ENOENT, "tree: No such file" },
	{ "mkdir tree; ln -s nowhere tree/x", -ENOENT, "x: is a link that" },
	{ "mkdir tree; ln -s . tree/x", -EOPNOTSUPP, "x: is a link to a dir" },
	{ "mkdir tree; ln -s / tree/x", -EOPNOTSUPP, "x: is a link to a dir" },
	{ "mkfifo tree", -EOPNOTSUPP, "is neither a file nor" },
	{ "mkdir tree; mkfifo tree/x", -EOPNOTSUPP, "is neither a file nor" },
	{ "truncate -s 4G tree", -EFBIG, "is larger than a file" },
	{ "mkdir tree; touch tree/a:x", -EINVAL, "\"a:x\" cannot be used" },
	{ "mkdir tree; touch 'tree/a*'", -EINVAL, "\"a*\" cannot be used" },
	{ "mkdir tree; touch tree/end.", -EINVAL, "\"end.\" cannot be used" },
};

TEST(a_source_that_cannot_be_put_is_refused_before_anything_is_done)
{
	const size_t count = sizeof(bad_sources) / sizeof(bad_sources[0]);

	for (size_t i = 0; i < count; i++) {
		struct pbf_reason why;

		mtools_bench_shell(&bench, bad_sources[i].command);
		assert_int_equal(put("tree", "", &why), bad_sources[i].error);
		assert_reason(why, PBF_REASON_NO_OFFSET, bad_sources[i].words);
		assert_false(prep_boot_has(&bench.boot, "tree"));
		mtools_bench_shell(&bench, "rm -rf tree");
	}
}

TEST(names_that_come_out_differently_are_refused)
{
	struct pbf_reason why;

	mtools_bench_shell(&bench, "touch 'a*' x");
	assert_int_equal(put("a*", "", &why), -EINVAL);
	assert_int_equal(put("x", "a*", &why), -EINVAL);
	assert_int_equal(put("x", "a/../b", &why), -EINVAL);
	assert_int_equal(put("a*", "fine", &why), 0);
}

TEST(a_file_does_not_replace_a_directory_nor_the_other_way_round)
{
	struct pbf_reason why;

	mtools_bench_shell(&bench, "mkdir both; printf 1 >file");
	mtools_bench_run(&bench, "mmd -i '%s' ::file");
	mtools_bench_run(&bench, "printf 0 | mcopy -i '%s' - ::both");
	assert_int_equal(put("both", "", &why), -ENOTDIR);
	assert_reason(why, PBF_REASON_NO_OFFSET, "both is no directory");
	assert_int_equal(put("file", "", &why), -EISDIR);
	assert_reason(why, PBF_REASON_NO_OFFSET, "file is a directory");
	assert_text("both", "0");
	assert_sound();
}

TEST(a_full_partition_says_so)
{
	struct pbf_reason why;

	mtools_bench_shell(&bench,
			   "mkdir tree && cd tree && "
			   "truncate -s 2500K a && truncate -s 2500K b");
	assert_int_equal(put("tree", "", &why), -ENOSPC);
	assert_reason(why, PBF_REASON_NO_OFFSET,
		      "tree/b and the files before it need 4.9 MiB");
}

TEST(fat32_with_clusters_of_a_sector_is_changed)
{
	mtools_bench_shell(&bench,
			   "mkdir tree; for i in $(seq 100); do "
			   "printf $i >\"tree/a longer name $i\"; done; "
			   "head -c 3000000 /dev/zero >kernel8.img");
	must_put("tree", "");
	must_put("kernel8.img", "");
	assert_text("tree/a longer name 77", "77");
	assert_int_equal(prep_boot_remove(&bench.boot, "tree", NULL), 0);
	assert_sound();
}

TEST(holes_stay_holes_and_the_image_stays_as_it_is)
{
	struct stat before, after, copy;

	mtools_bench_shell(&bench, "cp --sparse=always image image.before");
	assert_int_equal(fstat(bench.image_fd, &before), 0);
	assert_int_equal(fstat(bench.boot.fd, &copy), 0);
	assert_int_equal(copy.st_size, bench.size_bytes);
	/* The FATs, and hardly more. */
	assert_in_range(copy.st_blocks, 1, 4096);
	assert_int_equal(
		prep_boot_write(&bench.boot, "config.txt", "x", 1, NULL), 0);
	assert_int_equal(fstat(bench.image_fd, &after), 0);
	assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	mtools_bench_shell(&bench, "cmp image image.before");
}

TEST(a_copy_is_that_of_the_partition)
{
	static char image[4096], copy[4096];

	/* Not at the beginning of a page, so that holes begin elsewhere. */
	for (uint64_t at = 0; at < bench.size_bytes; at += sizeof(copy)) {
		assert_int_equal(pread(bench.image_fd, image, sizeof(image),
				       (off_t)(MTOOLS_BENCH_START + at)),
				 sizeof(image));
		assert_int_equal(
			pread(bench.boot.fd, copy, sizeof(copy), (off_t)at),
			sizeof(copy));
		assert_memory_equal(image, copy, sizeof(copy));
	}
}

TEST(a_partition_beyond_the_end_of_the_image_is_refused)
{
	struct prep_boot boot;
	struct pbf_reason why;
	uint64_t end = MTOOLS_BENCH_START + 2 * bench.size_bytes;

	assert_int_equal(prep_boot_copy_out(bench.image_fd, MTOOLS_BENCH_START,
					    end - MTOOLS_BENCH_START + 1, &boot,
					    &why),
			 -EUCLEAN);
	assert_reason(why, MTOOLS_BENCH_START, "ends beyond the end");
	prep_boot_release(&boot);
	assert_int_equal(
		prep_boot_copy_out(bench.image_fd, UINT64_MAX, 2, &boot, &why),
		-EUCLEAN);
	prep_boot_release(&boot);
	assert_int_equal(prep_boot_copy_out(bench.image_fd, MTOOLS_BENCH_START,
					    end - MTOOLS_BENCH_START, &boot,
					    &why),
			 0);
	prep_boot_release(&boot);
}

TEST(without_a_place_for_temporary_files_there_is_no_copy)
{
	struct prep_boot boot;
	struct pbf_reason why;
	int error;

	setenv("TMPDIR", "/nonexistent", 1);
	error = prep_boot_copy_out(bench.image_fd, MTOOLS_BENCH_START,
				   bench.size_bytes, &boot, &why);
	unsetenv("TMPDIR");
	assert_int_equal(error, -ENOENT);
	assert_reason(why, PBF_REASON_NO_OFFSET, "/nonexistent: no room");
	prep_boot_release(&boot);
	setenv("TMPDIR", "", 1);
	mtools_bench_copy(&bench);
	unsetenv("TMPDIR");
}

/* Makes a cluster of a file free in the FAT, or a file of the image longer. */
static void break_file(int fd, uint64_t volume_bytes, const char *name)
{
	unsigned char slot[32], large[] = { 0, 0, 0x10, 0 };
	off_t at = (off_t)volume_bytes;

	do {
		at += (off_t)sizeof(slot);
		assert_int_equal(pread(fd, slot, sizeof(slot), at),
				 sizeof(slot));
	} while (memcmp(slot, name, strlen(name)) != 0);
	assert_int_equal(pwrite(fd, large, sizeof(large), at + 28), 4);
}

TEST(a_fault_that_was_not_there_before_is_found)
{
	struct pbf_reason why;

	mtools_bench_run(&bench, "printf 0 | mcopy -i '%s' - ::FILE");
	assert_sound();
	break_file(bench.boot.fd, 0, "FILE   ");
	assert_int_equal(prep_boot_check(&bench.boot, &why), -EUCLEAN);
	assert_reason(why, PBF_REASON_NO_OFFSET,
		      "fsck.fat finds after the changes: /FILE   File size");
}

/* Puts two files into the image, and breaks the first. */
static void break_image(void)
{
	mtools_bench_shell(&bench, "printf 1 >FILE; printf 1 >OTHER; "
				   "export MTOOLSRC=/dev/null; "
				   "mcopy -i image@@1M FILE OTHER ::");
	break_file(bench.image_fd, MTOOLS_BENCH_START, "FILE   ");
	mtools_bench_copy(&bench);
}

TEST(a_fault_that_was_there_before_is_accepted)
{
	break_image();
	assert_non_null(strstr(bench.boot.faults, "/FILE"));
	assert_int_equal(
		prep_boot_write(&bench.boot, "config.txt", "x", 1, NULL), 0);
	assert_sound();
}

TEST(a_second_fault_like_the_first_is_found)
{
	struct pbf_reason why;

	break_image();
	break_file(bench.boot.fd, 0, "OTHER  ");
	assert_int_equal(prep_boot_check(&bench.boot, &why), -EUCLEAN);
	assert_reason(why, PBF_REASON_NO_OFFSET, "/OTHER");
}

/* Common after a power cut; mtools counts on from the wrong number. */
TEST(a_wrong_number_of_free_clusters_is_accepted)
{
	const unsigned char wrong[] = { 0x10, 0x27, 0, 0 };

	assert_int_equal(pwrite(bench.image_fd, wrong, sizeof(wrong),
				MTOOLS_BENCH_START + 512 + 488),
			 sizeof(wrong));
	mtools_bench_copy(&bench);
	assert_non_null(strstr(bench.boot.faults, "summary wrong"));
	assert_int_equal(
		prep_boot_write(&bench.boot, "config.txt", "x", 1, NULL), 0);
	assert_sound();
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define CLAIM_FAT32(test) \
	cmocka_unit_test_setup_teardown(test, setup_fat32, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_file_is_put_under_its_own_name_or_another),
		CLAIM(a_directory_is_added_to_the_one_that_is_there),
		CLAIM(links_are_followed),
		CLAIM(a_path_from_here_is_no_option_and_no_drive),
		CLAIM(a_source_that_cannot_be_put_is_refused_before_anything_is_done),
		CLAIM(names_that_come_out_differently_are_refused),
		CLAIM(a_file_does_not_replace_a_directory_nor_the_other_way_round),
		CLAIM(a_full_partition_says_so),
		CLAIM_FAT32(fat32_with_clusters_of_a_sector_is_changed),
		CLAIM_FAT32(holes_stay_holes_and_the_image_stays_as_it_is),
		CLAIM(a_copy_is_that_of_the_partition),
		CLAIM(a_partition_beyond_the_end_of_the_image_is_refused),
		CLAIM(without_a_place_for_temporary_files_there_is_no_copy),
		CLAIM(a_fault_that_was_not_there_before_is_found),
		CLAIM(a_fault_that_was_there_before_is_accepted),
		CLAIM(a_second_fault_like_the_first_is_found),
		CLAIM_FAT32(a_wrong_number_of_free_clusters_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
