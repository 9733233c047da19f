/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_txt.h"

#include <stdio.h>

#include "config-bench.h"
#include "unit.h"

TEST(a_board_sees_its_own_filters_and_those_of_its_family)
{
	static const char text[] = "kernel=x\n[pi4]\nkernel=4\n[cm4]\n"
				   "kernel=cm4\n[pi400]\nkernel=400\n"
				   "[pi5]\nkernel=5\n[pi500]\nkernel=500\n"
				   "[pi3+]\nkernel=3+\n[pi6]\nkernel=6\n"
				   "[cm6]\nkernel=cm6\n";

	assert_kernel(text, "pi4", "4");
	assert_kernel(text, "cm4", "cm4");
	assert_kernel(text, "pi400", "400");
	assert_kernel(text, "pi5", "5");
	assert_kernel(text, "cm5", "5");
	assert_kernel(text, "pi500", "500");
	assert_kernel(text, "cm3+", "3+");
	assert_kernel(text, "pi3", "x");
	assert_kernel(text, NULL, "x");
}

TEST(a_filter_of_models_that_are_not_made_yet_is_for_others)
{
	assert_kernel("[pi9]\nkernel=a\n", "pi4", "kernel8.img");
	assert_kernel("[cm0]\nkernel=a\n", "pi4", "kernel8.img");
	assert_kernel("[pi0]\nkernel=a\n", "pi0w", "a");
}

TEST(a_board_sees_the_filter_of_its_type)
{
	static const char text[] =
		"kernel=x\n[board-type=0x11]\nkernel=4b\n[pi4]\ncmdline=c\n";

	assert_kernel(text, "pi4", "4b");
	assert_kernel(text, "pi400", "x");
	assert_kernel(text, NULL, "x");
	assert_string_equal(config_of(text, "pi400").cmdline, "c");
	assert_kernel("[board-type=20]\nkernel=cm4\n", "cm4", "cm4");
	/* Several types share the row of a Pi 1. */
	assert_kernel("[board-type=-1]\nkernel=x\n", "pi1", "kernel.img");
}

TEST(filters_of_one_type_replace_each_other)
{
	assert_kernel("[pi5]\n[pi4]\nkernel=a\n", "pi4", "a");
	assert_kernel("[pi4]\n[pi5]\nkernel=a\n", "pi4", "kernel8.img");
}

TEST(filters_of_different_types_have_to_apply_all)
{
	struct prep_config_reader reader = {
		.serial = "89025d75", .board = prep_pi_board_find("pi4")
	};
	static const char text[] = "[0x89025d75]\n[pi5]\nkernel=a\n[pi4]\n"
				   "cmdline=b\n";
	struct prep_config config = config_read_by(text, &reader);

	assert_string_equal(config.kernel, "kernel8.img");
	assert_string_equal(config.cmdline, "b");
	reader.serial = "89025d76";
	config = config_read_by(text, &reader);
	assert_string_equal(config.cmdline, "cmdline.txt");
}

TEST(a_board_sees_the_filter_of_its_serial_number)
{
	struct prep_config_reader reader = { .serial = "09025d75" };
	static const char text[] = "[0x9025D75]\ncmdline=mine\n";

	assert_string_equal(config_read_by(text, &reader).cmdline, "mine");
	reader.serial = "09025d76";
	assert_string_equal(config_read_by(text, &reader).cmdline,
			    "cmdline.txt");
	reader.serial = NULL;
	assert_string_equal(config_read_by(text, &reader).cmdline,
			    "cmdline.txt");
	assert_string_equal(
		config_read_by("[0x0]\ncmdline=x\n", &reader).cmdline,
		"cmdline.txt");
}

TEST(none_is_for_nobody_until_all)
{
	assert_kernel("[none]\n[pi4]\nkernel=a\n", "pi4", "kernel8.img");
	assert_kernel("[none]\n[pi4]\n[all]\nkernel=a\n", "pi4", "a");
}

TEST(what_cannot_be_known_here_does_not_apply)
{
	static const char *const filters[] = {
		"EDID=VSC-TD2220", "gpio4=1",	    "partition=2",
		"boot_count<3",	   "bootvar0&0x10", "boot_partition=2",
		"tryboot",
	};
	char text[128];

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		snprintf(text, sizeof(text),
			 "[%s]\nkernel=a\n[all]\ncmdline=b\n", filters[i]);
		assert_kernel(text, "pi4", "kernel8.img");
		assert_string_equal(config_of(text, "pi4").cmdline, "b");
	}
}

TEST(a_filter_that_is_not_known_changes_nothing)
{
	assert_kernel("[pi5]\n[lab]\nkernel=a\n", "pi4", "kernel8.img");
	assert_kernel("[pi4]\n[lab]\nkernel=a\n", "pi4", "a");
	assert_kernel("[pix]\n[]\n[ALL]\nkernel=a\n", "pi4", "a");
	assert_kernel("[HDMI:1]\nkernel=a\n", "pi4", "a");
	assert_kernel("[none\nkernel=a\n", "pi4", "a");
}

TEST(boards_can_be_counted_and_found)
{
	const struct prep_pi_board *board;
	size_t count = 0;

	for (; (board = prep_pi_board_at(count)); count++)
		assert_ptr_equal(prep_pi_board_find(board->name), board);
	assert_true(count >= 10);
	assert_null(prep_pi_board_at(SIZE_MAX));
	assert_null(prep_pi_board_find("pi6"));
	assert_null(prep_pi_board_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_board_sees_its_own_filters_and_those_of_its_family),
		cmocka_unit_test(
			a_filter_of_models_that_are_not_made_yet_is_for_others),
		cmocka_unit_test(a_board_sees_the_filter_of_its_type),
		cmocka_unit_test(filters_of_one_type_replace_each_other),
		cmocka_unit_test(filters_of_different_types_have_to_apply_all),
		cmocka_unit_test(a_board_sees_the_filter_of_its_serial_number),
		cmocka_unit_test(none_is_for_nobody_until_all),
		cmocka_unit_test(what_cannot_be_known_here_does_not_apply),
		cmocka_unit_test(a_filter_that_is_not_known_changes_nothing),
		cmocka_unit_test(boards_can_be_counted_and_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
