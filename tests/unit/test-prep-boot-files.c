/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_files.h"

#include <errno.h>

#include "boot-bench.h"
#include "unit.h"

#define SIZE_MIB 40

/* What the board named BOARD, NULL for none, will load. */
static struct prep_config resolve(struct boot_bench *bench, const char *board)
{
	const struct prep_config_reader reader = {
		.board = board ? prep_pi_board_find(board) : NULL,
	};
	_cleanup_configs_ struct prep_boot_configs configs = {
		.boot = &bench->boot,
	};
	struct prep_config config;
	struct pbf_reason why = { .text = "" };

	boot_bench_take(bench);
	if (prep_boot_resolve(&configs, &reader, &config, &why) < 0)
		fail_msg("%s", why.text);
	return config;
}

/* As Ubuntu 25.10 has it. */
static void put_current(const struct boot_bench *bench)
{
	static const char *const names[] = {
		"current/vmlinuz",     "current/initrd.img",
		"current/cmdline.txt", "current/bcm2711-rpi-4-b.dtb",
		"cmdline.txt",	       NULL,
	};

	boot_bench_touch(bench, names);
	boot_bench_write(bench, "config.txt",
			 "[all]\n"
			 "os_prefix=current/\n"
			 "kernel=vmlinuz\n"
			 "cmdline=cmdline.txt\n"
			 "initramfs initrd.img followkernel\n"
			 "[tryboot]\n"
			 "os_prefix=new/\n");
}

TEST(a_prefix_stays_with_a_kernel_and_a_device_tree_beneath_it)
{
	struct boot_bench bench;
	struct prep_config config;
	char path[PREP_CONFIG_PATH_BYTES];

	boot_bench_make(&bench, SIZE_MIB);
	put_current(&bench);
	config = resolve(&bench, "pi4");
	assert_string_equal(config.os_prefix, "current/");
	prep_config_path(&config, config.kernel, path);
	assert_string_equal(path, "current/vmlinuz");
	boot_bench_remove(&bench);
}

TEST(a_prefix_is_dropped_without_the_device_tree)
{
	struct boot_bench bench;
	struct prep_config config;
	char path[PREP_CONFIG_PATH_BYTES];

	boot_bench_make(&bench, SIZE_MIB);
	put_current(&bench);
	config = resolve(&bench, "pi400");
	assert_string_equal(config.os_prefix, "");
	assert_string_equal(config.kernel, "vmlinuz");
	prep_config_path(&config, config.cmdline, path);
	assert_string_equal(path, "cmdline.txt");
	/* Nor does it help that there is one elsewhere. */
	boot_bench_write(&bench, "bcm2711-rpi-400.dtb", "x");
	assert_string_equal(resolve(&bench, "pi400").os_prefix, "");
	boot_bench_write(&bench, "current/bcm2711-rpi-400.dtb", "x");
	assert_string_equal(resolve(&bench, "pi400").os_prefix, "current/");
	boot_bench_remove(&bench);
}

TEST(a_prefix_is_dropped_without_the_kernel)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SIZE_MIB);
	put_current(&bench);
	boot_bench_delete(&bench, "current/vmlinuz");
	boot_bench_write(&bench, "vmlinuz", "x");
	assert_string_equal(resolve(&bench, "pi4").os_prefix, "");
	boot_bench_remove(&bench);
}

TEST(a_directory_is_no_kernel)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SIZE_MIB);
	put_current(&bench);
	boot_bench_delete(&bench, "current/vmlinuz");
	boot_bench_write(&bench, "current/vmlinuz/file", "x");
	assert_string_equal(resolve(&bench, "pi4").os_prefix, "");
	boot_bench_remove(&bench);
}

TEST(a_kernel_that_is_there_needs_no_fallback)
{
	struct boot_bench bench;
	struct prep_config config;

	boot_bench_make(&bench, SIZE_MIB);
	boot_bench_write(&bench, "config.txt", "auto_initramfs=1\n");
	boot_bench_write(&bench, "kernel_2712.img", "x");
	boot_bench_write(&bench, "kernel8.img", "x");
	config = resolve(&bench, "pi5");
	assert_string_equal(config.kernel, "kernel_2712.img");
	assert_string_equal(config.kernel_fallback, "");
	assert_string_equal(config.initramfs, "initramfs_2712");
	boot_bench_remove(&bench);
}

TEST(a_fallback_has_its_own_initramfs)
{
	struct boot_bench bench;
	struct prep_config config;

	boot_bench_make(&bench, SIZE_MIB);
	boot_bench_write(&bench, "config.txt", "auto_initramfs=1\n");
	boot_bench_write(&bench, "kernel8.img", "x");
	config = resolve(&bench, "pi5");
	assert_string_equal(config.kernel, "kernel8.img");
	assert_string_equal(config.kernel_fallback, "");
	assert_string_equal(config.initramfs, "initramfs8");
	/* One that is said stays. */
	boot_bench_write(&bench, "config.txt",
			 "auto_initramfs=1\ninitramfs my.img\n");
	assert_string_equal(resolve(&bench, "pi5").initramfs, "my.img");
	boot_bench_write(&bench, "config.txt", "");
	assert_string_equal(resolve(&bench, "pi5").initramfs, "");
	boot_bench_remove(&bench);
}

TEST(without_any_kernel_both_names_stay)
{
	struct boot_bench bench;
	struct prep_config config;

	boot_bench_make(&bench, SIZE_MIB);
	config = resolve(&bench, "pi5");
	assert_string_equal(config.kernel, "kernel_2712.img");
	assert_string_equal(config.kernel_fallback, "kernel8.img");
	boot_bench_remove(&bench);
}

TEST(includes_count)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SIZE_MIB);
	boot_bench_write(&bench, "config.txt", "include more/extra.txt\n");
	boot_bench_write(&bench, "more/extra.txt", "kernel=mine.img\n");
	boot_bench_write(&bench, "mine.img", "x");
	assert_string_equal(resolve(&bench, "pi4").kernel, "mine.img");
	boot_bench_remove(&bench);
}

TEST(includes_without_end_are_refused)
{
	const struct prep_config_reader reader = { .board = NULL };
	struct boot_bench bench;
	_cleanup_configs_ struct prep_boot_configs configs = {
		.boot = &bench.boot,
	};
	struct prep_config config;
	struct pbf_reason why;

	boot_bench_make(&bench, SIZE_MIB);
	boot_bench_write(&bench, "config.txt", "include config.txt\n");
	boot_bench_take(&bench);
	assert_int_equal(prep_boot_resolve(&configs, &reader, &config, &why),
			 -EUCLEAN);
	assert_reason(why, PBF_REASON_NO_OFFSET, "includes have no end");
	boot_bench_remove(&bench);
}

TEST(a_file_that_is_included_often_is_read_once)
{
	const struct prep_config_reader reader = { .board = NULL };
	struct boot_bench bench;
	_cleanup_configs_ struct prep_boot_configs configs = {
		.boot = &bench.boot,
	};
	struct prep_config config;
	const char *text;

	boot_bench_make(&bench, SIZE_MIB);
	boot_bench_write(&bench, "config.txt",
			 "include a.txt\ninclude A.TXT\n");
	boot_bench_write(&bench, "a.txt", "kernel=mine.img\n");
	boot_bench_take(&bench);
	assert_int_equal(prep_boot_resolve(&configs, &reader, &config, NULL),
			 0);
	assert_int_equal(configs.count, 2);
	text = configs.texts[1];
	assert_int_equal(prep_boot_resolve(&configs, &reader, &config, NULL),
			 0);
	assert_string_equal(config.kernel, "mine.img");
	assert_int_equal(configs.count, 2);
	assert_ptr_equal(configs.texts[1], text);
	boot_bench_remove(&bench);
}

static void assert_tree(const struct boot_bench *bench, const char *board,
			bool is_there, const char *path)
{
	const struct prep_pi_board *model = prep_pi_board_find(board);
	struct prep_config config = { .os_prefix = "" };
	char found[PREP_CONFIG_PATH_BYTES];

	if (model->device_tree)
		strcpy(config.device_tree, model->device_tree);
	assert_int_equal(
		prep_boot_device_tree(&bench->boot, &config, model, found),
		is_there);
	assert_string_equal(found, path);
}

TEST(some_models_have_several_device_trees)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SIZE_MIB);
	boot_bench_write(&bench, "bcm2712-rpi-cm5-cm4io.dtb", "x");
	boot_bench_write(&bench, "bcm2710-rpi-2-b.dtb", "x");
	boot_bench_take(&bench);
	assert_tree(&bench, "cm5", true, "bcm2712-rpi-cm5-cm4io.dtb");
	assert_tree(&bench, "pi2", true, "bcm2710-rpi-2-b.dtb");
	assert_tree(&bench, "pi1", false, "bcm2708-rpi-b.dtb");
	assert_tree(&bench, "pi4", false, "bcm2711-rpi-4-b.dtb");
	boot_bench_remove(&bench);
}

TEST(for_no_board_in_particular_any_device_tree_will_do)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SIZE_MIB);
	put_current(&bench);
	assert_string_equal(resolve(&bench, NULL).os_prefix, "current/");
	boot_bench_delete(&bench, "current/bcm2711-rpi-4-b.dtb");
	boot_bench_write(&bench, "current/bcm2711-rpi-cm9.dtb", "x");
	assert_string_equal(resolve(&bench, NULL).os_prefix, "");
	boot_bench_remove(&bench);
}

TEST(a_device_tree_can_be_turned_off)
{
	struct boot_bench bench;
	struct prep_config config;
	char path[PREP_CONFIG_PATH_BYTES];

	boot_bench_make(&bench, SIZE_MIB);
	boot_bench_write(&bench, "config.txt", "device_tree=\n");
	config = resolve(&bench, "pi4");
	assert_true(prep_boot_device_tree(&bench.boot, &config,
					  prep_pi_board_find("pi4"), path));
	assert_string_equal(path, "");
	boot_bench_write(&bench, "config.txt", "device_tree=my.dtb\n");
	config = resolve(&bench, "cm5");
	assert_false(prep_boot_device_tree(&bench.boot, &config,
					   prep_pi_board_find("cm5"), path));
	assert_string_equal(path, "my.dtb");
	boot_bench_remove(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_prefix_stays_with_a_kernel_and_a_device_tree_beneath_it),
		cmocka_unit_test(a_prefix_is_dropped_without_the_device_tree),
		cmocka_unit_test(a_prefix_is_dropped_without_the_kernel),
		cmocka_unit_test(a_directory_is_no_kernel),
		cmocka_unit_test(a_kernel_that_is_there_needs_no_fallback),
		cmocka_unit_test(a_fallback_has_its_own_initramfs),
		cmocka_unit_test(without_any_kernel_both_names_stay),
		cmocka_unit_test(includes_count),
		cmocka_unit_test(includes_without_end_are_refused),
		cmocka_unit_test(a_file_that_is_included_often_is_read_once),
		cmocka_unit_test(some_models_have_several_device_trees),
		cmocka_unit_test(
			for_no_board_in_particular_any_device_tree_will_do),
		cmocka_unit_test(a_device_tree_can_be_turned_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
