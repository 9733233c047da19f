/* SPDX-License-Identifier: BSD-2-Clause */
#include "spare.h"

#include "unit.h"

#define MIB (1u << 20)

static struct pbf_spare spare;

static int teardown(void **state)
{
	(void)state;
	pbf_spare_drop(&spare);
	return 0;
}

/* Memory that is all there: each page is written. */
static unsigned char *use(size_t size)
{
	unsigned char *memory = pbf_spare_use(&spare, size);

	assert_non_null(memory);
	memset(memory, 0x5a, size);
	return memory;
}

TEST(without_a_spare_memory_comes_from_the_kernel)
{
	unsigned char *small = use(1), *large = use(4 * MIB);

	assert_null(spare.memory);
	pbf_spare_keep(&spare, small, 1);
	assert_null(spare.memory);
	pbf_spare_keep(&spare, large, 4 * MIB);
	assert_ptr_equal(spare.memory, large);
	assert_int_equal(spare.size_bytes, 4 * MIB);
}

TEST(a_spare_is_used_once)
{
	unsigned char *first, *second, *third;

	SKIP_WHERE_EMULATED("mremap(2) moves what need not move");
	first = use(4 * MIB);
	pbf_spare_keep(&spare, first, 4 * MIB);
	second = use(4 * MIB);
	assert_ptr_equal(second, first);
	assert_null(spare.memory);
	third = use(4 * MIB);
	assert_ptr_not_equal(third, second);
	pbf_spare_keep(&spare, second, 4 * MIB);
	pbf_spare_keep(&spare, third, 4 * MIB);
}

TEST(a_spare_becomes_larger_or_smaller)
{
	unsigned char *memory = use(4 * MIB);

	pbf_spare_keep(&spare, memory, 4 * MIB);
	memory = use(9 * MIB + 5);
	assert_null(spare.memory);
	pbf_spare_keep(&spare, memory, 9 * MIB + 5);
	memory = use(MIB);
	assert_null(spare.memory);
	pbf_spare_keep(&spare, memory, MIB);
}

TEST(little_memory_leaves_the_spare_alone)
{
	unsigned char *large = use(4 * MIB), *small;

	pbf_spare_keep(&spare, large, 4 * MIB);
	small = use(MIB - 1);
	assert_ptr_equal(spare.memory, large);
	pbf_spare_keep(&spare, small, MIB - 1);
	assert_ptr_equal(spare.memory, large);
}

TEST(the_larger_one_stays)
{
	unsigned char *small = use(2 * MIB), *large = use(4 * MIB);
	unsigned char *equal = use(4 * MIB);

	pbf_spare_keep(&spare, small, 2 * MIB);
	pbf_spare_keep(&spare, large, 4 * MIB);
	assert_ptr_equal(spare.memory, large);
	pbf_spare_keep(&spare, equal, 4 * MIB);
	assert_ptr_equal(spare.memory, large);
}

TEST(a_spare_can_be_dropped_and_there_need_be_none)
{
	pbf_spare_keep(&spare, use(4 * MIB), 4 * MIB);
	pbf_spare_drop(&spare);
	assert_null(spare.memory);
	assert_int_equal(spare.size_bytes, 0);
	pbf_spare_drop(&spare);
}

TEST(more_memory_than_there_is_is_refused_and_the_spare_stays)
{
	unsigned char *memory = use(4 * MIB);

	pbf_spare_keep(&spare, memory, 4 * MIB);
	assert_null(pbf_spare_use(&spare, (size_t)1 << 60));
	assert_ptr_equal(spare.memory, memory);
}

#define CLAIM(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(without_a_spare_memory_comes_from_the_kernel),
		CLAIM(a_spare_is_used_once),
		CLAIM(a_spare_becomes_larger_or_smaller),
		CLAIM(little_memory_leaves_the_spare_alone),
		CLAIM(the_larger_one_stays),
		CLAIM(a_spare_can_be_dropped_and_there_need_be_none),
		CLAIM(more_memory_than_there_is_is_refused_and_the_spare_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
