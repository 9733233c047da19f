/* SPDX-License-Identifier: BSD-2-Clause */
#include "patch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "scratch.h"
#include "unit.h"

#define SECTOR PREP_PATCH_SECTOR_BYTES
#define GAP_SECTORS (PREP_PATCH_GAP_BYTES / SECTOR)
#define SECTORS 5000u
#define SIZE (SECTORS * SECTOR)

static struct scratch scratch;
static unsigned char old[SIZE], new[SIZE];
static struct prep_patch_sides sides;
static struct ranges ranges;

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	for (size_t i = 0; i < SIZE; i++)
		old[i] = new[i] = (unsigned char)(i % 251);
	sides = (struct prep_patch_sides){ .size_bytes = SIZE };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(sides.old_fd);
	close(sides.new_fd);
	ranges_clear(&ranges);
	scratch_remove(&scratch);
	return 0;
}

static int find(struct pbf_reason *why)
{
	scratch_write(&scratch, "old", old, SIZE);
	scratch_write(&scratch, "new", new, SIZE);
	sides.old_fd = openat(scratch.fd, "old", O_RDONLY | O_CLOEXEC);
	sides.new_fd = openat(scratch.fd, "new", O_RDONLY | O_CLOEXEC);
	return prep_patch_find(&sides, &ranges, why);
}

static void change(size_t sector)
{
	new[sector * SECTOR + 511] ^= 1;
}

static void assert_range(size_t index, uint64_t first, uint64_t sectors)
{
	const struct range *range = &ranges.items[index];

	assert_in_range(index + 1, 1, ranges.count);
	assert_int_equal(range->offset_bytes,
			 sides.old_offset_bytes + first * SECTOR);
	assert_int_equal(range->length_bytes, sectors * SECTOR);
	assert_int_equal(range->content_fd, sides.new_fd);
	assert_int_equal(range->content_offset_bytes,
			 sides.new_offset_bytes + first * SECTOR);
}

TEST(equal_sides_do_not_differ)
{
	assert_int_equal(find(NULL), 0);
	assert_int_equal(ranges.count, 0);
}

TEST(one_byte_is_one_sector)
{
	change(7);
	assert_int_equal(find(NULL), 0);
	assert_int_equal(ranges.count, 1);
	assert_range(0, 7, 1);
}

TEST(the_first_and_the_last_sector_count)
{
	change(0);
	change(SECTORS - 1);
	assert_int_equal(find(NULL), 0);
	assert_int_equal(ranges.count, 2);
	assert_range(0, 0, 1);
	assert_range(1, SECTORS - 1, 1);
}

TEST(changes_with_a_small_gap_between_them_are_one)
{
	change(10);
	change(10 + GAP_SECTORS);
	assert_int_equal(find(NULL), 0);
	assert_int_equal(ranges.count, 1);
	assert_range(0, 10, GAP_SECTORS + 1);
}

TEST(changes_with_a_larger_gap_are_two)
{
	change(10);
	change(11 + GAP_SECTORS);
	assert_int_equal(find(NULL), 0);
	assert_int_equal(ranges.count, 2);
	assert_range(0, 10, 1);
	assert_range(1, 11 + GAP_SECTORS, 1);
}

TEST(a_change_goes_on_from_one_block_to_the_next)
{
	for (size_t i = 2000; i < 2100; i++)
		change(i);
	assert_int_equal(find(NULL), 0);
	assert_int_equal(ranges.count, 1);
	assert_range(0, 2000, 100);
}

TEST(sides_may_lie_anywhere)
{
	memmove(new, new + 100 * SECTOR, SIZE - 100 * SECTOR);
	new[10 * SECTOR] ^= 1;
	sides.old_offset_bytes = 120 * SECTOR;
	sides.new_offset_bytes = 20 * SECTOR;
	sides.size_bytes = 1000 * SECTOR;
	assert_int_equal(find(NULL), 0);
	assert_int_equal(ranges.count, 0);
	sides.new_offset_bytes = 5 * SECTOR;
	sides.old_offset_bytes = 105 * SECTOR;
	assert_int_equal(prep_patch_find(&sides, &ranges, NULL), 0);
	assert_int_equal(ranges.count, 1);
	assert_range(0, 5, 1);
}

TEST(writing_the_ranges_makes_the_sides_equal)
{
	_cleanup_close_ int fd = -1;
	uint32_t random = 1;

	for (int i = 0; i < 300; i++) {
		random = random * 1664525 + 1013904223;
		change(random % SECTORS);
	}
	assert_int_equal(find(NULL), 0);
	fd = openat(scratch.fd, "old", O_RDWR | O_CLOEXEC);
	assert_int_equal(ranges_write(&ranges, fd, NULL), 0);
	assert_int_equal(pread(fd, old, SIZE, 0), SIZE);
	assert_memory_equal(old, new, SIZE);
}

TEST(only_whole_sectors_are_compared)
{
	struct pbf_reason why;

	sides.size_bytes = SIZE - 1;
	assert_int_equal(find(&why), -EINVAL);
	assert_reason(why, 0, "no number of sectors");
}

TEST(a_side_that_ends_before_says_where)
{
	struct pbf_reason why;

	sides.old_offset_bytes = SECTOR;
	assert_int_equal(find(&why), -ENODATA);
	assert_in_range(why.offset_bytes, 1, SIZE);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(equal_sides_do_not_differ),
		CLAIM(one_byte_is_one_sector),
		CLAIM(the_first_and_the_last_sector_count),
		CLAIM(changes_with_a_small_gap_between_them_are_one),
		CLAIM(changes_with_a_larger_gap_are_two),
		CLAIM(a_change_goes_on_from_one_block_to_the_next),
		CLAIM(sides_may_lie_anywhere),
		CLAIM(writing_the_ranges_makes_the_sides_equal),
		CLAIM(only_whole_sectors_are_compared),
		CLAIM(a_side_that_ends_before_says_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
