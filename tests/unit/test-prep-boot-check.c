/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_check.h"

#include "boot-shapes.h"
#include "unit.h"

/* --- Images that boot --- */

JAMMY_TEST(ubuntu_22_04_boots)
{
	assert_noted(bench, "has all files to boot Pi 3, Pi 3+, Pi 4");
	assert_noted(bench, "vmlinuz is Linux " SHAPE_VERSION);
	assert_noted(bench, "missing for Pi 400: bcm2711-rpi-400.dtb");
	assert_noted(bench, "missing for CM3, CM3+: bcm2710-rpi-cm3.dtb");
}

TEST(ubuntu_25_10_boots)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SHAPE_MIB);
	shape_questing(&bench);
	assert_noted(&bench, "has all files to boot Pi 4, Pi 5");
	assert_noted(&bench, "current/vmlinuz is Linux 6.17.0-1003-raspi");
	assert_noted(&bench, "missing for Pi 3: current/bcm2710-rpi-3-b.dtb");
	boot_bench_remove(&bench);
}

TEST(raspberry_pi_os_boots)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SHAPE_MIB);
	shape_raspios(&bench);
	assert_noted(&bench, "has all files to boot Pi 3, Pi 4, Pi 5");
	assert_noted(&bench, "kernel8.img is Linux 6.6.31+rpt-rpi-v8");
	assert_noted(&bench, "kernel_2712.img is Linux 6.6.31+rpt-rpi-2712");
	/* A Pi 5 then takes the other. */
	boot_bench_delete(&bench, "kernel_2712.img");
	assert_noted(&bench, "has all files to boot Pi 3, Pi 4, Pi 5");
	boot_bench_remove(&bench);
}

TEST(each_kernel_is_judged_by_its_own_initrd)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SHAPE_MIB);
	shape_raspios(&bench);
	shape_initrd(&bench, "initramfs_2712", packed_tools,
		     "6.6.31+rpt-rpi-v8");
	assert_warned(&bench, 1,
		      "initramfs_2712 has modules for Linux 6.6.31+rpt-rpi-v8, "
		      "but kernel_2712.img is 6.6.31+rpt-rpi-2712");
	boot_bench_remove(&bench);
}

/* --- What is missing --- */

JAMMY_TEST(a_missing_kernel_is_said)
{
	boot_bench_delete(bench, "vmlinuz");
	assert_warned(bench, 1, "vmlinuz is missing, the kernel");
	assert_warned(bench, 1,
		      "(Pi 3, Pi 3+, Pi 4, and no other model boots either)");
}

JAMMY_TEST(a_missing_initrd_is_said)
{
	boot_bench_delete(bench, "initrd.img");
	assert_warned(bench, 1,
		      "initrd.img is missing, the initrd that config.txt "
		      "names: the kernel will not find its root disk");
}

JAMMY_TEST(a_missing_cmdline_is_said)
{
	boot_bench_delete(bench, "cmdline.txt");
	assert_warned(bench, 1,
		      "cmdline.txt is missing, the kernel's parameters");
}

JAMMY_TEST(a_missing_device_tree_is_said)
{
	boot_bench_delete(bench, "bcm2710-rpi-3-b.dtb");
	boot_bench_delete(bench, "bcm2710-rpi-3-b-plus.dtb");
	boot_bench_delete(bench, "bcm2711-rpi-4-b.dtb");
	boot_bench_delete(bench, "start.elf");
	assert_warned(bench, 1,
		      "bcm2711-rpi-4-b.dtb is missing, the device tree");
}

JAMMY_TEST(missing_firmware_is_said)
{
	boot_bench_delete(bench, "start.elf");
	boot_bench_delete(bench, "start4.elf");
	assert_warned(bench, 1,
		      "start.elf is missing, which the boot loader asks");
	/* One that another model has is not missed. */
	boot_bench_write(bench, "start4.elf", "x");
	assert_noted(bench, "missing for Pi 3, Pi 3+: start.elf");
}

TEST(an_empty_partition_lacks_everything)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SHAPE_MIB);
	assert_warned(&bench, 4, "config.txt is missing");
	assert_warned(&bench, 4, "kernel_2712.img is missing, the kernel");
	boot_bench_remove(&bench);
}

TEST(what_is_missing_is_missed_below_the_prefix)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SHAPE_MIB);
	shape_questing(&bench);
	boot_bench_delete(&bench, "current/vmlinuz");
	assert_warned(&bench, 1, "current/vmlinuz is missing, the kernel");
	boot_bench_remove(&bench);
}

JAMMY_TEST(a_directory_is_no_kernel)
{
	boot_bench_delete(bench, "vmlinuz");
	boot_bench_write(bench, "vmlinuz/file", "x");
	assert_warned(bench, 1, "vmlinuz is missing, the kernel");
}

/* config.txt with a comment, so that it has so many bytes. */
static void put_config(const struct boot_bench *bench, size_t size)
{
	char text[8192];

	memset(text, '#', sizeof(text));
	memcpy(text, shape_jammy_config, strlen(shape_jammy_config));
	boot_bench_put(bench, "config.txt", text, size);
}

JAMMY_TEST(a_pi_4_reads_4096_bytes_of_config_txt)
{
	put_config(bench, 4096);
	assert_noted(bench, "vmlinuz is Linux " SHAPE_VERSION);
	put_config(bench, 4097);
	assert_warned(bench, 1, "config.txt has 4097 bytes: over the network");
	boot_bench_delete(bench, "start4.elf");
	assert_noted(bench, "config.txt has 4097 bytes, of which");
}

/* --- What is broken --- */

JAMMY_TEST(a_config_without_end_is_said)
{
	boot_bench_write(bench, "config.txt", "include config.txt\n");
	assert_warned(bench, 1, "config.txt cannot be followed (");
}

JAMMY_TEST(a_file_system_that_was_in_use_is_noted)
{
	/* The dirty bit of FAT32, of which the backup knows nothing. */
	boot_bench_poke(bench, 65, 1);
	assert_noted(bench, "the boot partition was not unmounted");
}

JAMMY_TEST(a_faulty_file_system_is_said)
{
	/* Cluster 3 in one copy of the FAT only. */
	boot_bench_poke(bench, 32 * 512 + 3 * 4, 0);
	assert_warned(bench, 1, "fsck.fat finds faults on the boot partition");
}

TEST(a_broken_kernel_is_said)
{
	struct boot_bench bench;
	char kernel[2000] = "Linux version " SHAPE_VERSION " (x)";

	boot_bench_make(&bench, SHAPE_MIB);
	/* The first file has the clusters after the root directory's. */
	boot_bench_put(&bench, "vmlinuz", kernel, sizeof(kernel));
	shape_jammy_but_kernel(&bench);
	assert_noted(&bench, "vmlinuz is Linux " SHAPE_VERSION);
	boot_bench_poke(&bench, 32 * 512 + 4 * 4, 0);
	assert_warned(&bench, 2, "vmlinuz cannot be read (");
	boot_bench_remove(&bench);
}

JAMMY_TEST(hostile_names_are_no_formats)
{
	boot_bench_write(bench, "config.txt",
			 "kernel=\x1b[2J\a%s%n\ncmdline=../../x\n"
			 "initramfs \x1b]0;x\a,%n%n%n\n");
	assert_warned(bench, 3, "\x1b[2J\a%s%n is missing, the kernel");
	assert_warned(bench, 3, "\x1b]0;x\a is missing, the initrd that");
	assert_warned(bench, 3, "../../x is missing, the kernel's parameters");
	boot_bench_write(bench, "config.txt",
			 "os_prefix=////\nkernel=/\ndevice_tree=.\n"
			 "cmdline=\ninitramfs ,,,,\n");
	assert_warned(bench, 2, "/ is missing, the kernel");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		JAMMY(ubuntu_22_04_boots),
		cmocka_unit_test(ubuntu_25_10_boots),
		cmocka_unit_test(raspberry_pi_os_boots),
		cmocka_unit_test(each_kernel_is_judged_by_its_own_initrd),
		JAMMY(a_missing_kernel_is_said),
		JAMMY(a_missing_initrd_is_said),
		JAMMY(a_missing_cmdline_is_said),
		JAMMY(a_missing_device_tree_is_said),
		JAMMY(missing_firmware_is_said),
		cmocka_unit_test(an_empty_partition_lacks_everything),
		cmocka_unit_test(what_is_missing_is_missed_below_the_prefix),
		JAMMY(a_directory_is_no_kernel),
		JAMMY(a_pi_4_reads_4096_bytes_of_config_txt),
		JAMMY(a_config_without_end_is_said),
		JAMMY(a_file_system_that_was_in_use_is_noted),
		JAMMY(a_faulty_file_system_is_said),
		cmocka_unit_test(a_broken_kernel_is_said),
		JAMMY(hostile_names_are_no_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
