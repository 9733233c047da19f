/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_conf.h"

#include <errno.h>

#include "unit.h"

static void assert_conf(const char *text, unsigned int partition)
{
	struct pbf_image_conf conf = { .partition = 77 };

	assert_int_equal(pbf_image_conf_parse(text, &conf, NULL), 0);
	assert_int_equal(conf.partition, partition);
}

static void assert_not_understood(const char *text, const char *line)
{
	struct pbf_image_conf conf = { .partition = 77 };
	struct pbf_reason why;

	assert_int_equal(pbf_image_conf_parse(text, &conf, &why), -EINVAL);
	assert_reason(why, PBF_REASON_NO_OFFSET, line);
	assert_int_equal(conf.partition, 77);
}

TEST(the_partition_of_an_image_can_be_said)
{
	assert_conf("[image]\npartition = 2\n", 2);
	assert_conf("[image]\npartition=9999", 9999);
	assert_conf("# comment\n\n[image]\n; comment\npartition = 2\r\n", 2);
}

TEST(nothing_need_be_said)
{
	assert_conf("", 77);
	assert_conf("[image]\n", 77);
	assert_conf("# partition = 2\n", 77);
}

TEST(a_partition_that_is_no_number_from_1_is_not_understood)
{
	assert_not_understood("[image]\npartition = 0\n", "line 2");
	assert_not_understood("[image]\npartition = 10000\n", "line 2");
	assert_not_understood("[image]\n\npartition = two\n", "line 3");
	assert_not_understood("[image]\npartition = 2x\n", "line 2");
	assert_not_understood("[image]\npartition = -2\n", "line 2");
	assert_not_understood("[image]\npartition =\n", "line 2");
}

TEST(the_code_page_of_an_image_can_be_said)
{
	struct pbf_image_conf conf = { .code_page = PBF_CODE_PAGE_437 };

	assert_int_equal(
		pbf_image_conf_parse("[image]\ncodepage = 850\n", &conf, NULL),
		0);
	assert_int_equal(conf.code_page, PBF_CODE_PAGE_850);
	assert_not_understood("[image]\ncodepage = 932\n", "line 2");
}

/* TEXT with 1000 times FILLER in the place of its only '@'. */
static char *stretched(const char *text, char filler)
{
	static char stretched[2048];
	size_t before = strcspn(text, "@");

	memcpy(stretched, text, before);
	memset(stretched + before, filler, 1000);
	strcpy(stretched + before + 1000, text + before + 1);
	return stretched;
}

TEST(a_comment_may_be_long)
{
	assert_conf(stretched("# @\n[image]\npartition = 2\n", 'x'), 2);
	assert_conf(stretched("[image]\n ;@\npartition = 2\n", '='), 2);
	assert_conf(stretched("[image]\npartition = 2\n# @", 'x'), 2);
	assert_not_understood(stretched("# @\n[image]\npart = 2\n", 'x'),
			      "line 3");
}

TEST(a_long_line_that_is_no_comment_is_not_understood)
{
	assert_not_understood(stretched("[image]\npartition = @2\n", '0'),
			      "line 2");
	assert_not_understood(stretched("[image]\n@partition = 2\n", 'x'),
			      "line 2");
}

TEST(another_key_is_not_understood)
{
	assert_not_understood("[image]\npartitions = 2\n", "line 2");
	assert_not_understood("[image]\npartition = 2\nsize = 3\n", "line 3");
}

TEST(another_section_is_not_understood)
{
	assert_not_understood("[images]\npartition = 2\n", "line 2");
	assert_not_understood("partition = 2\n", "line 1");
}

TEST(what_is_not_of_the_form_is_not_understood)
{
	assert_not_understood("[image]\npartition\n", "line 2");
	assert_not_understood("[image\n", "line 1");
}

static void assert_number(const char *text, unsigned int expected)
{
	unsigned int number = 77;

	assert_true(pbf_parse_partition(text, &number));
	assert_int_equal(number, expected);
}

static void assert_no_number(const char *text)
{
	unsigned int number = 77;

	if (pbf_parse_partition(text, &number))
		fail_msg("\"%s\" is taken for %u", text, number);
	assert_int_equal(number, 77);
}

TEST(a_partition_number_goes_from_1_to_9999)
{
	assert_number("1", 1);
	assert_number("9999", 9999);
	assert_number("007", 7);
	assert_no_number("0");
	assert_no_number("10000");
	assert_no_number("18446744073709551617");
}

TEST(a_partition_number_is_decimal_digits_and_nothing_else)
{
	assert_no_number("");
	assert_no_number(" 1");
	assert_no_number("1 ");
	assert_no_number("+1");
	assert_no_number("-1");
	assert_no_number("0x1");
	assert_no_number(":");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_partition_of_an_image_can_be_said),
		cmocka_unit_test(nothing_need_be_said),
		cmocka_unit_test(
			a_partition_that_is_no_number_from_1_is_not_understood),
		cmocka_unit_test(the_code_page_of_an_image_can_be_said),
		cmocka_unit_test(a_comment_may_be_long),
		cmocka_unit_test(
			a_long_line_that_is_no_comment_is_not_understood),
		cmocka_unit_test(another_key_is_not_understood),
		cmocka_unit_test(another_section_is_not_understood),
		cmocka_unit_test(what_is_not_of_the_form_is_not_understood),
		cmocka_unit_test(a_partition_number_goes_from_1_to_9999),
		cmocka_unit_test(
			a_partition_number_is_decimal_digits_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
