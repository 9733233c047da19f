/* SPDX-License-Identifier: BSD-2-Clause */
#include "disk_size.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk-image.h"
#include "scratch.h"
#include "unit.h"

#define SIZE (1u << 20)

static struct scratch scratch;
static int image_fd;

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	scratch_touch(&scratch, "image");
	image_fd = openat(scratch.fd, "image", O_RDWR | O_CLOEXEC);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(image_fd);
	scratch_remove(&scratch);
	return 0;
}

static uint64_t image_size(void)
{
	struct stat st;

	assert_int_equal(fstat(image_fd, &st), 0);
	return (uint64_t)st.st_size;
}

static void write_disk(struct disk *disk)
{
	scratch_write(&scratch, "image", disk->bytes, disk->size);
	disk_free(disk);
}

TEST(sizes_are_numbers_with_or_without_a_unit)
{
	static const struct {
		const char *string;
		uint64_t bytes;
	} sizes[] = {
		{ "512", 512 },
		{ "16000000000", 16000000000 },
		{ "1K", 1024 },
		{ "8G", 8ull << 30 },
		{ "8g", 8ull << 30 },
		{ "8GiB", 8ull << 30 },
		{ "8gib", 8ull << 30 },
		{ "3M", 3 << 20 },
		{ "2T", 2ull << 40 },
		{ "8GB", 8000000000 },
		{ "8gb", 8000000000 },
		{ "1TB", 1000000000000 },
		{ "008K", 8192 },
		/* up to whole sectors */
		{ "1", 512 },
		{ "513", 1024 },
		{ "1KB", 1024 },
		/* the largest */
		{ "9223372036854775295", 9223372036854775296ull },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t bytes = 0;

		assert_int_equal(prep_size_parse(sizes[i].string, &bytes, NULL),
				 0);
		if (bytes != sizes[i].bytes)
			fail_msg("%s", sizes[i].string);
	}
}

TEST(what_is_no_size_is_refused)
{
	static const char *const strings[] = { "",	"0",   "0G",   "-1",
					       "+1",	" 1",  "1 ",   "1 G",
					       "G",	"1X",  "1GG",  "1Gi",
					       "1iB",	"1B",  "0x10", "1.5G",
					       "1GiBx", "1e9", "1GBx" };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		uint64_t bytes = 7;
		struct pbf_reason why;

		if (prep_size_parse(strings[i], &bytes, &why) != -EINVAL)
			fail_msg("%s", strings[i]);
		assert_reason(why, PBF_REASON_NO_OFFSET, "is no size");
		assert_int_equal(bytes, 7);
	}
}

TEST(sizes_of_no_file_are_refused)
{
	static const char *const strings[] = {
		"9223372036854775296",
		"9223372036854775808",
		"18446744073709551615",
		"18446744073709551616",
		"99999999999999999999999G",
		"8388608T",
		"16777216T",
		"99999999999TB",
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		uint64_t bytes;
		struct pbf_reason why;

		if (prep_size_parse(strings[i], &bytes, &why) != -ERANGE)
			fail_msg("%s", strings[i]);
		assert_reason(why, PBF_REASON_NO_OFFSET, "than any file");
	}
}

TEST(an_image_without_a_gpt_only_gets_a_hole)
{
	struct disk disk = disk_new(SIZE, 512);
	_cleanup_growth_ struct prep_growth growth = { .content_fd = -1 };
	struct stat st;

	disk_mbr_entry(&disk, 0, 0, 0x0c, 64, 1000);
	write_disk(&disk);
	assert_int_equal(prep_growth_plan(image_fd, 5 * SIZE, &growth, NULL),
			 0);
	assert_int_equal(growth.old_size_bytes, SIZE);
	assert_int_equal(growth.new_size_bytes, 5 * SIZE);
	assert_int_equal(growth.ranges.count, 0);
	assert_int_equal(growth.content_fd, -1);
	assert_int_equal(image_size(), SIZE);
	assert_int_equal(prep_disk_grow(image_fd, 5 * SIZE, NULL), 0);
	assert_int_equal(image_size(), 5 * SIZE);
	assert_int_equal(fstat(image_fd, &st), 0);
	assert_in_range(st.st_blocks, 0, SIZE / 512 + 8);
}

TEST(an_image_may_be_as_large_already_but_not_larger)
{
	struct disk disk = disk_new(SIZE, 512);
	struct pbf_reason why;

	write_disk(&disk);
	assert_int_equal(prep_disk_grow(image_fd, SIZE, NULL), 0);
	assert_int_equal(prep_disk_grow(image_fd, SIZE - 512, &why), -ERANGE);
	assert_reason(why, PBF_REASON_NO_OFFSET, "has 1048576 bytes already");
	assert_int_equal(image_size(), SIZE);
}

TEST(an_empty_image_can_be_made_larger)
{
	assert_int_equal(prep_disk_grow(image_fd, SIZE, NULL), 0);
	assert_int_equal(image_size(), SIZE);
}

TEST(an_image_with_a_gpt_gets_its_backup_at_the_end)
{
	static const struct gpt_entry entries[] = { { 64, 127 } };
	struct disk disk = disk_new(SIZE, 512);
	char signature[8];

	disk_gpt(&disk, entries, 1);
	write_disk(&disk);
	assert_int_equal(prep_disk_grow(image_fd, 3 * SIZE, NULL), 0);
	assert_int_equal(image_size(), 3 * SIZE);
	assert_int_equal(pread(image_fd, signature, 8, 3 * SIZE - 512), 8);
	assert_memory_equal(signature, "EFI PART", 8);
}

TEST(a_disk_has_whole_sectors_of_its_table)
{
	static const struct gpt_entry entries[] = { { 64, 127 } };
	struct disk disk = disk_new(SIZE, 4096);
	_cleanup_growth_ struct prep_growth growth = { .content_fd = -1 };

	disk_gpt(&disk, entries, 1);
	write_disk(&disk);
	assert_int_equal(
		prep_growth_plan(image_fd, 2 * SIZE + 512, &growth, NULL), 0);
	assert_int_equal(growth.new_size_bytes, 2 * SIZE + 4096);
}

TEST(an_image_with_a_damaged_gpt_is_left_alone)
{
	static const struct gpt_entry entries[] = { { 64, 127 } };
	struct disk disk = disk_new(SIZE, 512);
	struct pbf_reason why;

	disk_gpt(&disk, entries, 1);
	memset(disk_sector(&disk, 1), 0, 8);
	write_disk(&disk);
	assert_int_equal(prep_disk_grow(image_fd, 3 * SIZE, &why), -EUCLEAN);
	assert_reason(why, 512, "the MBR promises a GPT");
	assert_int_equal(image_size(), SIZE);
}

TEST(an_image_that_cannot_be_written_says_so)
{
	struct pbf_reason why;
	int fd = openat(scratch.fd, "image", O_RDONLY | O_CLOEXEC);

	assert_int_equal(prep_disk_grow(fd, SIZE, &why), -EINVAL);
	assert_reason(why, PBF_REASON_NO_OFFSET, "cannot grow to 1048576");
	close(fd);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(sizes_are_numbers_with_or_without_a_unit),
		CLAIM(what_is_no_size_is_refused),
		CLAIM(sizes_of_no_file_are_refused),
		CLAIM(an_image_without_a_gpt_only_gets_a_hole),
		CLAIM(an_image_may_be_as_large_already_but_not_larger),
		CLAIM(an_empty_image_can_be_made_larger),
		CLAIM(an_image_with_a_gpt_gets_its_backup_at_the_end),
		CLAIM(a_disk_has_whole_sectors_of_its_table),
		CLAIM(an_image_with_a_damaged_gpt_is_left_alone),
		CLAIM(an_image_that_cannot_be_written_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
