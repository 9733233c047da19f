/* SPDX-License-Identifier: BSD-2-Clause */
#include "listing.h"

#include <stdio.h>

#include "unit.h"

static void assert_item(const struct listing *listing, size_t index,
			const char *name, bool is_directory)
{
	bool found_directory = !is_directory;

	assert_string_equal(listing_at(listing, index, &found_directory), name);
	assert_int_equal(found_directory, is_directory);
}

TEST(a_new_listing_is_empty)
{
	struct listing *listing = listing_new();
	bool is_directory;

	assert_null(listing_at(listing, 0, &is_directory));
	listing_free(listing);
}

TEST(names_stay_in_the_order_they_came_in)
{
	struct listing *listing = listing_new();
	bool is_directory;

	assert_int_equal(listing_add(listing, "zebra", false), 0);
	assert_int_equal(listing_add(listing, "ape", true), 0);
	assert_item(listing, 0, "zebra", false);
	assert_item(listing, 1, "ape", true);
	assert_null(listing_at(listing, 2, &is_directory));
	listing_free(listing);
}

TEST(a_name_is_there_once_and_the_first_one_counts)
{
	struct listing *listing = listing_new();
	bool is_directory;

	assert_int_equal(listing_add(listing, "name", false), 0);
	assert_int_equal(listing_add(listing, "Name", false), 0);
	assert_int_equal(listing_add(listing, "name", true), 0);
	assert_item(listing, 0, "name", false);
	assert_item(listing, 1, "Name", false);
	assert_null(listing_at(listing, 2, &is_directory));
	listing_free(listing);
}

TEST(a_name_is_copied)
{
	struct listing *listing = listing_new();
	char name[] = "name";

	assert_int_equal(listing_add(listing, name, false), 0);
	name[0] = 'f';
	assert_item(listing, 0, "name", false);
	listing_free(listing);
}

TEST(many_names_are_each_there_once)
{
	struct listing *listing = listing_new();
	bool is_directory;
	char name[16];

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < 10000; i++) {
			snprintf(name, sizeof(name), "file%zu", i);
			assert_int_equal(listing_add(listing, name, i % 2), 0);
		}
	for (size_t i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "file%zu", i);
		assert_item(listing, i, name, i % 2);
	}
	assert_null(listing_at(listing, 10000, &is_directory));
	listing_free(listing);
}

TEST(freeing_nothing_is_allowed)
{
	listing_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_listing_is_empty),
		cmocka_unit_test(names_stay_in_the_order_they_came_in),
		cmocka_unit_test(a_name_is_there_once_and_the_first_one_counts),
		cmocka_unit_test(a_name_is_copied),
		cmocka_unit_test(many_names_are_each_there_once),
		cmocka_unit_test(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
