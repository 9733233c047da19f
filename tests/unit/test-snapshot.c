/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: those of the last test only use the store. */
#include "snapshot.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "unit.h"

#define BUDGET 1000u
#define THREADS 4
#define ROUNDS 500

static struct pbf_store *store;

static int setup(void **state)
{
	(void)state;
	return pbf_store_new(BUDGET, &store);
}

static int teardown(void **state)
{
	(void)state;
	pbf_store_free(store);
	return 0;
}

static struct pbf_digest digest(unsigned char first)
{
	return (struct pbf_digest){ .bytes = { first } };
}

/* A filled but not sealed snapshot of SIZE equal bytes. */
static struct pbf_snapshot *fill(uint64_t size, unsigned char byte)
{
	struct pbf_snapshot *snapshot;

	assert_int_equal(pbf_snapshot_begin(store, size, &snapshot), 0);
	if (size > 0)
		memset(pbf_snapshot_fill(snapshot), byte, size);
	return snapshot;
}

/* A sealed snapshot; its digest begins with BYTE. */
static struct pbf_snapshot *snap(uint64_t size, unsigned char byte)
{
	const struct pbf_digest of_byte = digest(byte);

	return pbf_snapshot_seal(fill(size, byte), &of_byte);
}

static void assert_holds(struct pbf_snapshot *snapshot, uint64_t size,
			 unsigned char byte)
{
	const unsigned char *content;

	assert_true(pbf_snapshot_pin(snapshot, &content));
	for (uint64_t i = 0; i < size; i++)
		assert_int_equal(content[i], byte);
	pbf_snapshot_unpin(snapshot);
}

static bool is_held(struct pbf_snapshot *snapshot)
{
	const unsigned char *content;
	bool held = pbf_snapshot_pin(snapshot, &content);

	if (held)
		pbf_snapshot_unpin(snapshot);
	return held;
}

TEST(a_snapshot_keeps_its_content_and_digest)
{
	struct pbf_snapshot *snapshot = snap(100, 7);

	assert_holds(snapshot, 100, 7);
	assert_int_equal(pbf_snapshot_digest(snapshot)->bytes[0], 7);
	assert_int_equal(pbf_store_budget_bytes(store), BUDGET);
	pbf_snapshot_unref(snapshot);
}

TEST(a_content_can_be_read_while_it_is_filled)
{
	struct pbf_snapshot *snapshot = fill(100, 7);

	assert_holds(snapshot, 100, 7);
	pbf_snapshot_unref(snapshot);
}

TEST(equal_contents_are_one_snapshot_and_take_room_once)
{
	struct pbf_snapshot *one = snap(400, 7), *same = snap(400, 7);
	struct pbf_snapshot *rest;

	assert_ptr_equal(one, same);
	rest = fill(600, 8);
	assert_true(is_held(one));
	pbf_snapshot_unref(rest);
	pbf_snapshot_unref(one);
	assert_holds(same, 400, 7);
	/* comparing them has left nothing pinned */
	pbf_snapshot_unref(fill(BUDGET, 8));
	assert_false(is_held(same));
	pbf_snapshot_unref(same);
}

TEST(contents_with_one_digest_are_told_apart_by_their_bytes)
{
	const struct pbf_digest forged = digest(7);
	struct pbf_snapshot *one = snap(100, 7);
	struct pbf_snapshot *other = pbf_snapshot_seal(fill(100, 8), &forged);

	assert_ptr_not_equal(one, other);
	assert_holds(one, 100, 7);
	assert_holds(other, 100, 8);
	pbf_snapshot_unref(one);
	assert_holds(other, 100, 8);
	pbf_snapshot_unref(other);
}

TEST(contents_of_other_sizes_are_told_apart)
{
	struct pbf_snapshot *one = snap(100, 7), *longer = snap(101, 7);

	assert_ptr_not_equal(one, longer);
	pbf_snapshot_unref(one);
	pbf_snapshot_unref(longer);
}

TEST(contents_with_other_digests_are_not_compared)
{
	const struct pbf_digest other_digest = digest(8);
	struct pbf_snapshot *one = snap(100, 7);
	struct pbf_snapshot *other =
		pbf_snapshot_seal(fill(100, 7), &other_digest);

	assert_ptr_not_equal(one, other);
	pbf_snapshot_unref(one);
	pbf_snapshot_unref(other);
}

TEST(a_content_given_back_is_found_no_more)
{
	struct pbf_snapshot *snapshot;

	pbf_snapshot_unref(snap(900, 7));
	/* all its room is free again */
	snapshot = snap(BUDGET, 7);
	assert_holds(snapshot, BUDGET, 7);
	pbf_snapshot_unref(snapshot);
}

TEST(a_content_as_large_as_the_budget_is_held_and_a_larger_one_refused)
{
	struct pbf_snapshot *snapshot = fill(BUDGET, 7), *none = NULL;

	assert_int_equal(pbf_snapshot_begin(store, BUDGET + 1, &none), -EFBIG);
	assert_null(none);
	pbf_snapshot_unref(snapshot);
}

TEST(the_content_unread_for_longest_is_released)
{
	struct pbf_snapshot *first = snap(400, 1), *second = snap(400, 2);
	struct pbf_snapshot *third;

	assert_true(is_held(first)); /* which makes the second the oldest */
	third = snap(400, 3);
	assert_true(is_held(first));
	assert_false(is_held(second));
	assert_true(is_held(third));
	pbf_snapshot_unref(first);
	pbf_snapshot_unref(second);
	pbf_snapshot_unref(third);
}

TEST(no_more_is_released_than_needed)
{
	struct pbf_snapshot *first = snap(300, 1), *second = snap(300, 2),
			    *third = snap(300, 3), *fourth;

	fourth = snap(400, 4);
	assert_false(is_held(first));
	assert_true(is_held(second));
	assert_true(is_held(third));
	pbf_snapshot_unref(first);
	pbf_snapshot_unref(second);
	pbf_snapshot_unref(third);
	pbf_snapshot_unref(fourth);
}

TEST(a_pinned_content_is_not_released)
{
	struct pbf_snapshot *pinned = snap(400, 1), *other = snap(400, 2), *new;
	const unsigned char *content;

	assert_true(pbf_snapshot_pin(pinned, &content));
	assert_true(is_held(other)); /* the pinned one is the oldest */
	assert_int_equal(pbf_snapshot_begin(store, 601, &new), -ENOMEM);
	new = fill(600, 3);
	assert_int_equal(content[399], 1);
	pbf_snapshot_unref(new);
	pbf_snapshot_unpin(pinned);
	new = fill(601, 3);
	assert_false(is_held(pinned));
	pbf_snapshot_unref(new);
	pbf_snapshot_unref(pinned);
	pbf_snapshot_unref(other);
}

TEST(a_content_pinned_twice_needs_two_unpins)
{
	struct pbf_snapshot *pinned = snap(400, 1), *new;
	const unsigned char *content;

	assert_true(pbf_snapshot_pin(pinned, &content));
	assert_true(pbf_snapshot_pin(pinned, &content));
	pbf_snapshot_unpin(pinned);
	assert_int_equal(pbf_snapshot_begin(store, BUDGET, &new), -ENOMEM);
	pbf_snapshot_unpin(pinned);
	pbf_snapshot_unref(fill(BUDGET, 2));
	pbf_snapshot_unref(pinned);
}

TEST(a_content_being_filled_is_not_released)
{
	struct pbf_snapshot *filling = fill(400, 1), *new;

	assert_holds(filling, 400, 1); /* which does not make it releasable */
	assert_int_equal(pbf_snapshot_begin(store, 601, &new), -ENOMEM);
	pbf_snapshot_unref(filling);
	pbf_snapshot_unref(fill(601, 2));
}

TEST(memory_that_is_not_there_is_not_counted)
{
	struct pbf_snapshot *snapshot;
	struct pbf_store *large;

	assert_int_equal(pbf_store_new(1ull << 60, &large), 0);
	assert_int_equal(pbf_snapshot_begin(large, 1ull << 60, &snapshot),
			 -ENOMEM);
	assert_int_equal(pbf_snapshot_begin(large, 100, &snapshot), 0);
	pbf_snapshot_unref(snapshot);
	pbf_store_free(large);
}

/* A sealed snapshot of 400 bytes 7 whose content was released. */
static struct pbf_snapshot *released(void)
{
	struct pbf_snapshot *snapshot = snap(400, 7);

	pbf_snapshot_unref(fill(BUDGET, 1));
	assert_false(is_held(snapshot));
	return snapshot;
}

TEST(a_released_content_can_be_restored)
{
	const struct pbf_digest same = digest(7);
	struct pbf_snapshot *snapshot = released();

	assert_int_equal(pbf_snapshot_restore(snapshot, fill(400, 7), &same),
			 0);
	assert_holds(snapshot, 400, 7);
	pbf_snapshot_unref(snapshot);
}

TEST(a_restored_content_counts_and_can_be_released_again)
{
	const struct pbf_digest same = digest(7);
	struct pbf_snapshot *snapshot = released(), *pinning;
	const unsigned char *content;

	assert_int_equal(pbf_snapshot_restore(snapshot, fill(400, 7), &same),
			 0);
	assert_true(pbf_snapshot_pin(snapshot, &content));
	assert_int_equal(pbf_snapshot_begin(store, 601, &pinning), -ENOMEM);
	pbf_snapshot_unpin(snapshot);
	pbf_snapshot_unref(fill(BUDGET, 1));
	assert_false(is_held(snapshot));
	pbf_snapshot_unref(snapshot);
	pbf_snapshot_unref(fill(BUDGET, 1));
}

TEST(a_content_with_another_digest_does_not_restore)
{
	const struct pbf_digest other = digest(8);
	struct pbf_snapshot *snapshot = released();

	assert_int_equal(pbf_snapshot_restore(snapshot, fill(400, 8), &other),
			 -ESTALE);
	assert_false(is_held(snapshot));
	pbf_snapshot_unref(snapshot);
	/* nothing of it is left */
	pbf_snapshot_unref(fill(BUDGET, 1));
}

TEST(a_content_of_another_size_does_not_restore)
{
	const struct pbf_digest same = digest(7);
	struct pbf_snapshot *snapshot = released();

	assert_int_equal(pbf_snapshot_restore(snapshot, fill(399, 7), &same),
			 -ESTALE);
	assert_false(is_held(snapshot));
	pbf_snapshot_unref(snapshot);
}

TEST(a_content_that_is_there_is_not_replaced)
{
	const struct pbf_digest same = digest(7);
	struct pbf_snapshot *snapshot = snap(400, 7);

	assert_int_equal(pbf_snapshot_restore(snapshot, fill(400, 8), &same),
			 0);
	assert_holds(snapshot, 400, 7);
	pbf_snapshot_unref(snapshot);
	pbf_snapshot_unref(fill(BUDGET, 1));
}

TEST(a_released_content_is_not_compared_with)
{
	struct pbf_snapshot *old = released(), *new = snap(400, 7);

	assert_ptr_not_equal(old, new);
	assert_holds(new, 400, 7);
	assert_false(is_held(old));
	pbf_snapshot_unref(old);
	pbf_snapshot_unref(new);
}

TEST(an_empty_content_is_always_held)
{
	struct pbf_snapshot *empty = snap(0, 7), *also = snap(0, 7);

	pbf_snapshot_unref(fill(BUDGET, 1));
	assert_true(is_held(empty));
	pbf_snapshot_unref(empty);
	pbf_snapshot_unref(also);
}

TEST(giving_back_nothing_is_allowed)
{
	pbf_snapshot_unref(NULL);
	pbf_store_free(NULL);
}

/* Seals, reads, loses and restores contents that others have as well. */
static void *use_store(void *context)
{
	atomic_int *wrong = context;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned char byte = (unsigned char)(i % 5);
		const struct pbf_digest of_byte = digest(byte);
		struct pbf_snapshot *snapshot, *fresh;
		const unsigned char *content;

		if (pbf_snapshot_begin(store, 200, &snapshot) < 0)
			continue;
		memset(pbf_snapshot_fill(snapshot), byte, 200);
		snapshot = pbf_snapshot_seal(snapshot, &of_byte);
		if (pbf_snapshot_begin(store, 200, &fresh) == 0) {
			memset(pbf_snapshot_fill(fresh), byte, 200);
			if (pbf_snapshot_restore(snapshot, fresh, &of_byte) < 0)
				atomic_fetch_add(wrong, 1);
		}
		if (pbf_snapshot_pin(snapshot, &content)) {
			if (content[0] != byte || content[199] != byte)
				atomic_fetch_add(wrong, 1);
			pbf_snapshot_unpin(snapshot);
		}
		pbf_snapshot_unref(snapshot);
	}
	return NULL;
}

TEST(threads_may_share_a_store)
{
	pthread_t threads[THREADS];
	atomic_int wrong = 0;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, use_store, &wrong),
			0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&wrong), 0);
	pbf_snapshot_unref(fill(BUDGET, 1));
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_snapshot_keeps_its_content_and_digest),
		CLAIM(a_content_can_be_read_while_it_is_filled),
		CLAIM(equal_contents_are_one_snapshot_and_take_room_once),
		CLAIM(contents_with_one_digest_are_told_apart_by_their_bytes),
		CLAIM(contents_of_other_sizes_are_told_apart),
		CLAIM(contents_with_other_digests_are_not_compared),
		CLAIM(a_content_given_back_is_found_no_more),
		CLAIM(a_content_as_large_as_the_budget_is_held_and_a_larger_one_refused),
		CLAIM(the_content_unread_for_longest_is_released),
		CLAIM(no_more_is_released_than_needed),
		CLAIM(a_pinned_content_is_not_released),
		CLAIM(a_content_pinned_twice_needs_two_unpins),
		CLAIM(a_content_being_filled_is_not_released),
		CLAIM(memory_that_is_not_there_is_not_counted),
		CLAIM(a_released_content_can_be_restored),
		CLAIM(a_restored_content_counts_and_can_be_released_again),
		CLAIM(a_content_with_another_digest_does_not_restore),
		CLAIM(a_content_of_another_size_does_not_restore),
		CLAIM(a_content_that_is_there_is_not_replaced),
		CLAIM(a_released_content_is_not_compared_with),
		CLAIM(an_empty_content_is_always_held),
		CLAIM(giving_back_nothing_is_allowed),
		CLAIM(threads_may_share_a_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
