/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot-shapes.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

static const struct pbf_partition_table table = {
	.type = PBF_TABLE_MBR,
	.count = 2,
	.partitions = { { .number = 1 }, { .number = 2 } },
};

void shape_look(struct boot_bench *bench, struct prep_findings *findings)
{
	const struct prep_boot_disk disk = { &table, 1 };
	struct pbf_reason why = { .text = "" };

	boot_bench_take(bench);
	prep_findings_free(findings);
	if (prep_boot_look(&bench->boot, &disk, findings, &why) < 0)
		fail_msg("%s", why.text);
	/* For a person who reads them all. */
	for (size_t i = 0; getenv("SHOW") && i < findings->warnings.count; i++)
		fprintf(stderr, "W %s\n", findings->warnings.items[i]);
	for (size_t i = 0; getenv("SHOW") && i < findings->notes.count; i++)
		fprintf(stderr, "N %s\n", findings->notes.items[i]);
}

static void assert_said(const struct prep_sentences *sentences,
			const char *words)
{
	for (size_t i = 0; i < sentences->count; i++)
		if (strstr(sentences->items[i], words))
			return;
	fail_msg("nothing of %zu says \"%s\", the first: %s", sentences->count,
		 words, sentences->count > 0 ? sentences->items[0] : "none");
}

void assert_warned(struct boot_bench *bench, size_t count, const char *words)
{
	_cleanup_findings_ struct prep_findings findings = { 0 };

	shape_look(bench, &findings);
	assert_said(&findings.warnings, words);
	if (findings.warnings.count != count)
		fail_msg("%zu warnings and not %zu, the last: %s",
			 findings.warnings.count, count,
			 findings.warnings.items[findings.warnings.count - 1]);
}

void assert_noted(struct boot_bench *bench, const char *words)
{
	_cleanup_findings_ struct prep_findings findings = { 0 };

	shape_look(bench, &findings);
	if (findings.warnings.count > 0)
		fail_msg("warned: %s", findings.warnings.items[0]);
	assert_said(&findings.notes, words);
}

void shape_initrd(const struct boot_bench *bench, const char *path,
		  void (*make)(struct packed *packed, const char *version),
		  const char *version)
{
	_cleanup_packed_ struct packed archive = { 0 }, file = { 0 };

	make(&archive, version);
	packed_compress(&file, PREP_FORMAT_ZSTD, archive.bytes, archive.length);
	boot_bench_put(bench, path, file.bytes, file.length);
}

const char shape_jammy_config[] = "[all]\n"
				  "kernel=vmlinuz\n"
				  "cmdline=cmdline.txt\n"
				  "initramfs initrd.img followkernel\n"
				  "[pi4]\n"
				  "max_framebuffers=2\n"
				  "[all]\n"
				  "arm_64bit=1\n";

void shape_jammy_but_kernel(const struct boot_bench *bench)
{
	static const char *const names[] = {
		"bootcode.bin",
		"start.elf",
		"fixup.dat",
		"start4.elf",
		"fixup4.dat",
		"bcm2710-rpi-3-b.dtb",
		"bcm2710-rpi-3-b-plus.dtb",
		"bcm2711-rpi-4-b.dtb",
		NULL,
	};

	boot_bench_touch(bench, names);
	boot_bench_write(bench, "config.txt", shape_jammy_config);
	boot_bench_write(bench, "cmdline.txt", SHAPE_CMDLINE);
	shape_initrd(bench, "initrd.img", packed_tools, SHAPE_VERSION);
}

void shape_jammy(const struct boot_bench *bench)
{
	shape_jammy_but_kernel(bench);
	boot_bench_kernel(bench, "vmlinuz", PREP_FORMAT_GZIP, SHAPE_VERSION);
}

void shape_questing(const struct boot_bench *bench)
{
	static const char *const names[] = {
		"bootcode.bin",
		"start.elf",
		"start4.elf",
		"fixup4.dat",
		"current/bcm2711-rpi-4-b.dtb",
		"current/bcm2712-rpi-5-b.dtb",
		NULL,
	};

	boot_bench_touch(bench, names);
	boot_bench_write(bench, "autoboot.txt", "[all]\ntryboot_a_b=1\n");
	boot_bench_write(bench, "config.txt",
			 "[all]\nkernel=vmlinuz\n"
			 "initramfs initrd.img followkernel\n"
			 "os_prefix=current/\n[tryboot]\nos_prefix=new/\n");
	boot_bench_write(bench, "current/cmdline.txt", SHAPE_CMDLINE_DRACUT);
	boot_bench_kernel(bench, "current/vmlinuz", PREP_FORMAT_GZIP,
			  "6.17.0-1003-raspi");
	shape_initrd(bench, "current/initrd.img", packed_dracut,
		     "6.17.0-1003-raspi");
}

void shape_raspios(const struct boot_bench *bench)
{
	static const char *const names[] = {
		"bootcode.bin",	       "start.elf",
		"start4.elf",	       "fixup4.dat",
		"bcm2710-rpi-3-b.dtb", "bcm2711-rpi-4-b.dtb",
		"bcm2712-rpi-5-b.dtb", NULL,
	};

	boot_bench_touch(bench, names);
	boot_bench_write(bench, "config.txt",
			 "dtparam=audio=on\nauto_initramfs=1\narm_64bit=1\n"
			 "[cm4]\notg_mode=1\n[all]\n");
	boot_bench_write(bench, "cmdline.txt", SHAPE_CMDLINE);
	boot_bench_kernel(bench, "kernel8.img", PREP_FORMAT_GZIP,
			  "6.6.31+rpt-rpi-v8");
	boot_bench_kernel(bench, "kernel_2712.img", PREP_FORMAT_GZIP,
			  "6.6.31+rpt-rpi-2712");
	shape_initrd(bench, "initramfs8", packed_tools, "6.6.31+rpt-rpi-v8");
	shape_initrd(bench, "initramfs_2712", packed_tools,
		     "6.6.31+rpt-rpi-2712");
}

int shape_set_up(void **state)
{
	struct boot_bench *bench = calloc(1, sizeof(*bench));

	boot_bench_make(bench, SHAPE_MIB);
	shape_jammy(bench);
	*state = bench;
	return 0;
}

int shape_tear_down(void **state)
{
	boot_bench_remove(*state);
	free(*state);
	return 0;
}
