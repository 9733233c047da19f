/* SPDX-License-Identifier: BSD-2-Clause */
#include "board_id.h"

#include <errno.h>
#include <stdlib.h>

#include "unit.h"

static void assert_serial(const char *text, const char *expected)
{
	char key[PBF_BOARD_KEY_BYTES];
	struct pbf_reason why = { .text = "" };

	if (prep_board_from_serial(text, strlen(text), key, &why) != 0)
		fail_msg("\"%s\" is refused: %s", text, why.text);
	assert_string_equal(key, expected);
}

static void assert_no_serial(const char *text, const char *words)
{
	char key[PBF_BOARD_KEY_BYTES] = "untouched";
	struct pbf_reason why;

	if (prep_board_from_serial(text, strlen(text), key, &why) != -EINVAL)
		fail_msg("\"%s\" is taken for board %s", text, key);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
	assert_string_equal(key, "untouched");
}

static void assert_mac(const char *text, const char *expected)
{
	char key[PBF_BOARD_KEY_BYTES];

	if (prep_board_from_mac(text, key, NULL) != 0)
		fail_msg("\"%s\" is refused", text);
	assert_string_equal(key, expected);
}

static void assert_no_mac(const char *text)
{
	char key[PBF_BOARD_KEY_BYTES] = "untouched";
	struct pbf_reason why;

	if (prep_board_from_mac(text, key, &why) != -EINVAL)
		fail_msg("\"%s\" is taken for board %s", text, key);
	assert_reason(why, PBF_REASON_NO_OFFSET, "dc:a6:32:01:36:c2");
	assert_string_equal(key, "untouched");
}

TEST(a_serial_number_has_8_or_16_hex_digits)
{
	assert_serial("89025d75", "89025d75");
	assert_serial("89025D75", "89025d75");
	assert_serial("1000000089025d75", "89025d75");
	assert_no_serial("9025d75", "not 7: if zeroes in front are missing, it "
				    "is 09025d75");
	assert_no_serial("A\n", "8 or 16 hex digits, and not 1");
	assert_no_serial("089025d75", "8 or 16 hex digits");
	assert_no_serial("10000000089025d75", "8 or 16 hex digits");
	assert_no_serial("89025d7g", "8 or 16 hex digits");
	assert_no_serial("", "8 or 16 hex digits");
}

TEST(the_upper_half_of_a_pi_5_may_be_anything)
{
	assert_serial("0c8f7e5cbd989ae1", "bd989ae1");
}

TEST(blanks_around_a_serial_number_do_not_count)
{
	assert_serial(" 89025d75\r\n", "89025d75");
	assert_no_serial("8902 5d75", "8 or 16 hex digits");
}

TEST(a_number_with_0x_may_lack_its_leading_zeroes)
{
	assert_serial("0x12345678", "12345678");
	assert_serial("0xd9465BDC", "d9465bdc");
	assert_serial("0X9025d75", "09025d75");
	assert_serial("0x9", "00000009");
	assert_serial("0x1000000009025d75", "09025d75");
	assert_no_serial("0x", "8 or 16 hex digits");
	assert_no_serial("0x1000000009025d751", "8 or 16 hex digits");
	assert_no_serial("0x9025d7g", "8 or 16 hex digits");
	assert_no_serial("0x-025d7", "8 or 16 hex digits");
	assert_no_serial("1x12345678", "8 or 16 hex digits");
}

TEST(a_line_of_cpuinfo_names_the_board)
{
	assert_serial("Serial\t\t: 1000000089025d75\n", "89025d75");
	assert_serial("Serial          : 1000000089025d75", "89025d75");
	assert_serial("Serial:89025D75\r\n", "89025d75");
	assert_serial("# x\n \tSerial : 89025D75\n", "89025d75");
	assert_no_serial("Serial\t\t 1000000089025d75\n",
			 "nor a line \"Serial");
	assert_no_serial("Serial number: 89025d75\n", "nor a line \"Serial");
	assert_no_serial("serial: 89025d75\n", "nor a line \"Serial");
}

TEST(all_of_cpuinfo_names_the_board)
{
	assert_serial("processor\t: 0\nBogoMIPS\t: 108.00\n"
		      "CPU implementer\t: 0x41\n\n"
		      "Revision\t: c03111\nSerial\t\t: 1000000089025d75\n"
		      "Model\t\t: Raspberry Pi 4 Model B Rev 1.1\n",
		      "89025d75");
	assert_no_serial("processor\t: 0\nRevision\t: c03111\n",
			 "nor a line \"Serial");
}

TEST(a_line_without_a_serial_number_is_refused)
{
	assert_no_serial("Serial\t\t:\n", "what follows \"Serial\"");
	assert_no_serial("Serial\t\t: 89025d7\n", "what follows \"Serial\"");
	assert_no_serial("Serial\t: dc-a6-32-01-36-c2\n",
			 "what follows \"Serial\"");
}

TEST(two_boards_in_one_text_are_refused)
{
	assert_serial("Serial: 1000000089025d75\nSerial: 89025D75\n",
		      "89025d75");
	assert_no_serial("Serial: 89025d75\nSerial: 89025d76\n",
			 "names two boards, 89025d75 and 89025d76");
}

TEST(a_hardware_address_is_no_serial_number)
{
	assert_no_serial("dc-a6-32-01-36-c2", "8 or 16 hex digits");
}

TEST(bytes_behind_a_nul_do_not_count_as_digits)
{
	char key[PBF_BOARD_KEY_BYTES];

	assert_int_equal(prep_board_from_serial("8902\0d75", 8, key, NULL),
			 -EINVAL);
	assert_int_equal(prep_board_from_serial("89025d75\0", 9, key, NULL),
			 -EINVAL);
	assert_int_equal(prep_board_from_serial("89025d75x", 8, key, NULL), 0);
}

TEST(a_text_may_have_four_mebibytes)
{
	size_t length = (size_t)4 << 20;
	char *text = malloc(length + 1);
	char key[PBF_BOARD_KEY_BYTES];
	struct pbf_reason why;

	assert_non_null(text);
	memset(text, '\n', length + 1);
	memcpy(text + length - 16, "Serial: 89025d75", 16);
	assert_int_equal(prep_board_from_serial(text, length, key, NULL), 0);
	assert_int_equal(prep_board_from_serial(text, length + 1, key, &why),
			 -EINVAL);
	assert_reason(why, PBF_REASON_NO_OFFSET, "too long");
	free(text);
}

TEST(a_hardware_address_has_colons_or_dashes)
{
	assert_mac("dc-a6-32-01-36-c2", "dc-a6-32-01-36-c2");
	assert_mac("DC:A6:32:01:36:C2", "dc-a6-32-01-36-c2");
	assert_mac("DC-A6-32-01-36-C2\n", "dc-a6-32-01-36-c2");
	assert_no_mac("dc:a6:32-01-36-c2");
	assert_no_mac("dca6320136c2");
	assert_no_mac("dc:a6:32:01:36:c");
	assert_no_mac("dc:a6:32:01:36:c2:00");
	assert_no_mac("dc:a6:32:01:36:g2");
	assert_no_mac("");
}

TEST(a_serial_number_is_no_hardware_address)
{
	assert_no_mac("89025d75");
	assert_no_mac("1000000089025d75");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_serial_number_has_8_or_16_hex_digits),
		cmocka_unit_test(the_upper_half_of_a_pi_5_may_be_anything),
		cmocka_unit_test(blanks_around_a_serial_number_do_not_count),
		cmocka_unit_test(a_number_with_0x_may_lack_its_leading_zeroes),
		cmocka_unit_test(a_line_of_cpuinfo_names_the_board),
		cmocka_unit_test(all_of_cpuinfo_names_the_board),
		cmocka_unit_test(a_line_without_a_serial_number_is_refused),
		cmocka_unit_test(two_boards_in_one_text_are_refused),
		cmocka_unit_test(a_hardware_address_is_no_serial_number),
		cmocka_unit_test(bytes_behind_a_nul_do_not_count_as_digits),
		cmocka_unit_test(a_text_may_have_four_mebibytes),
		cmocka_unit_test(a_hardware_address_has_colons_or_dashes),
		cmocka_unit_test(a_serial_number_is_no_hardware_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
