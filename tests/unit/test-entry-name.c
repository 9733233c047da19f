/* SPDX-License-Identifier: BSD-2-Clause */
#include "entry_name.h"

#include "unit.h"

static void assert_directory(const char *entry, const char *expected)
{
	char directory[PBF_ENTRY_BYTES];

	pbf_directory_of_entry(entry, directory);
	assert_string_equal(directory, expected);
}

TEST(the_suffix_of_an_image_is_cut_off)
{
	assert_directory("jammy.img", "jammy");
	assert_directory("jammy.raw", "jammy");
	assert_directory("a.b.img", "a.b");
}

TEST(only_one_suffix_is_cut_off)
{
	assert_directory("jammy.img.img", "jammy.img");
	assert_directory("jammy.img.raw", "jammy.img");
}

TEST(another_name_stays_whole)
{
	assert_directory("lab3", "lab3");
	assert_directory("jammy.IMG", "jammy.IMG");
	assert_directory("jammy.image", "jammy.image");
	assert_directory("img", "img");
}

TEST(a_suffix_alone_is_a_name)
{
	assert_false(pbf_has_image_suffix(".img"));
	assert_true(pbf_has_image_suffix("a.img"));
	assert_true(pbf_has_image_suffix("a.raw"));
	assert_false(pbf_has_image_suffix("a.conf"));
	assert_directory(".img", ".img");
}

TEST(the_longest_entry_has_a_directory)
{
	char entry[PBF_ENTRY_BYTES], directory[PBF_ENTRY_BYTES];

	memset(entry, 'n', sizeof(entry) - 1);
	entry[sizeof(entry) - 1] = '\0';
	pbf_directory_of_entry(entry, directory);
	assert_string_equal(directory, entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_suffix_of_an_image_is_cut_off),
		cmocka_unit_test(only_one_suffix_is_cut_off),
		cmocka_unit_test(another_name_stays_whole),
		cmocka_unit_test(a_suffix_alone_is_a_name),
		cmocka_unit_test(the_longest_entry_has_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
