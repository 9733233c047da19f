/* SPDX-License-Identifier: BSD-2-Clause */
#include "initrd.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "initrd-bench.h"
#include "unit.h"

#define DIRECTORY (S_IFDIR | 0755)
#define FILE_MODE (S_IFREG | 0644)

static struct prep_initrd must_look(struct packed *packed)
{
	struct initrd_outcome outcome = initrd_look(packed, NULL);

	if (outcome.error != 0)
		fail_msg("%s", outcome.why.text);
	return outcome.initrd;
}

/* Whether that kernel can be used over NBD. */
static bool has_nbd(const struct prep_initrd *initrd, const char *version)
{
	const struct prep_initrd_kernel *kernel =
		prep_initrd_find_kernel(initrd, version);

	assert_non_null(kernel);
	return kernel->has_nbd;
}

/* --- What is in archives --- */

static struct packed archive_of(const char *const names[], size_t count)
{
	struct packed packed = { 0 };

	for (size_t i = 0; i < count; i++)
		packed_cpio(&packed, names[i], FILE_MODE, "some content");
	packed_cpio_end(&packed);
	return packed;
}

static const char *const tools_names[] = {
	"conf/initramfs.conf",
	"init",
	"scripts/functions",
	"scripts/local-top/nbd",
	"usr/sbin/nbd-client",
	"usr/lib/modules/6.6.31+rpt-rpi-v8/kernel/drivers/block/nbd.ko.xz",
};

static const char *const dracut_names[] = {
	"usr/lib/dracut/hooks/cmdline/90-parse-nbdroot.sh",
	"usr/lib/dracut-lib.sh",
	"usr/bin/dracut-cmdline",
	"usr/sbin/nbdroot",
	"usr/bin/nbd-client",
	"usr/lib/modules/6.17.0-1003-raspi/kernel/drivers/block/nbd.ko.zst",
};

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

static void assert_tools(const struct prep_initrd *initrd)
{
	assert_int_equal(initrd->generator, PREP_INITRD_INITRAMFS_TOOLS);
	assert_true(initrd->has_nbd_client);
	assert_true(initrd->has_nbd_script);
	assert_int_equal(initrd->kernel_count, 1);
	assert_true(has_nbd(initrd, "6.6.31+rpt-rpi-v8"));
}

static void assert_dracut(const struct prep_initrd *initrd)
{
	assert_int_equal(initrd->generator, PREP_INITRD_DRACUT);
	assert_true(initrd->has_nbd_client);
	assert_true(initrd->has_nbd_script);
	assert_true(has_nbd(initrd, "6.17.0-1003-raspi"));
}

static struct prep_initrd look_at_name(const char *name, unsigned int mode)
{
	_cleanup_packed_ struct packed packed = { 0 };

	packed_cpio(&packed, name, mode, "");
	packed_cpio_end(&packed);
	return must_look(&packed);
}

TEST(modules_are_found_wherever_they_are_and_however_compressed)
{
	static const char *const names[] = {
		"lib/modules/6.1/kernel/drivers/block/nbd.ko",
		"lib/modules/6.1/kernel/drivers/block/nbd.ko.xz",
		"lib/modules/6.1/kernel/drivers/block/nbd.ko.zst",
		"lib/modules/6.1/kernel/drivers/block/nbd.ko.gz",
		"usr/lib/modules/6.1/kernel/drivers/block/nbd.ko",
		"./lib/modules/6.1/updates/nbd.ko",
		"/lib/modules/6.1/nbd.ko",
		".//usr/lib/modules/6.1/extra/deep/down/nbd.ko.zst",
	};
	static const char *const others[] = {
		"lib/modules/6.1/kernel/drivers/block/xnbd.ko",
		"lib/modules/6.1/kernel/drivers/block/nbd.ko.txt",
		"lib/modules/6.1/kernel/drivers/block/nbd.kox",
		"lib/modules/6.1/kernel/drivers/block/nbd.ko/x",
		"lib/modules/6.1/modules.dep",
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct prep_initrd initrd = look_at_name(names[i], FILE_MODE);

		assert_int_equal(initrd.kernel_count, 1);
		if (!has_nbd(&initrd, "6.1"))
			fail_msg("%s", names[i]);
		initrd = look_at_name(names[i], DIRECTORY);
		assert_false(has_nbd(&initrd, "6.1"));
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		struct prep_initrd initrd = look_at_name(others[i], FILE_MODE);

		if (has_nbd(&initrd, "6.1"))
			fail_msg("%s", others[i]);
	}
}

TEST(kernels_are_directories_of_modules)
{
	struct prep_initrd initrd = look_at_name("lib/modules/6.1", DIRECTORY);

	assert_false(has_nbd(&initrd, "6.1"));
	assert_null(prep_initrd_find_kernel(&initrd, "6.10"));
	initrd = look_at_name("lib/modules/6.1", FILE_MODE);
	assert_int_equal(initrd.kernel_count, 0);
	initrd = look_at_name("lib/modules/", DIRECTORY);
	assert_int_equal(initrd.kernel_count, 0);
	initrd = look_at_name("elsewhere/lib/modules/6.1", DIRECTORY);
	assert_int_equal(initrd.kernel_count, 0);
}

TEST(each_kernel_has_modules_of_its_own)
{
	static const char *const names[] = {
		"lib/modules/6.1-v8/kernel/nbd.ko",
		"lib/modules/6.1-v7/kernel/loop.ko",
		"usr/lib/modules/6.1-v7/modules.dep",
		"usr/lib/modules/6.1/kernel/loop.ko",
	};
	_cleanup_packed_ struct packed packed = archive_of(names, COUNT(names));
	struct prep_initrd initrd = must_look(&packed);

	assert_int_equal(initrd.kernel_count, 3);
	assert_true(has_nbd(&initrd, "6.1-v8"));
	assert_false(has_nbd(&initrd, "6.1-v7"));
	assert_false(has_nbd(&initrd, "6.1"));
}

TEST(kernels_beyond_the_limits_are_not_noted)
{
	_cleanup_packed_ struct packed packed = { 0 };
	struct prep_initrd initrd;
	char name[256], version[PREP_INITRD_VERSION_BYTES + 1] = "";

	memset(version, '6', PREP_INITRD_VERSION_BYTES);
	snprintf(name, sizeof(name), "lib/modules/%s/nbd.ko", version);
	packed_cpio(&packed, name, FILE_MODE, "");
	snprintf(name, sizeof(name), "lib/modules/%s/nbd.ko", version + 1);
	packed_cpio(&packed, name, FILE_MODE, "");
	for (unsigned int i = 1; i < PREP_INITRD_KERNELS_MAX + 5; i++) {
		snprintf(name, sizeof(name), "lib/modules/5.%u/nbd.ko", i);
		packed_cpio(&packed, name, FILE_MODE, "");
	}
	packed_cpio_end(&packed);
	initrd = must_look(&packed);
	assert_int_equal(initrd.kernel_count, PREP_INITRD_KERNELS_MAX);
	assert_true(has_nbd(&initrd, version + 1));
	assert_true(has_nbd(&initrd, "5.15"));
	assert_null(prep_initrd_find_kernel(&initrd, "5.16"));
}

TEST(a_module_may_be_built_in)
{
	static const struct {
		const char *list;
		bool has_nbd;
	} lists[] = {
		{ "kernel/drivers/block/nbd.ko\n", true },
		{ "kernel/a.ko\nkernel/drivers/block/nbd.ko\nkernel/b.ko\n",
		  true },
		{ "kernel/a//nbd.ko\n", true },
		{ "kernel/nb/nbd.ko\n", true },
		{ "kernel/drivers/block/xnbd.ko\n", false },
		{ "kernel/drivers/block/nbd.ko.x\n", false },
		{ "", false },
	};

	for (size_t i = 0; i < COUNT(lists); i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct prep_initrd initrd;

		packed_cpio(&packed, "lib/modules/6.1/modules.builtin",
			    FILE_MODE, lists[i].list);
		packed_cpio(&packed, "lib/modules/6.2/modules.alias", FILE_MODE,
			    "kernel/drivers/block/nbd.ko\n");
		packed_cpio_end(&packed);
		initrd = must_look(&packed);
		if (has_nbd(&initrd, "6.1") != lists[i].has_nbd)
			fail_msg("%s", lists[i].list);
		assert_false(has_nbd(&initrd, "6.2"));
	}
}

TEST(an_initrd_of_nobody_known_has_no_generator)
{
	static const char *const names[] = { "init", "bin/busybox",
					     "sbin/nbd-client.old",
					     "scripts/local-top/nbd2" };
	_cleanup_packed_ struct packed packed = archive_of(names, COUNT(names));
	struct prep_initrd initrd = must_look(&packed);

	assert_int_equal(initrd.generator, PREP_INITRD_UNKNOWN);
	assert_false(initrd.has_nbd_client);
	assert_false(initrd.has_nbd_script);
	assert_int_equal(initrd.kernel_count, 0);
	assert_int_equal(initrd.members, 4);
	assert_int_equal(initrd.unpacked_bytes, packed.length);
	assert_int_equal(initrd.format, PREP_FORMAT_NONE);
}

/* --- How they are put together --- */

static const enum prep_format formats[] = {
	PREP_FORMAT_BZIP2, PREP_FORMAT_GZIP, PREP_FORMAT_LZ4,
	PREP_FORMAT_LZMA,  PREP_FORMAT_XZ,   PREP_FORMAT_ZSTD,
};

static void add_compressed(struct packed *packed, enum prep_format format,
			   const char *const names[], size_t count)
{
	_cleanup_packed_ struct packed archive = archive_of(names, count);

	packed_compress(packed, format, archive.bytes, archive.length);
}

static void add_early(struct packed *packed)
{
	static const char *const names[] = {
		"kernel/x86/microcode/GenuineIntel.bin"
	};
	_cleanup_packed_ struct packed archive = archive_of(names, 1);

	packed_add(packed, archive.bytes, archive.length);
	packed_add_zeroes(packed, -packed->length & 511);
}

TEST(an_initrd_is_compressed_in_any_way)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct prep_initrd initrd;

		add_compressed(&packed, formats[i], tools_names,
			       COUNT(tools_names));
		initrd = must_look(&packed);
		assert_tools(&initrd);
		assert_int_equal(initrd.format, formats[i]);
	}
}

TEST(an_archive_for_early_boot_may_come_before)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct prep_initrd initrd;

		add_early(&packed);
		add_compressed(&packed, formats[i], dracut_names,
			       COUNT(dracut_names));
		initrd = must_look(&packed);
		assert_dracut(&initrd);
		assert_int_equal(initrd.members, 1 + COUNT(dracut_names));
	}
}

/* Ubuntu has modules and firmware, compressed themselves, before the rest. */
TEST(modules_may_be_in_an_archive_of_their_own)
{
	static const char *const modules[] = {
		"usr/lib/modules/6.8.0-1010-raspi/kernel/drivers/block/"
		"nbd.ko.zst"
	};
	_cleanup_packed_ struct packed packed = { 0 };
	_cleanup_packed_ struct packed second = archive_of(modules, 1);
	struct prep_initrd initrd;

	add_early(&packed);
	packed_add(&packed, second.bytes, second.length);
	packed_add_zeroes(&packed, -packed.length & 511);
	add_compressed(&packed, PREP_FORMAT_ZSTD, tools_names, 5);
	initrd = must_look(&packed);
	assert_int_equal(initrd.generator, PREP_INITRD_INITRAMFS_TOOLS);
	assert_true(has_nbd(&initrd, "6.8.0-1010-raspi"));
}

TEST(an_initrd_need_not_be_compressed)
{
	_cleanup_packed_ struct packed packed =
		archive_of(dracut_names, COUNT(dracut_names));
	struct prep_initrd initrd;

	packed_add_zeroes(&packed, 700000);
	initrd = must_look(&packed);
	assert_dracut(&initrd);
}

/* With a FAT's clusters or a loader's pages in mind. */
TEST(zeroes_may_follow_what_is_compressed)
{
	const size_t gaps[] = { 1, 3, 4, 511, 300000 };

	for (size_t i = 0; i < COUNT(formats) * COUNT(gaps); i++) {
		enum prep_format format = formats[i / COUNT(gaps)];
		_cleanup_packed_ struct packed packed = { 0 };
		struct initrd_outcome outcome;

		if (format == PREP_FORMAT_LZMA)
			continue; /* it does not say where it ends */
		add_early(&packed);
		add_compressed(&packed, format, tools_names,
			       COUNT(tools_names));
		packed_add_zeroes(&packed, gaps[i % COUNT(gaps)]);
		outcome = initrd_look(&packed, NULL);
		if (outcome.error != 0)
			fail_msg("%s and %zu zeroes: %s",
				 prep_format_name(format),
				 gaps[i % COUNT(gaps)], outcome.why.text);
		assert_tools(&outcome.initrd);
	}
}

TEST(an_archive_may_follow_what_is_compressed)
{
	static const char *const added[] = { "lib/modules/7.0/nbd.ko" };

	for (size_t i = 0; i < COUNT(formats); i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		_cleanup_packed_ struct packed second = archive_of(added, 1);
		struct initrd_outcome outcome;

		if (formats[i] == PREP_FORMAT_LZMA)
			continue;
		add_compressed(&packed, formats[i], dracut_names,
			       COUNT(dracut_names));
		packed_add_zeroes(&packed, 4 + (-packed.length & 3));
		packed_add(&packed, second.bytes, second.length);
		outcome = initrd_look(&packed, NULL);
		if (outcome.error != 0)
			fail_msg("%s: %s", prep_format_name(formats[i]),
				 outcome.why.text);
		assert_dracut(&outcome.initrd);
		assert_true(has_nbd(&outcome.initrd, "7.0"));
	}
}

#define CLAIM(test) cmocka_unit_test(test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(modules_are_found_wherever_they_are_and_however_compressed),
		CLAIM(kernels_are_directories_of_modules),
		CLAIM(each_kernel_has_modules_of_its_own),
		CLAIM(kernels_beyond_the_limits_are_not_noted),
		CLAIM(a_module_may_be_built_in),
		CLAIM(an_initrd_of_nobody_known_has_no_generator),
		CLAIM(an_initrd_is_compressed_in_any_way),
		CLAIM(an_archive_for_early_boot_may_come_before),
		CLAIM(modules_may_be_in_an_archive_of_their_own),
		CLAIM(an_initrd_need_not_be_compressed),
		CLAIM(zeroes_may_follow_what_is_compressed),
		CLAIM(an_archive_may_follow_what_is_compressed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
