/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"

#include <errno.h>
#include <xxhash.h>

#include "bench.h"
#include "fake-time.h"
#include "unit.h"

/* In a quarter of a second, with a pause of 50 ms in each. */
#define READINGS_MIN 3
#define READINGS_MAX 6

static struct bench bench;
static unsigned char content[2u << 20];

/* What happens around a capture, and what is noted of it. */
static struct {
	struct pbf_capture capture;
	bool handed_out;
	int withdrawals;
	int readings; /* from the first byte on */
	int compared; /* pieces */
	/* At which pause, from 0, or after which piece, this happens. */
	int at_pause, at_piece, pieces;
	void (*happens)(void);
} scene;

static void advance(void *context, uint64_t filled_bytes)
{
	(void)context;
	if (filled_bytes <= BENCH_PIECE_BYTES)
		scene.readings++;
	if (scene.pieces++ == scene.at_piece)
		scene.happens();
}

static void progress(void *context, uint64_t compared_bytes)
{
	(void)context;
	(void)compared_bytes;
	scene.compared++;
}

static bool withdraw(void *context)
{
	(void)context;
	scene.withdrawals++;
	return !scene.handed_out;
}

static void on_pause(void *context, int pauses)
{
	(void)context;
	if (pauses == scene.at_pause || scene.at_pause == INT32_MAX)
		scene.happens();
}

static int setup(void **state)
{
	(void)state;
	fake_time_reset();
	bench_make(&bench);
	memset(&scene, 0, sizeof(scene));
	scene.at_pause = -1;
	scene.at_piece = -1;
	scene.capture = (struct pbf_capture){
		.address = { .catalog = bench.catalog,
			     .source = BENCH_IMAGE,
			     .path = "KERNEL.IMG",
			     .timeout_ms = 3600000 },
		.size_bytes = BENCH_KERNEL_BYTES,
		.content = content,
		.advance = advance,
		.progress = progress,
		.withdraw = withdraw,
	};
	fake_time_on_pause(on_pause, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bench_free(&bench);
	return 0;
}

static void at_pause(int pause, void (*happens)(void))
{
	scene.at_pause = pause;
	scene.happens = happens;
}

static void at_every_pause(void (*happens)(void))
{
	at_pause(INT32_MAX, happens);
}

static void at_piece(int piece, void (*happens)(void))
{
	scene.at_piece = piece;
	scene.happens = happens;
}

static int take(struct pbf_digest *ret_digest, struct pbf_stamp *ret_stamp,
		struct pbf_reason *why)
{
	_cleanup_location_ struct pbf_location first = { 0 };

	assert_int_equal(
		pbf_location_find(&scene.capture.address, &first, NULL), 0);
	return pbf_capture_take(&scene.capture, &first, ret_digest, ret_stamp,
				why);
}

static struct pbf_stamp assert_taken(unsigned int seed)
{
	struct pbf_digest digest;
	struct pbf_stamp stamp;
	struct pbf_reason why = { .text = "" };
	XXH128_canonical_t canonical;

	if (take(&digest, &stamp, &why) != 0)
		fail_msg("not taken: %s", why.text);
	assert_memory_equal(content, bench_content(seed), BENCH_KERNEL_BYTES);
	XXH128_canonicalFromHash(&canonical, XXH3_128bits(bench_content(seed),
							  BENCH_KERNEL_BYTES));
	assert_memory_equal(digest.bytes, canonical.digest, PBF_DIGEST_BYTES);
	return stamp;
}

static void assert_fails(int error, const char *words)
{
	struct pbf_digest digest;
	struct pbf_stamp stamp;
	struct pbf_reason why = { .text = "" };

	assert_int_equal(take(&digest, &stamp, &why), error);
	if (words)
		assert_reason(why, why.offset_bytes, words);
}

/* --- What happens --- */

static void write_elsewhere(void)
{
	bench.image->bytes[fat_cluster_at(bench.image, 290)]++;
	fake_time_next_tick();
	bench_save(&bench);
}

static void change_content(void)
{
	bench_write_kernel(&bench, 2);
	bench_save(&bench);
}

static void change_content_again(void)
{
	static unsigned int seed = 2;

	seed = seed == 2 ? 3 : 2;
	bench_write_kernel(&bench, seed);
	bench_save(&bench);
}

static void change_last_byte(void)
{
	bench_write_kernel(&bench, 1);
	bench.image->bytes[fat_cluster_at(bench.image, BENCH_KERNEL_CLUSTER) +
			   BENCH_KERNEL_BYTES - 1] ^= 1;
	bench_save(&bench);
}

static void move(void)
{
	bench_move_kernel(&bench, 150);
	bench_save(&bench);
}

static void shorten(void)
{
	bench_set_size(&bench, bench.kernel_slot, BENCH_KERNEL_BYTES - 1);
	bench_save(&bench);
}

static void delete (void)
{
	bench.image->bytes[bench.kernel_slot] = 0xe5;
	bench_save(&bench);
}

static void swap_image(void)
{
	bench_replace(&bench);
}

static void truncate_image(void)
{
	scratch_truncate(&bench.scratch, BENCH_IMAGE,
			 fat_cluster_at(bench.image, 30));
}

static void make_copies_agree(void)
{
	fat_link(bench.image, 1, 12, 13);
	bench_save(&bench);
}

/* --- Proof by a stamp --- */

TEST(a_settled_stamp_seals_without_a_second_look)
{
	struct pbf_stamp stamp;

	fake_time_set_honest(true);
	fake_time_set_age(10);
	stamp = assert_taken(1);
	assert_true(stamp.provable && stamp.settled);
	assert_int_equal(fake_time_pauses(), 0);
	assert_int_equal(scene.compared, 0);
}

TEST(a_stamp_that_is_not_settled_needs_a_second_look)
{
	fake_time_set_honest(true);
	assert_false(assert_taken(1).provable);
	assert_int_equal(fake_time_pauses(), 1);
	assert_int_equal(scene.compared, 3);
}

TEST(a_file_system_without_honest_stamps_needs_a_second_look)
{
	fake_time_set_age(10);
	assert_false(assert_taken(1).provable);
	assert_int_equal(fake_time_pauses(), 1);
}

TEST(a_write_during_the_reading_needs_a_second_look)
{
	fake_time_set_honest(true);
	fake_time_set_age(10);
	at_piece(1, write_elsewhere);
	assert_false(assert_taken(1).provable);
	assert_int_equal(scene.readings, 1);
	assert_true(fake_time_pauses() > 0);
}

TEST(an_image_that_was_swapped_has_another_stamp)
{
	fake_time_set_honest(true);
	fake_time_set_age(10);
	at_piece(1, swap_image);
	/* the new image has settled, too, when it is read */
	assert_taken(1);
	assert_int_equal(scene.readings, 2);
}

/* --- Proof by looking again --- */

TEST(a_small_file_is_looked_at_three_times_while_writes_go_on)
{
	at_every_pause(write_elsewhere);
	assert_taken(1);
	assert_int_equal(fake_time_pauses(), 3);
	assert_int_equal(scene.readings, 1);
}

static void write_elsewhere_then_change_content(void)
{
	if (fake_time_pauses() == 0)
		write_elsewhere();
	if (fake_time_pauses() == 1)
		change_content();
}

TEST(a_change_after_the_second_look_is_seen_by_the_third)
{
	at_every_pause(write_elsewhere_then_change_content);
	assert_taken(2);
	assert_int_equal(scene.readings, 2);
}

TEST(a_file_that_changed_is_read_again)
{
	at_pause(0, change_content);
	assert_taken(2);
	assert_int_equal(scene.readings, 2);
	assert_int_equal(scene.withdrawals, 1);
}

TEST(a_change_of_the_last_byte_is_enough)
{
	at_pause(0, change_last_byte);
	scene.handed_out = true;
	assert_fails(-ESTALE, "changed while it was being read");
}

TEST(a_change_during_the_reading_is_seen)
{
	/* the first piece is of the old content, the others of the new */
	at_piece(0, change_content);
	assert_taken(2);
	assert_int_equal(scene.readings, 2);
}

TEST(a_file_that_changed_after_bytes_were_handed_out_is_stale)
{
	scene.handed_out = true;
	at_pause(0, change_content);
	assert_fails(-ESTALE, "changed while it was being read");
	assert_int_equal(scene.readings, 1);
}

TEST(handed_out_bytes_do_not_matter_as_long_as_nothing_changes)
{
	scene.handed_out = true;
	assert_taken(1);
	assert_int_equal(scene.withdrawals, 0);
}

TEST(a_file_that_never_rests_is_given_up)
{
	at_every_pause(change_content_again);
	assert_fails(-ESTALE, "written to all the time");
	assert_in_range(scene.readings, READINGS_MIN, READINGS_MAX);
}

TEST(a_file_that_moved_is_read_again)
{
	at_pause(0, move);
	assert_taken(1);
	assert_int_equal(scene.readings, 2);
}

TEST(a_file_of_another_size_is_another_file)
{
	at_pause(0, shorten);
	assert_fails(-ESTALE, "was replaced");
	assert_int_equal(scene.readings, 1);
}

TEST(a_file_that_was_deleted_is_stale)
{
	at_pause(0, delete);
	assert_fails(-ESTALE, NULL);
}

/* --- Copies of the table --- */

TEST(copies_of_the_table_that_differ_are_waited_for)
{
	fat_link(bench.image, 1, 12, 0);
	bench_save(&bench);
	at_pause(2, make_copies_agree);
	assert_taken(1);
	assert_int_equal(scene.readings, 1);
	/* one for the second look, two until the copies agree */
	assert_true(fake_time_pauses() >= 3);
}

TEST(copies_of_the_table_that_always_differ_are_what_the_disk_has)
{
	fat_link(bench.image, 1, 12, 0);
	bench_save(&bench);
	assert_taken(1);
	assert_int_equal(fake_time_pauses(), 1 + 5);
}

TEST(a_truncated_image_is_an_error)
{
	at_piece(0, truncate_image);
	assert_fails(-EIO, "truncated");
}

TEST(an_image_truncated_before_the_second_look_is_an_error)
{
	at_pause(0, truncate_image);
	assert_fails(-EIO, "beyond the end");
}

TEST(an_empty_file_is_taken)
{
	struct pbf_digest digest;
	struct pbf_stamp stamp;

	bench_set_size(&bench, bench.config_slot, 0);
	bench_save(&bench);
	scene.capture.address.path = "CONFIG.TXT";
	scene.capture.size_bytes = 0;
	scene.capture.content = NULL;
	assert_int_equal(take(&digest, &stamp, NULL), 0);
	assert_int_equal(scene.readings, 0);
}

TEST(a_large_file_is_looked_at_once_more_even_while_writes_go_on)
{
	const uint32_t size = (1u << 20) + 1;
	struct pbf_digest digest;
	struct pbf_stamp stamp;

	/* 257 clusters, from 20 on */
	fat_link_run(bench.image, 20, 257);
	bench.image->bytes[bench.kernel_slot + 0x1a] = 20;
	bench_set_size(&bench, bench.kernel_slot, size);
	bench_save(&bench);
	scene.capture.size_bytes = size;
	at_every_pause(write_elsewhere);
	assert_int_equal(take(&digest, &stamp, NULL), 0);
	assert_int_equal(fake_time_pauses(), 1);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_settled_stamp_seals_without_a_second_look),
		CLAIM(a_stamp_that_is_not_settled_needs_a_second_look),
		CLAIM(a_file_system_without_honest_stamps_needs_a_second_look),
		CLAIM(a_write_during_the_reading_needs_a_second_look),
		CLAIM(an_image_that_was_swapped_has_another_stamp),
		CLAIM(a_small_file_is_looked_at_three_times_while_writes_go_on),
		CLAIM(a_change_after_the_second_look_is_seen_by_the_third),
		CLAIM(a_file_that_changed_is_read_again),
		CLAIM(a_change_of_the_last_byte_is_enough),
		CLAIM(a_change_during_the_reading_is_seen),
		CLAIM(a_file_that_changed_after_bytes_were_handed_out_is_stale),
		CLAIM(handed_out_bytes_do_not_matter_as_long_as_nothing_changes),
		CLAIM(a_file_that_never_rests_is_given_up),
		CLAIM(a_file_that_moved_is_read_again),
		CLAIM(a_file_of_another_size_is_another_file),
		CLAIM(a_file_that_was_deleted_is_stale),
		CLAIM(copies_of_the_table_that_differ_are_waited_for),
		CLAIM(copies_of_the_table_that_always_differ_are_what_the_disk_has),
		CLAIM(a_truncated_image_is_an_error),
		CLAIM(an_image_truncated_before_the_second_look_is_an_error),
		CLAIM(an_empty_file_is_taken),
		CLAIM(a_large_file_is_looked_at_once_more_even_while_writes_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
