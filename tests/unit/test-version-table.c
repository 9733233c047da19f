/* SPDX-License-Identifier: BSD-2-Clause */
#include "version_table.h"

#include <errno.h>

#include "unit.h"
#include "version-bench.h"

#define FIRST_ID 1000u

static struct version_bench bench;
static struct pbf_version_table *table;

static int setup(void **state)
{
	(void)state;
	version_bench_make(&bench, 1u << 20);
	return pbf_version_table_new(&bench.shared, FIRST_ID, &table);
}

static int teardown(void **state)
{
	(void)state;
	pbf_version_table_free(table);
	version_bench_free(&bench);
	return 0;
}

static struct pbf_version *look_up(const char *source_name, const char *path)
{
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_found_ struct pbf_found found = { 0 };
	struct pbf_version *version;

	assert_int_equal(pbf_source_open(bench.bench.catalog, source_name, 0,
					 &source, NULL),
			 0);
	assert_int_equal(pbf_source_find(&source, path, &found, NULL), 0);
	assert_int_equal(pbf_version_table_lookup(table, source_name, &source,
						  &found, &version),
			 0);
	return version;
}

/* The number of the version that a lookup gives now. */
static uint64_t id_of(const char *source_name, const char *path)
{
	struct pbf_version *version = look_up(source_name, path);
	uint64_t id = pbf_version_id(version);

	pbf_version_unref(version);
	return id;
}

static void seal(const char *path)
{
	struct pbf_version *version = look_up(BENCH_IMAGE, path);

	version_bench_seal(&bench, version);
	pbf_version_unref(version);
}

TEST(numbers_are_given_out_once_from_the_first_on)
{
	assert_int_equal(pbf_version_table_next_id(table), FIRST_ID);
	assert_int_equal(pbf_version_table_next_id(table), FIRST_ID + 1);
	assert_int_equal(id_of(BENCH_IMAGE, "KERNEL.IMG"), FIRST_ID + 2);
	assert_int_equal(pbf_version_table_next_id(table), FIRST_ID + 3);
}

TEST(an_unchanged_file_keeps_its_version)
{
	uint64_t id = id_of(BENCH_IMAGE, "KERNEL.IMG");

	assert_int_equal(id_of(BENCH_IMAGE, "KERNEL.IMG"), id);
	seal("KERNEL.IMG");
	assert_int_equal(id_of(BENCH_IMAGE, "KERNEL.IMG"), id);
}

TEST(a_name_in_another_case_is_the_same_file)
{
	assert_int_equal(id_of(BENCH_IMAGE, "kernel.img"),
			 id_of(BENCH_IMAGE, "KERNEL.IMG"));
}

TEST(a_file_with_another_content_has_another_version)
{
	uint64_t id = id_of(BENCH_IMAGE, "KERNEL.IMG"), next;

	seal("KERNEL.IMG");
	bench_write_kernel(&bench.bench, 2);
	bench_save(&bench.bench);
	next = id_of(BENCH_IMAGE, "KERNEL.IMG");
	assert_int_not_equal(next, id);
	assert_int_equal(id_of(BENCH_IMAGE, "KERNEL.IMG"), next);
	/* Never the old number again, not even for the old content. */
	seal("KERNEL.IMG");
	bench_write_kernel(&bench.bench, 1);
	bench_save(&bench.bench);
	assert_true(id_of(BENCH_IMAGE, "KERNEL.IMG") > next);
}

static void note_id(void *context, struct pbf_version *version)
{
	*(uint64_t *)context = pbf_version_id(version);
}

TEST(an_old_version_is_told_of_once_it_has_been_replaced)
{
	struct pbf_version_shared shared = bench.shared;
	struct pbf_version_table *telling;
	uint64_t told = 0, id;

	shared.superseded = note_id;
	shared.context = &told;
	assert_int_equal(pbf_version_table_new(&shared, FIRST_ID, &telling), 0);
	pbf_version_table_free(table);
	table = telling;
	id = id_of(BENCH_IMAGE, "KERNEL.IMG");
	id_of(BENCH_IMAGE, "KERNEL.IMG");
	assert_int_equal(told, 0);
	bench_set_size(&bench.bench, bench.bench.kernel_slot, 1000);
	bench_save(&bench.bench);
	id_of(BENCH_IMAGE, "KERNEL.IMG");
	assert_int_equal(told, id);
}

TEST(an_old_version_goes_on_while_somebody_has_it)
{
	struct pbf_version *old = look_up(BENCH_IMAGE, "KERNEL.IMG");
	struct pbf_snapshot *snapshot;
	const unsigned char *content;

	version_bench_seal(&bench, old);
	bench_write_kernel(&bench.bench, 2);
	bench_save(&bench.bench);
	assert_int_not_equal(id_of(BENCH_IMAGE, "KERNEL.IMG"),
			     pbf_version_id(old));
	assert_int_equal(pbf_version_read(old, BENCH_KERNEL_BYTES, NULL,
					  &snapshot, &content),
			 0);
	assert_memory_equal(content, bench_content(1), BENCH_KERNEL_BYTES);
	pbf_version_read_done(snapshot);
	pbf_version_unref(old);
}

TEST(files_of_one_volume_have_versions_of_their_own)
{
	assert_int_not_equal(id_of(BENCH_IMAGE, "KERNEL.IMG"),
			     id_of(BENCH_IMAGE, "CONFIG.TXT"));
}

TEST(boards_of_one_image_share_its_versions)
{
	scratch_link(&bench.bench.scratch, BENCH_IMAGE, "89025d75");
	assert_int_equal(id_of("89025d75", "KERNEL.IMG"),
			 id_of(BENCH_IMAGE, "KERNEL.IMG"));
}

TEST(equal_images_do_not_share_versions)
{
	scratch_write(&bench.bench.scratch, "copy.img",
		      bench.bench.image->bytes, bench.bench.image->size);
	assert_int_not_equal(id_of("copy.img", "KERNEL.IMG"),
			     id_of(BENCH_IMAGE, "KERNEL.IMG"));
}

TEST(equal_paths_in_two_partitions_do_not_share_versions)
{
	uint64_t id = id_of(BENCH_IMAGE, "KERNEL.IMG");
	size_t size = bench.bench.image->size;
	unsigned char *disk = test_calloc(1, 65536 + size);

	memcpy(disk + 65536, bench.bench.image->bytes, size);
	disk[0x1be + 4] = 0x0c;
	disk[0x1be + 8] = 128;
	disk[0x1be + 14] = 1;
	disk[0x1fe] = 0x55;
	disk[0x1ff] = 0xaa;
	scratch_write(&bench.bench.scratch, BENCH_IMAGE, disk, 65536 + size);
	test_free(disk);
	assert_int_not_equal(id_of(BENCH_IMAGE, "KERNEL.IMG"), id);
}

TEST(a_plain_file_has_versions)
{
	uint64_t id;

	scratch_write(&bench.bench.scratch, "bootcode.bin", "boot", 4);
	id = id_of(PBF_BOOTCODE, "");
	assert_int_equal(id_of(PBF_BOOTCODE, ""), id);
	scratch_write(&bench.bench.scratch, "bootcode.bin", "booty", 5);
	assert_int_not_equal(id_of(PBF_BOOTCODE, ""), id);
}

TEST(a_version_given_up_is_replaced)
{
	struct pbf_version *version = look_up(BENCH_IMAGE, "KERNEL.IMG");

	pbf_version_kill(version, -EIO);
	assert_int_not_equal(id_of(BENCH_IMAGE, "KERNEL.IMG"),
			     pbf_version_id(version));
	pbf_version_unref(version);
}

TEST(a_version_that_was_dropped_is_forgotten)
{
	struct pbf_version *version = look_up(BENCH_IMAGE, "KERNEL.IMG");

	version_bench_seal(&bench, version);
	pbf_version_table_drop(table, version);
	assert_int_not_equal(id_of(BENCH_IMAGE, "KERNEL.IMG"),
			     pbf_version_id(version));
	pbf_version_unref(version);
}

TEST(dropping_an_old_version_leaves_the_current_one)
{
	struct pbf_version *old = look_up(BENCH_IMAGE, "KERNEL.IMG");
	uint64_t id;

	pbf_version_kill(old, -EIO);
	id = id_of(BENCH_IMAGE, "KERNEL.IMG");
	pbf_version_table_drop(table, old);
	assert_int_equal(id_of(BENCH_IMAGE, "KERNEL.IMG"), id);
	pbf_version_table_drop(table, old);
	pbf_version_unref(old);
}

TEST(many_files_are_told_apart)
{
	struct pbf_version *versions[64];
	char path[] = "f00";
	struct pbf_found found = { .path = path, .size_bytes = 1 };
	_cleanup_source_ struct pbf_source source = { 0 };

	assert_int_equal(pbf_source_open(bench.bench.catalog, BENCH_IMAGE, 0,
					 &source, NULL),
			 0);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < 64; i++) {
			struct pbf_version *version;

			path[1] = (char)('0' + i / 10);
			path[2] = (char)('0' + i % 10);
			assert_int_equal(pbf_version_table_lookup(
						 table, BENCH_IMAGE, &source,
						 &found, &version),
					 0);
			assert_string_equal(pbf_version_key(version).path,
					    path);
			if (round == 0) {
				versions[i] = version;
				continue;
			}
			assert_ptr_equal(version, versions[i]);
			pbf_version_unref(version);
			pbf_version_unref(version);
		}
}

TEST(freeing_nothing_is_allowed)
{
	pbf_version_table_free(NULL);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(numbers_are_given_out_once_from_the_first_on),
		CLAIM(an_unchanged_file_keeps_its_version),
		CLAIM(a_name_in_another_case_is_the_same_file),
		CLAIM(a_file_with_another_content_has_another_version),
		CLAIM(an_old_version_is_told_of_once_it_has_been_replaced),
		CLAIM(an_old_version_goes_on_while_somebody_has_it),
		CLAIM(files_of_one_volume_have_versions_of_their_own),
		CLAIM(boards_of_one_image_share_its_versions),
		CLAIM(equal_images_do_not_share_versions),
		CLAIM(equal_paths_in_two_partitions_do_not_share_versions),
		CLAIM(a_plain_file_has_versions),
		CLAIM(a_version_given_up_is_replaced),
		CLAIM(a_version_that_was_dropped_is_forgotten),
		CLAIM(dropping_an_old_version_leaves_the_current_one),
		CLAIM(many_files_are_told_apart),
		CLAIM(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
