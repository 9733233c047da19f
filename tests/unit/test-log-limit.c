/* SPDX-License-Identifier: BSD-2-Clause */
#include "log_limit.h"

#include <stdio.h>

#include "unit.h"

#define NOW_MS 1000000

static struct log_limit limit;

static int setup(void **state)
{
	(void)state;
	memset(&limit, 0, sizeof(limit));
	return 0;
}

/* How many of COUNT messages about SUBJECT are admitted at NOW_MS. */
static int admitted(const char *subject, int count, int64_t now_ms)
{
	int sum = 0;

	for (int i = 0; i < count; i++)
		sum += log_limit_admit(&limit, subject, subject, now_ms);
	return sum;
}

static void assert_due(int64_t now_ms, const char *name, unsigned long number)
{
	unsigned long held;
	const char *found = log_limit_due(&limit, now_ms, &held);

	assert_non_null(found);
	assert_string_equal(found, name);
	assert_int_equal(held, number);
}

static void assert_nothing_due(int64_t now_ms)
{
	unsigned long held;

	assert_null(log_limit_due(&limit, now_ms, &held));
}

TEST(a_burst_is_admitted_and_the_rest_counted)
{
	assert_int_equal(admitted("a.img", 65535, NOW_MS), LOG_LIMIT_BURST);
	assert_due(INT64_MAX, "a.img", 65535 - LOG_LIMIT_BURST);
	assert_nothing_due(INT64_MAX);
}

TEST(what_is_not_too_much_is_not_counted)
{
	assert_int_equal(admitted("a.img", LOG_LIMIT_BURST, NOW_MS),
			 LOG_LIMIT_BURST);
	assert_nothing_due(INT64_MAX);
	assert_int_equal(log_limit_next_ms(&limit), INT64_MAX);
}

TEST(the_number_is_told_when_the_interval_ends)
{
	admitted("a.img", LOG_LIMIT_BURST + 3, NOW_MS);
	assert_int_equal(log_limit_next_ms(&limit),
			 NOW_MS + LOG_LIMIT_INTERVAL_MS);
	assert_nothing_due(NOW_MS + LOG_LIMIT_INTERVAL_MS - 1);
	assert_due(NOW_MS + LOG_LIMIT_INTERVAL_MS, "a.img", 3);
}

TEST(the_number_is_told_with_the_next_message)
{
	int64_t later_ms = NOW_MS + LOG_LIMIT_INTERVAL_MS;

	admitted("a.img", LOG_LIMIT_BURST, NOW_MS);
	admitted("a.img", 3, later_ms - 1);
	assert_nothing_due(later_ms);
	assert_int_equal(admitted("a.img", 1, later_ms), 1);
	assert_due(later_ms, "a.img", 3);
}

TEST(a_fault_that_comes_later_is_admitted_while_a_flood_goes_on)
{
	admitted("a.img", 65535, NOW_MS);
	for (int i = 1; i < 100; i++)
		assert_int_equal(admitted("a.img", 65535,
					  NOW_MS + i * LOG_LIMIT_INTERVAL_MS),
				 1);
}

TEST(after_a_rest_a_whole_burst_is_admitted)
{
	int64_t later_ms = NOW_MS + LOG_LIMIT_BURST * LOG_LIMIT_INTERVAL_MS;

	admitted("a.img", LOG_LIMIT_BURST, NOW_MS);
	assert_int_equal(admitted("a.img", 65535, later_ms), LOG_LIMIT_BURST);
}

TEST(one_subject_takes_nothing_from_another)
{
	admitted("a.img", 65535, NOW_MS);
	assert_int_equal(admitted("b.img", 5, NOW_MS), 5);
	assert_due(INT64_MAX, "a.img", 65535 - LOG_LIMIT_BURST);
	assert_nothing_due(INT64_MAX);
}

static const char *nth(int number)
{
	static char name[32];

	snprintf(name, sizeof(name), "%d.img", number);
	return name;
}

TEST(all_subjects_together_have_a_bound)
{
	int sum = 0;

	for (int i = 0; i < 250; i++)
		sum += admitted(nth(i), 5, NOW_MS);
	assert_int_equal(sum, LOG_LIMIT_BURST_ALL);
	for (int i = LOG_LIMIT_BURST_ALL / 5; i < 250; i++)
		assert_due(INT64_MAX, nth(i), 5);
	assert_int_equal(
		admitted("z.img", 5, NOW_MS + LOG_LIMIT_INTERVAL_ALL_MS), 1);
}

TEST(more_subjects_than_there_is_room_for_are_one)
{
	int subjects = LOG_LIMIT_SUBJECTS - 1;

	for (int i = 0; i < subjects + 7; i++)
		admitted(nth(i), 100, NOW_MS);
	assert_due(INT64_MAX, "other subjects", 700);
}

TEST(a_subject_at_rest_makes_room_for_another)
{
	int64_t later_ms = NOW_MS + LOG_LIMIT_BURST * LOG_LIMIT_INTERVAL_MS;
	unsigned long held;

	for (int i = 0; i < 1000; i++)
		admitted(nth(i), 1, NOW_MS);
	while (log_limit_due(&limit, INT64_MAX, &held))
		;
	admitted("new.img", LOG_LIMIT_BURST + 1, later_ms);
	assert_due(INT64_MAX, "new.img", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_burst_is_admitted_and_the_rest_counted,
				       setup),
		cmocka_unit_test_setup(what_is_not_too_much_is_not_counted,
				       setup),
		cmocka_unit_test_setup(
			the_number_is_told_when_the_interval_ends, setup),
		cmocka_unit_test_setup(the_number_is_told_with_the_next_message,
				       setup),
		cmocka_unit_test_setup(
			a_fault_that_comes_later_is_admitted_while_a_flood_goes_on,
			setup),
		cmocka_unit_test_setup(after_a_rest_a_whole_burst_is_admitted,
				       setup),
		cmocka_unit_test_setup(one_subject_takes_nothing_from_another,
				       setup),
		cmocka_unit_test_setup(all_subjects_together_have_a_bound,
				       setup),
		cmocka_unit_test_setup(
			more_subjects_than_there_is_room_for_are_one, setup),
		cmocka_unit_test_setup(a_subject_at_rest_makes_room_for_another,
				       setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
