/* SPDX-License-Identifier: BSD-2-Clause */
#include "checked.h"

#include "unit.h"

TEST(a_sum_that_fits_is_given)
{
	uint64_t sum = 7;

	assert_true(checked_add(UINT64_MAX - 1, 1, &sum));
	assert_int_equal(sum, UINT64_MAX);
}

TEST(a_sum_that_does_not_fit_is_refused_and_not_given)
{
	uint64_t sum = 7;

	assert_false(checked_add(UINT64_MAX, 1, &sum));
	assert_int_equal(sum, 7);
}

TEST(a_product_that_fits_is_given)
{
	uint64_t product = 7;

	assert_true(checked_mul(1ull << 32, (1ull << 32) - 1, &product));
	assert_int_equal(product, 0xffffffff00000000);
}

TEST(a_product_that_does_not_fit_is_refused_and_not_given)
{
	uint64_t product = 7;

	assert_false(checked_mul(1ull << 32, 1ull << 32, &product));
	assert_int_equal(product, 7);
}

TEST(division_rounds_up_without_overflow)
{
	assert_int_equal(div_round_up(0, 512), 0);
	assert_int_equal(div_round_up(1, 512), 1);
	assert_int_equal(div_round_up(512, 512), 1);
	assert_int_equal(div_round_up(513, 512), 2);
	assert_int_equal(div_round_up(UINT64_MAX, 2), 1ull << 63);
}

TEST(powers_of_two_are_told_from_other_numbers)
{
	assert_true(is_power_of_two(1));
	assert_true(is_power_of_two(4096));
	assert_true(is_power_of_two(1ull << 63));
	assert_false(is_power_of_two(0));
	assert_false(is_power_of_two(3));
	assert_false(is_power_of_two(4097));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sum_that_fits_is_given),
		cmocka_unit_test(
			a_sum_that_does_not_fit_is_refused_and_not_given),
		cmocka_unit_test(a_product_that_fits_is_given),
		cmocka_unit_test(
			a_product_that_does_not_fit_is_refused_and_not_given),
		cmocka_unit_test(division_rounds_up_without_overflow),
		cmocka_unit_test(powers_of_two_are_told_from_other_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
