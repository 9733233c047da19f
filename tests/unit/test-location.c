/* SPDX-License-Identifier: BSD-2-Clause */
#include "location.h"

#include <errno.h>

#include "bench.h"
#include "fake-time.h"
#include "unit.h"

static struct bench bench;
static struct pbf_address address;

static int setup(void **state)
{
	(void)state;
	fake_time_reset();
	bench_make(&bench);
	address = (struct pbf_address){ .catalog = bench.catalog,
					.source = BENCH_IMAGE,
					.path = "KERNEL.IMG",
					.timeout_ms = 3600000 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bench_free(&bench);
	return 0;
}

static void find(struct pbf_location *ret_location)
{
	assert_int_equal(pbf_location_find(&address, ret_location, NULL), 0);
}

static void assert_not_found(int error)
{
	struct pbf_location location = { 0 };

	assert_int_equal(pbf_location_find(&address, &location, NULL), error);
	assert_null(location.source.image);
}

TEST(a_file_is_found_with_its_chain)
{
	_cleanup_location_ struct pbf_location location = { 0 };

	find(&location);
	assert_non_null(location.source.volume);
	assert_int_equal(location.found.size_bytes, BENCH_KERNEL_BYTES);
	assert_int_equal(location.found.chain.run_count, 1);
}

TEST(a_file_that_is_gone_is_stale)
{
	address.path = "NONE.IMG";
	assert_not_found(-ESTALE);
	address.path = "CONFIG.TXT/x";
	assert_not_found(-ESTALE);
	address.path = "KERNEL.IMG";
	scratch_unlink(&bench.scratch, BENCH_IMAGE);
	assert_not_found(-ESTALE);
}

TEST(a_file_that_became_a_directory_is_stale)
{
	address.path = "DIR";
	assert_not_found(-ESTALE);
}

TEST(a_volume_that_is_broken_is_no_stale_file)
{
	fat_boot_sector(bench.image)[0x10] = 0;
	bench_save(&bench);
	assert_not_found(-EUCLEAN);
}

TEST(finding_gives_up_in_time)
{
	address.timeout_ms = -1;
	assert_not_found(-ETIMEDOUT);
}

TEST(a_file_with_a_broken_chain_has_a_location_all_the_same)
{
	_cleanup_location_ struct pbf_location location = { 0 };
	struct pbf_reason why;

	fat_link(bench.image, FAT_ALL, 12, 0);
	bench_save(&bench);
	assert_int_equal(pbf_location_find(&address, &location, &why),
			 -EUCLEAN);
	assert_non_null(location.source.image);
	assert_reason(why, fat_link_at(bench.image, 0, 12), "free cluster 12");
}

TEST(a_sound_chain_is_not_waited_for)
{
	_cleanup_location_ struct pbf_location location = { 0 };

	assert_int_equal(pbf_location_find_settling(&address, &location, NULL),
			 0);
	assert_int_equal(fake_time_pauses(), 0);
}

static void break_chain(void)
{
	fat_link(bench.image, FAT_ALL, 12, 0);
	bench_save(&bench);
	fake_time_next_tick();
}

TEST(a_broken_chain_in_an_image_at_rest_is_not_waited_for)
{
	_cleanup_location_ struct pbf_location location = { 0 };

	break_chain();
	assert_int_equal(pbf_location_find_settling(&address, &location, NULL),
			 -EUCLEAN);
	assert_int_equal(fake_time_pauses(), 1);
	assert_null(location.source.image);
}

/* A writer that mends the chain in one of its writes. */
static void write_on(void *context, int pauses)
{
	const int *mended_at = context;

	if (pauses == *mended_at)
		fat_link(bench.image, FAT_ALL, 12, 13);
	fake_time_next_tick();
	bench_save(&bench);
}

TEST(a_broken_chain_is_looked_at_again_while_writes_go_on)
{
	_cleanup_location_ struct pbf_location location = { 0 };
	int mended_at = 2;

	break_chain();
	fake_time_on_pause(write_on, &mended_at);
	assert_int_equal(pbf_location_find_settling(&address, &location, NULL),
			 0);
	assert_int_equal(fake_time_pauses(), 3);
	assert_int_equal(location.found.chain.run_count, 1);
}

TEST(a_broken_chain_is_given_up_when_writes_never_end)
{
	_cleanup_location_ struct pbf_location location = { 0 };
	int mended_at = 1000;

	break_chain();
	fake_time_on_pause(write_on, &mended_at);
	assert_int_equal(pbf_location_find_settling(&address, &location, NULL),
			 -EUCLEAN);
	assert_int_equal(fake_time_pauses(), 5);
}

TEST(only_a_broken_chain_is_waited_for)
{
	struct pbf_location location = { 0 };

	address.path = "NONE.IMG";
	assert_int_equal(pbf_location_find_settling(&address, &location, NULL),
			 -ESTALE);
	assert_int_equal(fake_time_pauses(), 0);
}

TEST(a_location_that_was_taken_is_not_released)
{
	_cleanup_location_ struct pbf_location location = { 0 };
	struct pbf_location taken;

	find(&location);
	taken = pbf_location_take(&location);
	assert_null(location.source.image);
	assert_null(location.found.path);
	pbf_location_release(&location);
	assert_string_equal(taken.found.path, "KERNEL.IMG");
	pbf_location_release(&taken);
	assert_null(taken.source.image);
}

/* Whether the file lies elsewhere after the image changed. */
static void assert_moved(bool moved)
{
	_cleanup_location_ struct pbf_location before = { 0 }, now = { 0 };

	/* BENCH_IMAGE still is what it was at the start of the test. */
	find(&before);
	bench_save(&bench);
	find(&now);
	assert_int_equal(pbf_location_equal(&before, &now), !moved);
}

TEST(a_file_lies_where_it_lay_when_only_its_content_changes)
{
	bench_write_kernel(&bench, 2);
	assert_moved(false);
}

TEST(a_file_in_other_clusters_lies_elsewhere)
{
	bench_move_kernel(&bench, 150);
	assert_moved(true);
}

TEST(a_file_of_another_size_lies_elsewhere)
{
	/* in as many clusters */
	bench_set_size(&bench, bench.kernel_slot, BENCH_KERNEL_BYTES - 1);
	assert_moved(true);
}

TEST(a_file_of_another_name_lies_elsewhere)
{
	bench.image->bytes[bench.kernel_slot] = 'k';
	assert_moved(true);
}

TEST(a_file_in_another_image_lies_elsewhere)
{
	_cleanup_location_ struct pbf_location before = { 0 }, now = { 0 };

	find(&before);
	bench_replace(&bench);
	find(&now);
	assert_false(pbf_location_equal(&before, &now));
}

TEST(a_file_in_another_partition_lies_elsewhere)
{
	_cleanup_location_ struct pbf_location before = { 0 }, now = { 0 };
	uint64_t shift = 256u * 1024;
	unsigned char *moved = test_calloc(1, shift + bench.image->size);

	find(&before);
	/* one sector-0 table, and the volume behind it */
	moved[0x1be + 4] = 0x0c;
	moved[0x1be + 8 + 1] = (unsigned char)(shift / 512 >> 8);
	moved[0x1be + 12 + 2] = 1;
	moved[0x1fe] = 0x55;
	moved[0x1ff] = 0xaa;
	memcpy(moved + shift, bench.image->bytes, bench.image->size);
	scratch_write(&bench.scratch, BENCH_IMAGE, moved,
		      shift + bench.image->size);
	test_free(moved);
	find(&now);
	assert_int_equal(now.source.partition, 1);
	assert_false(pbf_location_equal(&before, &now));
}

TEST(plain_files_lie_in_their_image)
{
	_cleanup_location_ struct pbf_location one = { 0 }, two = { 0 },
					       other = { 0 };

	find(&other);
	scratch_write(&bench.scratch, "bootcode.bin", "boot", 4);
	address.source = PBF_BOOTCODE;
	address.path = "";
	find(&one);
	find(&two);
	assert_true(pbf_location_equal(&one, &two));
	assert_false(pbf_location_equal(&one, &other));
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_file_is_found_with_its_chain),
		CLAIM(a_file_that_is_gone_is_stale),
		CLAIM(a_file_that_became_a_directory_is_stale),
		CLAIM(a_volume_that_is_broken_is_no_stale_file),
		CLAIM(finding_gives_up_in_time),
		CLAIM(a_file_with_a_broken_chain_has_a_location_all_the_same),
		CLAIM(a_sound_chain_is_not_waited_for),
		CLAIM(a_broken_chain_in_an_image_at_rest_is_not_waited_for),
		CLAIM(a_broken_chain_is_looked_at_again_while_writes_go_on),
		CLAIM(a_broken_chain_is_given_up_when_writes_never_end),
		CLAIM(only_a_broken_chain_is_waited_for),
		CLAIM(a_location_that_was_taken_is_not_released),
		CLAIM(a_file_lies_where_it_lay_when_only_its_content_changes),
		CLAIM(a_file_in_other_clusters_lies_elsewhere),
		CLAIM(a_file_of_another_size_lies_elsewhere),
		CLAIM(a_file_of_another_name_lies_elsewhere),
		CLAIM(a_file_in_another_image_lies_elsewhere),
		CLAIM(a_file_in_another_partition_lies_elsewhere),
		CLAIM(plain_files_lie_in_their_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
