/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_system.h"

#include <stdio.h>

#include "boot-shapes.h"
#include "cleanup.h"
#include "cmdline_words.h"
#include "unit.h"

/* --- The kernel and the initrd --- */

JAMMY_TEST(another_kernels_initrd_is_said)
{
	shape_initrd(bench, "initrd.img", packed_tools, "5.15.0-1044-raspi");
	assert_warned(bench, 1,
		      "initrd.img has modules for Linux 5.15.0-1044-raspi, but "
		      "vmlinuz is " SHAPE_VERSION);
}

static void tools_without_nbd(struct packed *packed, const char *version)
{
	char name[128];

	snprintf(name, sizeof(name), "lib/modules/%s/kernel/ext4.ko", version);
	packed_file(packed, name);
	packed_file(packed, "conf/initramfs.conf");
	packed_cpio_end(packed);
}

JAMMY_TEST(an_initrd_without_nbd_is_said)
{
	shape_initrd(bench, "initrd.img", tools_without_nbd, SHAPE_VERSION);
	assert_warned(bench, 1,
		      "initrd.img lacks the module nbd for Linux " SHAPE_VERSION
		      ", the program nbd-client, what starts nbd-client "
		      "(scripts/local-top/nbd): the board will");
	assert_warned(bench, 1, "linux-modules-extra-raspi");
}

static void tools_without_client(struct packed *packed, const char *version)
{
	(void)version;
	packed_file(packed, "conf/initramfs.conf");
	packed_file(packed, "lib/modules/5.15.0-1044-raspi/ext4.ko");
	packed_file(packed, "scripts/local-top/nbd");
	packed_cpio_end(packed);
}

JAMMY_TEST(a_kernel_with_the_wrong_modules_is_said_with_the_rest)
{
	shape_initrd(bench, "initrd.img", tools_without_client, "");
	assert_warned(bench, 2, "has modules for Linux 5.15.0-1044-raspi, but");
	assert_warned(bench, 2, "initrd.img lacks the program nbd-client: the");
}

static void dracut_without_script(struct packed *packed, const char *version)
{
	(void)version;
	packed_file(packed, "usr/lib/dracut/build-parameter.txt");
	packed_file(packed, "usr/sbin/nbd-client");
	packed_cpio_end(packed);
}

TEST(dracuts_initrds_are_made_in_another_way)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SHAPE_MIB);
	shape_questing(&bench);
	shape_initrd(&bench, "current/initrd.img", dracut_without_script, "");
	assert_warned(&bench, 1,
		      "current/initrd.img lacks the module nbd for Linux "
		      "6.17.0-1003-raspi, what starts nbd-client (dracut's "
		      "module nbd): the board will");
	assert_warned(&bench, 1, "dracut --no-hostonly --add nbd");
	boot_bench_remove(&bench);
}

static void nobodys_initrd(struct packed *packed, const char *version)
{
	char name[128];

	packed_file(packed, "init");
	packed_file(packed, "bin/nbd-client");
	packed_file(packed, "scripts/local-top/nbd");
	snprintf(name, sizeof(name), "lib/modules/%s/nbd.ko", version);
	packed_file(packed, name);
	packed_cpio_end(packed);
}

JAMMY_TEST(an_initrd_of_another_maker_is_said)
{
	shape_initrd(bench, "initrd.img", nobodys_initrd, SHAPE_VERSION);
	assert_warned(bench, 1,
		      "initrd.img was made neither by initramfs-tools nor by "
		      "dracut");
}

JAMMY_TEST(no_initrd_is_said)
{
	boot_bench_write(bench, "config.txt", "kernel=vmlinuz\n");
	assert_warned(bench, 1, "config.txt names no initrd for vmlinuz");
}

TEST(an_automatic_initrd_that_is_missing_is_said)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SHAPE_MIB);
	shape_raspios(&bench);
	boot_bench_delete(&bench, "initramfs8");
	assert_warned(&bench, 1,
		      "initramfs8 is missing, the initrd for kernel8.img");
	boot_bench_remove(&bench);
}

JAMMY_TEST(a_damaged_initrd_is_said)
{
	boot_bench_write(bench, "initrd.img", "nothing");
	assert_warned(bench, 1,
		      "the initrd cannot be used (initrd.img: is no initrd");
}

JAMMY_TEST(a_part_of_the_initrd_that_is_missing_is_said)
{
	boot_bench_write(bench, "config.txt",
			 "kernel=vmlinuz\narm_64bit=1\n"
			 "initramfs initrd.img,extra.img followkernel\n");
	assert_warned(bench, 1, "is left out (extra.img: not there)");
}

JAMMY_TEST(a_kernel_of_unknown_version_is_noted)
{
	boot_bench_write(bench, "vmlinuz", "no kernel");
	assert_noted(bench, "which Linux vmlinuz is was not found out");
	/* Any kernel's module will do then, but one has to be there. */
	shape_initrd(bench, "initrd.img", tools_without_nbd, SHAPE_VERSION);
	assert_warned(bench, 1, "initrd.img lacks the module nbd for vmlinuz,");
}

JAMMY_TEST(u_boot_is_said)
{
	static const char *const names[] = { "u-boot.bin", "uboot_rpi_4.bin",
					     "rpi4-U-Boot.bin" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "kernel=%s\n", names[i]);
		boot_bench_write(bench, "config.txt", text);
		boot_bench_write(bench, names[i], "x");
		snprintf(text, sizeof(text), "%s is another boot loader",
			 names[i]);
		assert_warned(bench, 1, text);
	}
}

/* --- cmdline.txt --- */

JAMMY_TEST(parameters_have_to_fit_the_initrd)
{
	boot_bench_write(bench, "cmdline.txt", SHAPE_CMDLINE_DRACUT);
	assert_warned(bench, 1, "cmdline.txt has netroot=, but the initrd was");
}

JAMMY_TEST(parameters_have_to_fit_the_partitions)
{
	boot_bench_write(bench, "cmdline.txt",
			 "ip=dhcp nbdroot=1.2.3.4/x root=/dev/nbd0p3");
	assert_warned(bench, 1, "the disk has no such partition");
}

TEST(parameters_are_those_that_config_txt_leads_to)
{
	struct boot_bench bench;

	boot_bench_make(&bench, SHAPE_MIB);
	shape_questing(&bench);
	boot_bench_write(&bench, "cmdline.txt", SHAPE_CMDLINE_DRACUT);
	boot_bench_write(&bench, "current/cmdline.txt", "root=LABEL=writable");
	assert_warned(&bench, 1, "current/cmdline.txt says nothing of NBD");
	boot_bench_remove(&bench);
}

JAMMY_TEST(parameters_without_end_are_said)
{
	_cleanup_free_ char *text = malloc(PREP_CMDLINE_BYTES_MAX + 1);

	memset(text, ' ', PREP_CMDLINE_BYTES_MAX + 1);
	boot_bench_put(bench, "cmdline.txt", text, PREP_CMDLINE_BYTES_MAX + 1);
	assert_warned(bench, 1, "cmdline.txt cannot be read (has 65537 bytes");
}

/* --- Sizes --- */

/* A kernel or initrd, with zeroes up to that size behind it. */
static void put_large(const struct boot_bench *bench, const char *path,
		      size_t size)
{
	static const char kernel[] = "Linux version " SHAPE_VERSION " (x)";
	_cleanup_packed_ struct packed packed = { 0 };

	if (strcmp(path, "vmlinuz") == 0)
		packed_add(&packed, kernel, sizeof(kernel));
	else
		packed_tools(&packed, SHAPE_VERSION);
	packed_add_zeroes(&packed, size - packed.length);
	boot_bench_put(bench, path, packed.bytes, packed.length);
}

TEST(a_pi_3_loads_less_than_32_mib)
{
	struct boot_bench bench;

	boot_bench_make(&bench, 80);
	shape_jammy(&bench);
	put_large(&bench, "vmlinuz", 33553920);
	assert_noted(&bench, "vmlinuz is Linux " SHAPE_VERSION);
	put_large(&bench, "vmlinuz", 33553921);
	assert_warned(&bench, 1, "vmlinuz has 33553921 bytes: a Pi 3 or older");
	/* For others that is nothing. */
	boot_bench_delete(&bench, "start.elf");
	assert_noted(&bench, "too large for blocks of 512 bytes");
	boot_bench_remove(&bench);
}

TEST(older_boot_loaders_of_a_pi_4_load_less_than_64_mib)
{
	struct boot_bench bench;

	boot_bench_make(&bench, 100);
	shape_jammy(&bench);
	boot_bench_delete(&bench, "start.elf");
	put_large(&bench, "initrd.img", 67107840);
	assert_noted(&bench, "initrd.img has 67107840 bytes, more than");
	put_large(&bench, "initrd.img", 67107841);
	assert_warned(&bench, 1,
		      "initrd.img has 67107841 bytes: a Pi 4's boot loader");
	boot_bench_write(&bench, "start.elf", "x");
	assert_warned(&bench, 2, "a Pi 3 or older");
	boot_bench_remove(&bench);
}

TEST(older_boot_loaders_load_less_than_92_mib)
{
	struct boot_bench bench;

	boot_bench_make(&bench, 140);
	shape_questing(&bench);
	boot_bench_delete(&bench, "start4.elf");
	boot_bench_kernel(&bench, "current/vmlinuz", PREP_FORMAT_NONE,
			  SHAPE_VERSION);
	boot_bench_write(&bench, "current/cmdline.txt", SHAPE_CMDLINE);
	put_large(&bench, "current/initrd.img", 96205380);
	assert_noted(&bench, "too large for blocks of 1024 bytes");
	put_large(&bench, "current/initrd.img", 96205381);
	assert_warned(&bench, 1,
		      "current/initrd.img has 96205381 bytes: boot loaders "
		      "from before 2025-09-23 stop after 96205380");
	boot_bench_remove(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		JAMMY(another_kernels_initrd_is_said),
		JAMMY(an_initrd_without_nbd_is_said),
		JAMMY(a_kernel_with_the_wrong_modules_is_said_with_the_rest),
		cmocka_unit_test(dracuts_initrds_are_made_in_another_way),
		JAMMY(an_initrd_of_another_maker_is_said),
		JAMMY(no_initrd_is_said),
		cmocka_unit_test(an_automatic_initrd_that_is_missing_is_said),
		JAMMY(a_damaged_initrd_is_said),
		JAMMY(a_part_of_the_initrd_that_is_missing_is_said),
		JAMMY(a_kernel_of_unknown_version_is_noted),
		JAMMY(u_boot_is_said),
		JAMMY(parameters_have_to_fit_the_initrd),
		JAMMY(parameters_have_to_fit_the_partitions),
		cmocka_unit_test(parameters_are_those_that_config_txt_leads_to),
		JAMMY(parameters_without_end_are_said),
		cmocka_unit_test(a_pi_3_loads_less_than_32_mib),
		cmocka_unit_test(
			older_boot_loaders_of_a_pi_4_load_less_than_64_mib),
		cmocka_unit_test(older_boot_loaders_load_less_than_92_mib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
