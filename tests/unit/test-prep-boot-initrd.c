/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_initrd.h"

#include <errno.h>

#include "boot-bench.h"
#include "unit.h"

#define SIZE_MIB 40
#define VERSION "5.15.0-1005-raspi"

static int look(struct boot_bench *bench, const char *initramfs,
		struct prep_initrd *ret_initrd, struct pbf_reason *why)
{
	_cleanup_initrds_ struct prep_boot_initrds initrds = {
		.boot = &bench->boot,
	};
	struct prep_config config = { .os_prefix = "" };

	strcpy(config.initramfs, initramfs);
	boot_bench_take(bench);
	return prep_boot_initrd(&initrds, &config, ret_initrd, why);
}

static void assert_has_nbd(const struct prep_initrd *initrd)
{
	const struct prep_initrd_kernel *kernel =
		prep_initrd_find_kernel(initrd, VERSION);

	assert_non_null(kernel);
	assert_true(kernel->has_nbd);
	assert_true(initrd->has_nbd_client);
	assert_true(initrd->has_nbd_script);
}

TEST(one_file_is_an_initrd)
{
	_cleanup_packed_ struct packed archive = { 0 }, file = { 0 };
	struct boot_bench bench;
	struct prep_initrd initrd;
	struct pbf_reason why = { .text = "?" };

	boot_bench_make(&bench, SIZE_MIB);
	packed_tools(&archive, VERSION);
	packed_compress(&file, PREP_FORMAT_ZSTD, archive.bytes, archive.length);
	boot_bench_put(&bench, "initrd.img", file.bytes, file.length);
	assert_int_equal(look(&bench, "initrd.img", &initrd, &why), 0);
	assert_string_equal(why.text, "");
	assert_has_nbd(&initrd);
	assert_int_equal(initrd.generator, PREP_INITRD_INITRAMFS_TOOLS);
	assert_int_equal(look(&bench, "initrd.img", &initrd, NULL), 0);
	boot_bench_remove(&bench);
}

TEST(a_prefix_goes_before_its_name)
{
	_cleanup_packed_ struct packed archive = { 0 };
	struct boot_bench bench;
	struct prep_config config = { .os_prefix = "current/",
				      .initramfs = "initrd.img" };
	_cleanup_initrds_ struct prep_boot_initrds initrds = {
		.boot = &bench.boot,
	};
	struct prep_initrd initrd;

	boot_bench_make(&bench, SIZE_MIB);
	packed_dracut(&archive, VERSION);
	boot_bench_put(&bench, "current/initrd.img", archive.bytes,
		       archive.length);
	boot_bench_take(&bench);
	assert_int_equal(prep_boot_initrd(&initrds, &config, &initrd, NULL), 0);
	assert_has_nbd(&initrd);
	assert_int_equal(initrd.generator, PREP_INITRD_DRACUT);
	boot_bench_remove(&bench);
}

/* One archive, cut where no reader of single files could make sense of it. */
TEST(several_files_are_put_together_in_order)
{
	_cleanup_packed_ struct packed archive = { 0 };
	struct boot_bench bench;
	struct prep_initrd initrd;
	const size_t third = 333;

	boot_bench_make(&bench, SIZE_MIB);
	packed_tools(&archive, VERSION);
	assert_true(archive.length > 2 * third);
	boot_bench_put(&bench, "a.img", archive.bytes, third);
	boot_bench_put(&bench, "b.img", archive.bytes + third, third);
	boot_bench_write(&bench, "empty.img", "");
	boot_bench_put(&bench, "c.img", archive.bytes + 2 * third,
		       archive.length - 2 * third);
	assert_int_equal(
		look(&bench, "a.img,b.img,empty.img,c.img", &initrd, NULL), 0);
	assert_has_nbd(&initrd);
	assert_int_equal(initrd.members, 4);
	assert_int_equal(look(&bench, "b.img,a.img,c.img", &initrd, NULL),
			 -EOPNOTSUPP);
	boot_bench_remove(&bench);
}

TEST(files_may_part_where_the_compressed_part_begins)
{
	_cleanup_packed_ struct packed archive = { 0 }, early = { 0 },
				       late = { 0 };
	struct boot_bench bench;
	struct prep_initrd initrd;

	boot_bench_make(&bench, SIZE_MIB);
	packed_tools(&archive, VERSION);
	packed_compress(&late, PREP_FORMAT_ZSTD, archive.bytes, archive.length);
	packed_file(&early, "kernel/x86/microcode");
	packed_cpio_end(&early);
	packed_add(&early, late.bytes, 2);
	boot_bench_put(&bench, "a.img", early.bytes, early.length);
	boot_bench_put(&bench, "b.img", late.bytes + 2, late.length - 2);
	assert_int_equal(look(&bench, "a.img,b.img", &initrd, NULL), 0);
	assert_has_nbd(&initrd);
	boot_bench_remove(&bench);
}

TEST(a_missing_file_is_left_out_and_said)
{
	_cleanup_packed_ struct packed archive = { 0 };
	struct boot_bench bench;
	struct prep_initrd initrd;
	struct pbf_reason why;

	boot_bench_make(&bench, SIZE_MIB);
	packed_tools(&archive, VERSION);
	boot_bench_put(&bench, "initrd.img", archive.bytes, archive.length);
	assert_int_equal(
		look(&bench, "gone.img,initrd.img,lost.img", &initrd, &why), 0);
	assert_has_nbd(&initrd);
	assert_string_equal(why.text, "gone.img, lost.img: not there");
	boot_bench_remove(&bench);
}

TEST(without_an_initrd_there_is_none)
{
	struct boot_bench bench;
	struct prep_initrd initrd;
	struct pbf_reason why;

	boot_bench_make(&bench, SIZE_MIB);
	assert_int_equal(look(&bench, "", &initrd, &why), -ENOENT);
	assert_reason(why, PBF_REASON_NO_OFFSET, "names no initrd");
	assert_int_equal(look(&bench, "a.img,b.img", &initrd, &why), -ENOENT);
	assert_reason(why, PBF_REASON_NO_OFFSET, "a.img, b.img: not there");
	/* A directory is no file. */
	boot_bench_write(&bench, "c.img/file", "x");
	assert_int_equal(look(&bench, "c.img", &initrd, &why), -ENOENT);
	boot_bench_remove(&bench);
}

TEST(a_fault_is_said_with_the_file_that_has_it)
{
	_cleanup_packed_ struct packed archive = { 0 };
	struct boot_bench bench;
	struct prep_initrd initrd;
	struct pbf_reason why;

	boot_bench_make(&bench, SIZE_MIB);
	packed_tools(&archive, VERSION);
	boot_bench_put(&bench, "good.img", archive.bytes, archive.length);
	boot_bench_write(&bench, "bad.img", "no archive");
	assert_int_equal(look(&bench, "bad.img", &initrd, &why), -EOPNOTSUPP);
	assert_reason(why, 0, "bad.img: is no initrd");
	assert_int_equal(look(&bench, "good.img,bad.img", &initrd, &why),
			 -EUCLEAN);
	/* The offset is that in the file. */
	assert_reason(why, 0, "bad.img: something follows");
	boot_bench_remove(&bench);
}

TEST(an_archive_that_is_cut_short_is_refused)
{
	_cleanup_packed_ struct packed archive = { 0 };
	struct boot_bench bench;
	struct prep_initrd initrd;
	struct pbf_reason why;

	boot_bench_make(&bench, SIZE_MIB);
	packed_tools(&archive, VERSION);
	boot_bench_put(&bench, "a.img", archive.bytes, 200);
	boot_bench_put(&bench, "b.img", archive.bytes + 200, 100);
	assert_int_equal(look(&bench, "a.img,b.img", &initrd, &why), -EUCLEAN);
	assert_reason(why, 100, "b.img: the last cpio archive does not end");
	boot_bench_remove(&bench);
}

/* As many names as a line of config.txt has room for. */
TEST(a_list_of_nothing_but_commas_is_none)
{
	struct boot_bench bench;
	struct prep_initrd initrd;
	char commas[PREP_CONFIG_VALUE_BYTES];

	boot_bench_make(&bench, SIZE_MIB);
	memset(commas, ',', sizeof(commas));
	for (size_t i = 0; i < sizeof(commas); i += 2)
		commas[i] = 'x';
	commas[sizeof(commas) - 1] = '\0';
	assert_int_equal(look(&bench, commas, &initrd, NULL), -ENOENT);
	boot_bench_write(&bench, "x", "");
	assert_int_equal(look(&bench, commas, &initrd, NULL), -EOPNOTSUPP);
	memset(commas, ',', sizeof(commas) - 1);
	assert_int_equal(look(&bench, commas, &initrd, NULL), -ENOENT);
	boot_bench_remove(&bench);
}

TEST(one_that_several_configurations_lead_to_is_looked_into_once)
{
	_cleanup_packed_ struct packed archive = { 0 };
	struct boot_bench bench;
	struct prep_config config = { .cmdline = "a.txt",
				      .initramfs = "initrd.img" };
	_cleanup_initrds_ struct prep_boot_initrds initrds = {
		.boot = &bench.boot,
	};
	struct prep_initrd initrd;

	boot_bench_make(&bench, SIZE_MIB);
	packed_dracut(&archive, VERSION);
	boot_bench_put(&bench, "initrd.img", archive.bytes, archive.length);
	boot_bench_take(&bench);
	assert_int_equal(prep_boot_initrd(&initrds, &config, &initrd, NULL), 0);
	strcpy(config.cmdline, "b.txt");
	initrd.generator = PREP_INITRD_UNKNOWN;
	assert_int_equal(prep_boot_initrd(&initrds, &config, &initrd, NULL), 0);
	assert_int_equal(initrd.generator, PREP_INITRD_DRACUT);
	assert_int_equal(initrds.count, 1);
	strcpy(config.initramfs, "other.img");
	assert_int_equal(prep_boot_initrd(&initrds, &config, &initrd, NULL),
			 -ENOENT);
	assert_int_equal(initrds.count, 2);
	boot_bench_remove(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_file_is_an_initrd),
		cmocka_unit_test(a_prefix_goes_before_its_name),
		cmocka_unit_test(several_files_are_put_together_in_order),
		cmocka_unit_test(
			files_may_part_where_the_compressed_part_begins),
		cmocka_unit_test(a_missing_file_is_left_out_and_said),
		cmocka_unit_test(without_an_initrd_there_is_none),
		cmocka_unit_test(a_fault_is_said_with_the_file_that_has_it),
		cmocka_unit_test(an_archive_that_is_cut_short_is_refused),
		cmocka_unit_test(a_list_of_nothing_but_commas_is_none),
		cmocka_unit_test(
			one_that_several_configurations_lead_to_is_looked_into_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
