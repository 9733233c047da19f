/* SPDX-License-Identifier: BSD-2-Clause */
#include "board_name.h"

#include "unit.h"

static void assert_key(const char *name, const char *expected)
{
	char key[PBF_BOARD_KEY_BYTES];

	if (!pbf_board_key(name, key))
		fail_msg("\"%s\" is no board", name);
	assert_string_equal(key, expected);
}

static void assert_no_board(const char *name)
{
	char key[PBF_BOARD_KEY_BYTES] = "untouched";

	if (pbf_board_key(name, key))
		fail_msg("\"%s\" is taken for board %s", name, key);
	assert_string_equal(key, "untouched");
}

TEST(a_serial_of_8_digits_is_a_board)
{
	assert_key("89025d75", "89025d75");
	assert_key("00000000", "00000000");
}

TEST(upper_case_means_the_same_board)
{
	assert_key("89025D75", "89025d75");
	assert_key("ABCDEFab", "abcdefab");
	assert_key("DC-A6-32-01-36-C2", "dc-a6-32-01-36-c2");
}

TEST(a_serial_of_16_digits_counts_by_its_lower_half)
{
	assert_key("1000000089025d75", "89025d75");
	assert_key("FFFFFFFF89025D75", "89025d75");
}

TEST(a_mac_address_with_dashes_is_a_board)
{
	assert_key("dc-a6-32-01-36-c2", "dc-a6-32-01-36-c2");
}

TEST(another_number_of_digits_is_no_board)
{
	assert_no_board("");
	assert_no_board("89025d7");
	assert_no_board("89025d755");
	assert_no_board("000000089025d75");
	assert_no_board("10000000089025d75");
}

TEST(what_is_not_hex_is_no_board)
{
	assert_no_board("89025d7g");
	assert_no_board("g9025d75");
	assert_no_board("8902/d75");
	assert_no_board("8902:d75");
	assert_no_board("8902@d75");
	assert_no_board("8902`d75");
	assert_no_board("1000000089025d7g");
}

TEST(a_mac_address_in_another_form_is_no_board)
{
	assert_no_board("dc:a6:32:01:36:c2");
	assert_no_board("dc-a6-32-01-36-c");
	assert_no_board("dc-a6-32-01-36-c2-");
	assert_no_board("dc-a6-32-01-36-g2");
	assert_no_board("dca6-32-01-36-c2-");
	assert_no_board("--a6-32-01-36-c2-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_serial_of_8_digits_is_a_board),
		cmocka_unit_test(upper_case_means_the_same_board),
		cmocka_unit_test(
			a_serial_of_16_digits_counts_by_its_lower_half),
		cmocka_unit_test(a_mac_address_with_dashes_is_a_board),
		cmocka_unit_test(another_number_of_digits_is_no_board),
		cmocka_unit_test(what_is_not_hex_is_no_board),
		cmocka_unit_test(a_mac_address_in_another_form_is_no_board),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
