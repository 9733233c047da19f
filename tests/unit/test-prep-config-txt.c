/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_txt.h"

#include <errno.h>

#include "config-bench.h"
#include "unit.h"

#define UBUNTU_JAMMY                                                     \
	"[all]\nkernel=vmlinuz\ncmdline=cmdline.txt\n"                   \
	"initramfs initrd.img followkernel\n\n[pi4]\n"                   \
	"max_framebuffers=2\narm_boost=1\n\n[all]\n# Enable the audio\n" \
	"dtparam=audio=on\n\n[cm4]\ndtoverlay=dwc2,dr_mode=host\n\n"     \
	"[all]\narm_64bit=1\n"

TEST(ubuntu_says_all_names)
{
	struct prep_config config = config_of(UBUNTU_JAMMY, "pi4");
	char path[PREP_CONFIG_PATH_BYTES];

	assert_string_equal(config.os_prefix, "");
	assert_string_equal(config.kernel, "vmlinuz");
	assert_string_equal(config.kernel_fallback, "");
	assert_string_equal(config.initramfs, "initrd.img");
	assert_false(config.is_auto_initramfs);
	assert_string_equal(config.cmdline, "cmdline.txt");
	assert_string_equal(config.device_tree, "bcm2711-rpi-4-b.dtb");
	assert_string_equal(config.overlay_prefix, "overlays/");
	assert_true(config.is_64bit);
	prep_config_path(&config, config.cmdline, path);
	assert_string_equal(path, "cmdline.txt");
}

#define UBUNTU_RESOLUTE                                            \
	"[all]\nos_prefix=current/\nkernel=vmlinuz\n"              \
	"cmdline=cmdline.txt\ninitramfs initrd.img followkernel\n" \
	"[tryboot]\nos_prefix=new/\n[all]\ndtparam=audio=on\n"

TEST(ubuntu_from_25_10_has_its_files_in_current)
{
	struct prep_config_reader reader = { .is_tryboot = true };
	struct prep_config config = config_of(UBUNTU_RESOLUTE, NULL);
	char path[PREP_CONFIG_PATH_BYTES];

	prep_config_path(&config, config.cmdline, path);
	assert_string_equal(path, "current/cmdline.txt");
	prep_config_path(&config, config.kernel, path);
	assert_string_equal(path, "current/vmlinuz");
	assert_true(prep_config_initramfs(&config, 0, path));
	assert_string_equal(path, "current/initrd.img");
	config = config_read_by(UBUNTU_RESOLUTE, &reader);
	prep_config_path(&config, config.cmdline, path);
	assert_string_equal(path, "new/cmdline.txt");
}

TEST(a_name_with_a_slash_ahead_has_no_prefix)
{
	struct prep_config config = config_of(
		"os_prefix=old-\nkernel=/my.img\ncmdline=c.txt\n", "pi4");
	char path[PREP_CONFIG_PATH_BYTES];

	prep_config_path(&config, config.kernel, path);
	assert_string_equal(path, "my.img");
	prep_config_path(&config, config.cmdline, path);
	assert_string_equal(path, "old-c.txt");
}

#define RASPBERRY_PI_OS                                              \
	"dtparam=audio=on\ncamera_auto_detect=1\nauto_initramfs=1\n" \
	"disable_overscan=1\narm_64bit=1\narm_boost=1\n\n[cm4]\n"    \
	"otg_mode=1\n\n[cm5]\ndtoverlay=dwc2,dr_mode=host\n\n[all]\n"

TEST(raspberry_pi_os_leaves_the_names_to_the_board)
{
	struct prep_config config = config_of(RASPBERRY_PI_OS, "pi5");

	assert_string_equal(config.kernel, "kernel_2712.img");
	assert_string_equal(config.kernel_fallback, "kernel8.img");
	assert_true(config.is_auto_initramfs);
	assert_string_equal(config.initramfs, "initramfs_2712");
	assert_string_equal(config.device_tree, "bcm2712-rpi-5-b.dtb");
	config = config_of(RASPBERRY_PI_OS, "pi3+");
	assert_string_equal(config.kernel, "kernel8.img");
	assert_string_equal(config.initramfs, "initramfs8");
	assert_string_equal(config.device_tree, "bcm2710-rpi-3-b-plus.dtb");
}

TEST(each_board_has_its_own_kernel)
{
	assert_kernel("", "pi1", "kernel.img");
	assert_kernel("", "pi2", "kernel7.img");
	assert_kernel("", "pi3", "kernel7.img");
	assert_kernel("", "pi4", "kernel8.img");
	assert_kernel("", "cm4", "kernel8.img");
	assert_kernel("", "pi5", "kernel_2712.img");
	assert_kernel("", "cm5", "kernel_2712.img");
	assert_kernel("", NULL, "kernel8.img");
}

TEST(the_width_of_the_kernel_can_be_said)
{
	assert_kernel("arm_64bit=1\n", "pi3", "kernel8.img");
	assert_kernel("arm_64bit=0\n", "pi4", "kernel7l.img");
	assert_kernel("arm_64bit=0\n", "pi5", "kernel_2712.img");
	assert_kernel("arm_64bit=1\n", "pi1", "kernel.img");
	assert_string_equal(config_of("", "pi4").kernel_fallback,
			    "kernel7l.img");
	assert_string_equal(config_of("arm_64bit=1\n", "pi4").kernel_fallback,
			    "");
	assert_true(config_of("", "pi4").is_64bit);
	assert_false(config_of("", "pi3").is_64bit);
	assert_true(config_of("arm_64bit=0\n", "pi5").is_64bit);
	assert_false(config_of("arm_64bit=1\n", "pi1").is_64bit);
}

TEST(a_kernel_of_a_known_name_says_its_width)
{
	assert_true(config_of("kernel=kernel8.img\n", "pi3").is_64bit);
	assert_false(config_of("kernel=kernel7l.img\n", "pi4").is_64bit);
	assert_false(config_of("kernel=kernel.img\n", "pi4").is_64bit);
	assert_false(
		config_of("arm_64bit=1\nkernel=kernel7.img\n", "pi3").is_64bit);
	assert_true(config_of("kernel=vmlinuz\n", "pi4").is_64bit);
	assert_false(config_of("kernel=vmlinuz\n", "pi3").is_64bit);
}

TEST(an_initramfs_is_said_without_an_equals_sign)
{
	char path[PREP_CONFIG_PATH_BYTES];
	struct prep_config config = config_of(
		"os_prefix=a/\ninitramfs\tone,,/two 0x00800000\n", NULL);

	assert_string_equal(config.initramfs, "one,,/two");
	assert_true(prep_config_initramfs(&config, 0, path));
	assert_string_equal(path, "a/one");
	assert_true(prep_config_initramfs(&config, 1, path));
	assert_string_equal(path, "two");
	assert_false(prep_config_initramfs(&config, 2, path));
	assert_string_equal(config_of("initramfs one\n", NULL).initramfs,
			    "one");
	assert_string_equal(config_of("initramfs=one\n", NULL).initramfs, "");
	assert_string_equal(config_of("initramfsone two\n", NULL).initramfs,
			    "");
	assert_string_equal(config_of("ramfsfile=one\n", NULL).initramfs,
			    "one");
}

static void assert_auto(const char *kernel, const char *expected)
{
	char initramfs[PREP_CONFIG_VALUE_BYTES];

	prep_config_auto_initramfs(kernel, initramfs);
	assert_string_equal(initramfs, expected);
}

TEST(an_initramfs_is_found_by_the_name_of_its_kernel)
{
	char name[PREP_CONFIG_VALUE_BYTES] = "kernel";

	assert_auto("kernel.img", "initramfs");
	assert_auto("kernel7l.img", "initramfs7l");
	assert_auto("kernel8-lab.img", "initramfs8-lab");
	assert_auto("/old.d/kernel8.img", "/old.d/initramfs8");
	assert_auto("kernel8", "initramfs8");
	assert_auto("vmlinuz", "");
	assert_auto("kern.el", "");
	memset(name + 6, 'x', sizeof(name) - 7);
	name[sizeof(name) - 1] = '\0';
	assert_auto(name, "");
}

TEST(an_initramfs_that_is_said_goes_before_one_that_is_found)
{
	struct prep_config config = config_of(
		"initramfs mine followkernel\nauto_initramfs=1\n", "pi4");

	assert_string_equal(config.initramfs, "mine");
	assert_true(config.is_auto_initramfs);
	config = config_of("auto_initramfs=1\nauto_initramfs=0\n", "pi4");
	assert_string_equal(config.initramfs, "");
	config = config_of("auto_initramfs=1\nkernel=vmlinuz\n", "pi4");
	assert_string_equal(config.initramfs, "");
}

TEST(the_last_one_counts)
{
	assert_kernel("kernel=a\nkernel=b\n", "pi4", "b");
	assert_kernel("[pi4]\nkernel=b\n[all]\nkernel=a\n", "pi4", "a");
}

TEST(blanks_count_inside_a_line_and_not_around_it)
{
	assert_kernel(" \t[pi5]\r\n  kernel=a\r\n [all] \r\n\tcmdline=b\r\n",
		      "pi4", "kernel8.img");
	assert_kernel(" kernel=a \t\r\n", "pi4", "a");
	assert_kernel("kernel =a\n", "pi4", "kernel8.img");
	assert_kernel("kernel= a\n", "pi4", " a");
	assert_kernel("Kernel=a\n", "pi4", "kernel8.img");
}

TEST(a_comment_says_nothing)
{
	assert_kernel("#kernel=a\n # kernel=a\n", "pi4", "kernel8.img");
	assert_kernel("kernel=a#b\n", "pi4", "a#b");
	assert_kernel("#[pi5]\nkernel=a\n", "pi4", "a");
}

TEST(a_line_counts_up_to_98_characters)
{
	char text[PREP_CONFIG_LINE_MAX + 3], expected[PREP_CONFIG_LINE_MAX];

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "kernel=", 7);
	text[sizeof(text) - 1] = '\0';
	memset(expected, 'x', sizeof(expected));
	expected[PREP_CONFIG_LINE_MAX - 7] = '\0';
	assert_kernel(text, "pi4", expected);
	text[PREP_CONFIG_LINE_MAX] = '\0';
	assert_kernel(text, "pi4", expected);
}

TEST(bytes_that_are_no_text_say_nothing)
{
	static const char text[] = "ker\0nel=a\nkernel=b\0c\n\xff\xfe=\x01\n";
	const struct prep_config_file file = { "config.txt", text,
					       sizeof(text) - 1 };
	const struct prep_config_reader reader = { 0 };
	struct prep_config config;

	assert_int_equal(prep_config_parse(&file, 1, &reader, &config, NULL),
			 0);
	assert_string_equal(config.kernel, "b");
}

TEST(a_device_tree_can_be_said_or_left_out)
{
	assert_string_equal(config_of("device_tree=a.dtb\n", "pi4").device_tree,
			    "a.dtb");
	assert_string_equal(config_of("device_tree=\n", "pi4").device_tree, "");
	assert_string_equal(config_of("", "cm5").device_tree, "");
	assert_string_equal(config_of("", NULL).device_tree, "");
	assert_string_equal(config_of("", "cm4").device_tree,
			    "bcm2711-rpi-cm4.dtb");
}

TEST(an_upstream_kernel_has_a_prefix_of_its_own)
{
	assert_string_equal(config_of("upstream_kernel=1\n", "pi4").os_prefix,
			    "upstream/");
	assert_string_equal(
		config_of("os_prefix=a/\nupstream_kernel=1\n", "pi4").os_prefix,
		"a/");
	assert_string_equal(
		config_of("overlay_prefix=o/\n", "pi4").overlay_prefix, "o/");
}

static void assert_included(const struct prep_config_file *files, size_t count,
			    const char *missing, const char *kernel)
{
	const struct prep_config_reader reader = { 0 };
	struct prep_config config;

	assert_int_equal(
		prep_config_parse(files, count, &reader, &config, NULL), 0);
	assert_string_equal(config.missing_include, missing);
	if (missing[0] == '\0')
		assert_string_equal(config.kernel, kernel);
}

#define FILE_OF(name, text)                  \
	{                                    \
		name, text, sizeof(text) - 1 \
	}

TEST(a_file_that_is_included_is_asked_for)
{
	const struct prep_config_file files[] = {
		FILE_OF("config.txt", "kernel=a\ninclude usercfg.txt \r\n"
				      "include\tsyscfg.txt\ncmdline=c\n"),
		FILE_OF("UserCfg.txt", "kernel=b\n"),
		FILE_OF("syscfg.txt", ""),
	};

	assert_included(files, 1, "usercfg.txt", NULL);
	assert_included(files, 2, "syscfg.txt", NULL);
	assert_included(files, 3, "", "b");
}

TEST(a_file_that_is_included_stands_where_it_is_included)
{
	const struct prep_config_file files[] = {
		FILE_OF("config.txt", "kernel=a\ninclude b.txt\nkernel=c\n"),
		FILE_OF("b.txt", "kernel=b\n"),
		FILE_OF("config.txt", "include d.txt\n[all]\n"),
		FILE_OF("d.txt", "[none]\nkernel=d\n[all]\nkernel=e"),
		FILE_OF("config.txt", "include f.txt\nkernel=a"),
		FILE_OF("f.txt", "kernel=f\n[none]"),
	};

	assert_included(files, 2, "", "c");
	assert_included(files + 2, 2, "", "e");
	assert_included(files + 4, 2, "", "f");
}

TEST(a_file_that_is_included_for_others_is_not_asked_for)
{
	const struct prep_config_file files[] = {
		FILE_OF("config.txt", "[none]\ninclude b.txt\n[all]\n"
				      "kernel=a\nincludes c.txt\ninclude\n"
				      "#include d.txt\n"),
	};

	assert_included(files, 1, "", "a");
}

TEST(includes_without_end_are_refused)
{
	const struct prep_config_file files[] = {
		FILE_OF("config.txt", "include config.txt\n"),
		FILE_OF("b.txt", ""),
	};
	char text[65 * 14 + 1] = "";
	struct prep_config_file many[] = { { "config.txt", text, 0 },
					   files[1] };
	const struct prep_config_reader reader = { 0 };
	struct prep_config config;
	struct pbf_reason why;

	assert_int_equal(prep_config_parse(files, 2, &reader, &config, &why),
			 -EUCLEAN);
	assert_reason(why, PBF_REASON_NO_OFFSET, "its includes have no end");
	for (size_t i = 0; i < 65; i++)
		memcpy(text + i * 14, "include b.txt\n", 15);
	many[0].length = (size_t)64 * 14;
	assert_int_equal(prep_config_parse(many, 2, &reader, &config, &why), 0);
	many[0].length = (size_t)65 * 14;
	assert_int_equal(prep_config_parse(many, 2, &reader, &config, &why),
			 -EUCLEAN);
	assert_reason(why, PBF_REASON_NO_OFFSET, "its includes have no end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ubuntu_says_all_names),
		cmocka_unit_test(ubuntu_from_25_10_has_its_files_in_current),
		cmocka_unit_test(a_name_with_a_slash_ahead_has_no_prefix),
		cmocka_unit_test(raspberry_pi_os_leaves_the_names_to_the_board),
		cmocka_unit_test(each_board_has_its_own_kernel),
		cmocka_unit_test(the_width_of_the_kernel_can_be_said),
		cmocka_unit_test(a_kernel_of_a_known_name_says_its_width),
		cmocka_unit_test(an_initramfs_is_said_without_an_equals_sign),
		cmocka_unit_test(
			an_initramfs_is_found_by_the_name_of_its_kernel),
		cmocka_unit_test(
			an_initramfs_that_is_said_goes_before_one_that_is_found),
		cmocka_unit_test(the_last_one_counts),
		cmocka_unit_test(blanks_count_inside_a_line_and_not_around_it),
		cmocka_unit_test(a_comment_says_nothing),
		cmocka_unit_test(a_line_counts_up_to_98_characters),
		cmocka_unit_test(bytes_that_are_no_text_say_nothing),
		cmocka_unit_test(a_device_tree_can_be_said_or_left_out),
		cmocka_unit_test(an_upstream_kernel_has_a_prefix_of_its_own),
		cmocka_unit_test(a_file_that_is_included_is_asked_for),
		cmocka_unit_test(
			a_file_that_is_included_stands_where_it_is_included),
		cmocka_unit_test(
			a_file_that_is_included_for_others_is_not_asked_for),
		cmocka_unit_test(includes_without_end_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
