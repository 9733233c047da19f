/* SPDX-License-Identifier: BSD-2-Clause */
#include "autoboot.h"

#include "unit.h"

static void assert_partition(const char *text, unsigned int expected)
{
	unsigned int partition =
		pbf_autoboot_parse(text, strlen(text)).partition;

	if (partition != expected)
		fail_msg("partition %u of \"%s\"", partition, text);
}

TEST(a_partition_under_all_applies)
{
	assert_partition("[all]\nboot_partition=2\n", 2);
	assert_partition("[ALL]\nboot_partition=2\n", 2);
}

TEST(a_partition_before_any_section_applies)
{
	assert_partition("boot_partition=3", 3);
}

TEST(a_partition_under_another_section_does_not_apply)
{
	assert_partition("[tryboot]\nboot_partition=3\n", 0);
	assert_partition("[all]\nboot_partition=2\n"
			 "[tryboot]\nboot_partition=3\n",
			 2);
	assert_partition("[tryboot]\nboot_partition=3\n"
			 "[all]\nboot_partition=2\n",
			 2);
}

TEST(the_last_one_counts)
{
	assert_partition("boot_partition=3\n[all]\nboot_partition=2\n", 2);
}

TEST(lines_end_as_on_linux_or_as_on_windows)
{
	assert_partition("[all]\r\ntryboot_a_b=1\r\nboot_partition=2\r\n", 2);
}

TEST(blanks_before_a_line_do_not_count)
{
	assert_partition(" \t[all]\n \tboot_partition=2\n", 2);
}

TEST(a_comment_says_nothing)
{
	assert_partition("#boot_partition=2\n", 0);
	assert_partition("", 0);
}

TEST(a_number_that_no_partition_has_is_ignored)
{
	assert_partition("boot_partition=9999\n", 9999);
	assert_partition("boot_partition=2\nboot_partition=10000\n", 2);
	assert_partition("boot_partition=99999999999999999999\n", 0);
	assert_partition("boot_partition=\n", 0);
	assert_partition("boot_partition=x\n", 0);
}

TEST(the_text_ends_where_it_is_said_to_end)
{
	assert_int_equal(pbf_autoboot_parse("boot_partition=23", 16).partition,
			 2);
}

TEST(what_the_bootloader_does_not_read_does_not_count)
{
	char text[PBF_AUTOBOOT_BYTES_MAX + 40];

	memset(text, '#', sizeof(text));
	memcpy(text + PBF_AUTOBOOT_BYTES_MAX - 17, "\nboot_partition=2", 17);
	assert_int_equal(pbf_autoboot_parse(text, sizeof(text)).partition, 2);
	memcpy(text + PBF_AUTOBOOT_BYTES_MAX, "\nboot_partition=3\n", 18);
	assert_int_equal(pbf_autoboot_parse(text, sizeof(text)).partition, 2);
}

static void assert_tryboot(const char *text, bool a_b, unsigned int partition)
{
	struct pbf_autoboot autoboot = pbf_autoboot_parse(text, strlen(text));

	if (autoboot.tryboot_a_b != a_b ||
	    autoboot.tryboot_partition != partition)
		fail_msg("tryboot_a_b %d, partition %u of \"%s\"",
			 autoboot.tryboot_a_b, autoboot.tryboot_partition,
			 text);
}

TEST(tryboot_a_b_is_1_under_all_or_tryboot)
{
	assert_tryboot("tryboot_a_b=1", true, 0);
	assert_tryboot("[all]\ntryboot_a_b=1\n", true, 0);
	assert_tryboot("[tryboot]\ntryboot_a_b=1\n", true, 0);
	assert_tryboot("[none]\ntryboot_a_b=1\n", false, 0);
	assert_tryboot("#tryboot_a_b=1\n", false, 0);
	assert_tryboot("tryboot_a_b=0\n", false, 0);
	assert_tryboot("tryboot_a_b=11\n", false, 0);
	assert_tryboot("tryboot_a_b=1\ntryboot_a_b=0\n", false, 0);
}

TEST(a_partition_under_tryboot_is_for_that)
{
	assert_tryboot("[all]\ntryboot_a_b=1\nboot_partition=2\n"
		       "[TRYBOOT]\nboot_partition=3\n",
		       true, 3);
	assert_tryboot("boot_partition=2\n[none]\nboot_partition=3\n", false,
		       0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_partition_under_all_applies),
		cmocka_unit_test(a_partition_before_any_section_applies),
		cmocka_unit_test(
			a_partition_under_another_section_does_not_apply),
		cmocka_unit_test(the_last_one_counts),
		cmocka_unit_test(lines_end_as_on_linux_or_as_on_windows),
		cmocka_unit_test(blanks_before_a_line_do_not_count),
		cmocka_unit_test(a_comment_says_nothing),
		cmocka_unit_test(a_number_that_no_partition_has_is_ignored),
		cmocka_unit_test(the_text_ends_where_it_is_said_to_end),
		cmocka_unit_test(
			what_the_bootloader_does_not_read_does_not_count),
		cmocka_unit_test(tryboot_a_b_is_1_under_all_or_tryboot),
		cmocka_unit_test(a_partition_under_tryboot_is_for_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
