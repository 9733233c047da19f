/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "unit.h"
#include "utf.h"

static void assert_encodes(uint32_t code_point, const char *utf8)
{
	char out[PBF_UTF8_MAX + 1] = { 0 };
	size_t length = pbf_utf8_encode(code_point, out);

	assert_int_equal(length, strlen(utf8));
	assert_memory_equal(out, utf8, length);
}

TEST(code_points_encode_at_the_edges_of_each_length)
{
	assert_encodes(0x7f, "\x7f");
	assert_encodes(0x80, "\xc2\x80");
	assert_encodes(0x7ff, "\xdf\xbf");
	assert_encodes(0x800, "\xe0\xa0\x80");
	assert_encodes(0xffff, "\xef\xbf\xbf");
	assert_encodes(0x10000, "\xf0\x90\x80\x80");
	assert_encodes(0x10ffff, "\xf4\x8f\xbf\xbf");
}

static void assert_next(const char *text, uint32_t code_point, size_t length)
{
	const char *rest = text;

	assert_int_equal(pbf_utf8_next(&rest), code_point);
	assert_int_equal(rest - text, length);
}

TEST(code_points_decode_at_the_edges_of_each_length)
{
	assert_next("\x7f", 0x7f, 1);
	assert_next("\xc2\x80", 0x80, 2);
	assert_next("\xdf\xbf", 0x7ff, 2);
	assert_next("\xe0\xa0\x80", 0x800, 3);
	assert_next("\xed\x9f\xbf", 0xd7ff, 3);
	assert_next("\xee\x80\x80", 0xe000, 3);
	assert_next("\xf0\x90\x80\x80", 0x10000, 4);
	assert_next("\xf4\x8f\xbf\xbf", 0x10ffff, 4);
}

TEST(the_end_decodes_as_0_and_does_not_move)
{
	assert_next("", 0, 0);
}

TEST(an_overlong_form_is_no_code_point)
{
	assert_next("\xc1\xbf", 0xdcc1, 1);
	assert_next("\xe0\x9f\xbf", 0xdce0, 1);
	assert_next("\xf0\x8f\xbf\xbf", 0xdcf0, 1);
}

TEST(a_surrogate_in_utf_8_is_no_code_point)
{
	assert_next("\xed\xa0\x80", 0xdced, 1);
	assert_next("\xed\xbf\xbf", 0xdced, 1);
}

TEST(more_than_10ffff_is_no_code_point)
{
	assert_next("\xf4\x90\x80\x80", 0xdcf4, 1);
	assert_next("\xf5\x80\x80\x80", 0xdcf5, 1);
	assert_next("\xff", 0xdcff, 1);
}

TEST(a_sequence_that_is_cut_short_comes_byte_by_byte)
{
	assert_next("\xe2\x82", 0xdce2, 1);
	assert_next("\x82", 0xdc82, 1);
	assert_next("\x80", 0xdc80, 1);
	assert_next("\xe2\x82x", 0xdce2, 1);
	assert_next("\xe2\x82\xac", 0x20ac, 3);
}

static void assert_utf16(const uint16_t *units, size_t count, const char *utf8)
{
	char out[64];

	pbf_utf16_to_utf8(units, count, out);
	assert_string_equal(out, utf8);
}

TEST(a_surrogate_pair_is_one_code_point)
{
	const uint16_t pair[] = { 'a', 0xd83c, 0xdf53, 'b' };

	assert_utf16(pair, 4,
		     "a\xf0\x9f\x8d\x93"
		     "b");
}

TEST(the_edges_of_the_surrogates_pair_up)
{
	const uint16_t lowest[] = { 0xd800, 0xdc00 };
	const uint16_t highest[] = { 0xdbff, 0xdfff };

	assert_utf16(lowest, 2, "\xf0\x90\x80\x80");
	assert_utf16(highest, 2, "\xf4\x8f\xbf\xbf");
}

TEST(a_lone_surrogate_is_replaced_and_never_dropped)
{
	const uint16_t high[] = { 0xd83c, 'a' };
	const uint16_t last[] = { 'a', 0xd83c };
	const uint16_t low[] = { 0xdf53, 'a' };
	const uint16_t two_high[] = { 0xd83c, 0xd83c, 0xdf53 };
	const uint16_t edges[] = { 0xd800, 0xdbff, 'a', 0xdc00, 0xdfff };
	const uint16_t no_low[] = { 'a', 0xd83c, 0xe000 };
	const uint16_t none[] = { 0xd7ff, 0xe000 };

	assert_utf16(high, 2,
		     "\xef\xbf\xbd"
		     "a");
	assert_utf16(last, 2, "a\xef\xbf\xbd");
	assert_utf16(low, 2,
		     "\xef\xbf\xbd"
		     "a");
	assert_utf16(two_high, 3, "\xef\xbf\xbd\xf0\x9f\x8d\x93");
	assert_utf16(edges, 5,
		     "\xef\xbf\xbd\xef\xbf\xbd"
		     "a"
		     "\xef\xbf\xbd\xef\xbf\xbd");
	assert_utf16(no_low, 3, "a\xef\xbf\xbd\xee\x80\x80");
	assert_utf16(none, 2, "\xed\x9f\xbf\xee\x80\x80");
}

TEST(a_pair_is_not_completed_by_what_lies_behind_the_name)
{
	const uint16_t units[] = { 'a', 0xd83c, 0xdf53 };

	assert_utf16(units, 2, "a\xef\xbf\xbd");
}

TEST(code_page_437_is_ascii_below_and_its_own_above)
{
	assert_int_equal(pbf_code_page_to_unicode(PBF_CODE_PAGE_437, 'A'), 'A');
	assert_int_equal(pbf_code_page_to_unicode(PBF_CODE_PAGE_437, 0x7f),
			 0x7f);
	assert_int_equal(pbf_code_page_to_unicode(PBF_CODE_PAGE_437, 0x80),
			 0xc7); /* C cedilla */
	assert_int_equal(pbf_code_page_to_unicode(PBF_CODE_PAGE_437, 0x9a),
			 0xdc); /* U umlaut */
	assert_int_equal(pbf_code_page_to_unicode(PBF_CODE_PAGE_437, 0xe1),
			 0xdf); /* sharp s */
	assert_int_equal(pbf_code_page_to_unicode(PBF_CODE_PAGE_437, 0xff),
			 0x00a0); /* hard blank */
}

TEST(code_page_850_has_letters_where_437_has_lines)
{
	assert_int_equal(pbf_code_page_to_unicode(PBF_CODE_PAGE_850, 'z'), 'z');
	/* O with a stroke; a cent sign */
	assert_int_equal(pbf_code_page_to_unicode(PBF_CODE_PAGE_850, 0x9d),
			 0xd8);
	assert_int_equal(pbf_code_page_to_unicode(PBF_CODE_PAGE_437, 0x9d),
			 0xa5);
	/* A with a tilde; a line down and left */
	assert_int_equal(pbf_code_page_to_unicode(PBF_CODE_PAGE_850, 0xc7),
			 0xc3);
	assert_int_equal(pbf_code_page_to_unicode(PBF_CODE_PAGE_437, 0xc7),
			 0x255f);
}

TEST(a_code_page_has_one_of_two_numbers)
{
	enum pbf_code_page page = PBF_CODE_PAGE_437;

	assert_true(pbf_parse_code_page("850", &page));
	assert_int_equal(page, PBF_CODE_PAGE_850);
	assert_false(pbf_parse_code_page("932", &page));
	assert_false(pbf_parse_code_page("0850", &page));
	assert_false(pbf_parse_code_page("", &page));
	assert_int_equal(page, PBF_CODE_PAGE_850);
	assert_true(pbf_parse_code_page("437", &page));
	assert_int_equal(page, PBF_CODE_PAGE_437);
}

TEST(case_folds_in_ascii_and_beyond)
{
	assert_int_equal(pbf_fold_case('a'), 'A');
	assert_int_equal(pbf_fold_case('z'), 'Z');
	assert_int_equal(pbf_fold_case(0xe4), 0xc4);   /* a umlaut */
	assert_int_equal(pbf_fold_case(0x3c9), 0x3a9); /* omega */
	assert_int_equal(pbf_fold_case(0x44f), 0x42f); /* Cyrillic ya */
	assert_int_equal(pbf_lower_case('A'), 'a');
	assert_int_equal(pbf_lower_case('Z'), 'z');
	assert_int_equal(pbf_lower_case(0xc4), 0xe4);
}

TEST(what_has_no_case_stays_as_it_is)
{
	static const char none[] = "@[`{/~019";

	for (const char *p = none; *p; p++) {
		assert_int_equal(pbf_fold_case((unsigned char)*p), *p);
		assert_int_equal(pbf_lower_case((unsigned char)*p), *p);
	}
	assert_int_equal(pbf_fold_case(0xdc80), 0xdc80);
}

TEST(no_letter_outside_ascii_folds_into_it)
{
	assert_int_equal(pbf_fold_case(0x131), 0x131);	  /* dotless i */
	assert_int_equal(pbf_fold_case(0x17f), 0x17f);	  /* long s */
	assert_int_equal(pbf_lower_case(0x130), 0x130);	  /* I with a dot */
	assert_int_equal(pbf_lower_case(0x212a), 0x212a); /* Kelvin sign */
}

TEST(strings_are_equal_when_only_case_differs)
{
	assert_true(pbf_equal_folded("config.txt", "CONFIG.TXT"));
	assert_true(pbf_equal_folded("\xc3\xa4", "\xc3\x84"));
	assert_true(pbf_equal_folded("", ""));
	assert_false(pbf_equal_folded("config.txt", "config.tx"));
	assert_false(pbf_equal_folded("config.tx", "config.txt"));
	assert_false(pbf_equal_folded("a", "b"));
}

TEST(broken_utf_8_equals_only_itself)
{
	assert_true(pbf_equal_folded("a\xff", "A\xff"));
	assert_false(pbf_equal_folded("\xff", "\xfe"));
	assert_false(pbf_equal_folded("\xff", "\xc3\xbf"));
}

static void assert_masked(const char *text, const char *expected)
{
	char buffer[64];

	snprintf(buffer, sizeof(buffer), "%s", text);
	pbf_utf_mask(buffer);
	assert_string_equal(buffer, expected);
}

TEST(control_characters_are_masked)
{
	assert_masked("a\x01z\n\r\t\x1b[m\x1f", "a?z????[m?");
	assert_masked("a\x7f ~", "a? ~");
	assert_masked("\xc2\x80-\xc2\x9b-\xc2\x9f-\xc2\xa0", "?-?-?-\xc2\xa0");
}

TEST(marks_that_turn_the_direction_of_writing_are_masked)
{
	assert_masked("\xd8\x9b\xd8\x9c\xd8\x9d", "\xd8\x9b?\xd8\x9d");
	assert_masked("\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\x90",
		      "\xe2\x80\x8d??\xe2\x80\x90");
	assert_masked("\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf", "??\xe2\x80\xaf");
	assert_masked("\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa",
		      "\xe2\x81\xa5??\xe2\x81\xaa");
}

TEST(line_separators_are_masked)
{
	assert_masked("\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9", "\xe2\x80\xa7??");
}

TEST(bytes_that_are_not_utf_8_are_masked_one_by_one)
{
	assert_masked("a\x9b\xff\xe2\x80", "a????");
	assert_masked("\xed\xa0\x80", "???"); /* a surrogate */
}

TEST(other_text_stays_as_it_is)
{
	assert_masked("", "");
	assert_masked("bcm2711-rpi-4-b.dtb", "bcm2711-rpi-4-b.dtb");
	assert_masked("\xc3\xa4 \xe4\xb8\xad \xf0\x9f\x98\x80",
		      "\xc3\xa4 \xe4\xb8\xad \xf0\x9f\x98\x80");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			code_points_encode_at_the_edges_of_each_length),
		cmocka_unit_test(
			code_points_decode_at_the_edges_of_each_length),
		cmocka_unit_test(the_end_decodes_as_0_and_does_not_move),
		cmocka_unit_test(an_overlong_form_is_no_code_point),
		cmocka_unit_test(a_surrogate_in_utf_8_is_no_code_point),
		cmocka_unit_test(more_than_10ffff_is_no_code_point),
		cmocka_unit_test(
			a_sequence_that_is_cut_short_comes_byte_by_byte),
		cmocka_unit_test(a_surrogate_pair_is_one_code_point),
		cmocka_unit_test(the_edges_of_the_surrogates_pair_up),
		cmocka_unit_test(
			a_lone_surrogate_is_replaced_and_never_dropped),
		cmocka_unit_test(
			a_pair_is_not_completed_by_what_lies_behind_the_name),
		cmocka_unit_test(
			code_page_437_is_ascii_below_and_its_own_above),
		cmocka_unit_test(code_page_850_has_letters_where_437_has_lines),
		cmocka_unit_test(a_code_page_has_one_of_two_numbers),
		cmocka_unit_test(case_folds_in_ascii_and_beyond),
		cmocka_unit_test(what_has_no_case_stays_as_it_is),
		cmocka_unit_test(no_letter_outside_ascii_folds_into_it),
		cmocka_unit_test(strings_are_equal_when_only_case_differs),
		cmocka_unit_test(broken_utf_8_equals_only_itself),
		cmocka_unit_test(control_characters_are_masked),
		cmocka_unit_test(
			marks_that_turn_the_direction_of_writing_are_masked),
		cmocka_unit_test(line_separators_are_masked),
		cmocka_unit_test(
			bytes_that_are_not_utf_8_are_masked_one_by_one),
		cmocka_unit_test(other_text_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
