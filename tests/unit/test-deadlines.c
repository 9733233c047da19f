/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: deadlines expire on their own thread, which only notes and posts;
 * everything is asserted on the test's own thread.
 */
#include "deadlines.h"

#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "image.h"
#include "unit.h"

/* Longer than anything here takes; only a test that fails waits for it. */
#define FAILED_AFTER_S 20
#define NEVER_MS 3600000

static struct deadlines *deadlines;
static sem_t expired, gate;
static atomic_int turn;

struct alarm {
	struct deadline deadline;
	atomic_int expiries;
	int turn;
	int64_t expired_at_ms;
	int again; /* times to set itself once more */
};

static int setup(void **state)
{
	(void)state;
	sem_init(&expired, 0, 0);
	sem_init(&gate, 0, 0);
	atomic_store(&turn, 0);
	return deadlines_new(&deadlines);
}

static int teardown(void **state)
{
	(void)state;
	deadlines_free(deadlines);
	return 0;
}

static void expire(struct deadline *deadline)
{
	struct alarm *alarm = PBF_CONTAINER(deadline, struct alarm, deadline);

	alarm->turn = atomic_fetch_add(&turn, 1);
	alarm->expired_at_ms = pbf_monotonic_ms();
	atomic_fetch_add(&alarm->expiries, 1);
	if (alarm->again-- > 0)
		deadlines_set(deadlines, deadline, 1, expire);
	else
		sem_post(&expired);
}

static void set(struct alarm *alarm, int64_t delay_ms)
{
	pbf_list_init(&alarm->deadline.item);
	deadlines_set(deadlines, &alarm->deadline, delay_ms, expire);
}

static void wait_at_gate(struct deadline *deadline)
{
	(void)deadline;
	sem_post(&expired);
	sem_wait(&gate);
}

/* Has nothing expire until the gate is posted. */
static void hold_up(struct alarm *guard)
{
	struct timespec until;

	pbf_list_init(&guard->deadline.item);
	deadlines_set(deadlines, &guard->deadline, 0, wait_at_gate);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FAILED_AFTER_S;
	assert_int_equal(sem_timedwait(&expired, &until), 0);
}

static void assert_expires(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FAILED_AFTER_S;
	assert_int_equal(sem_timedwait(&expired, &until), 0);
}

TEST(a_deadline_expires_once_and_not_too_early)
{
	struct alarm alarm = { .expiries = 0 };
	int64_t start_ms = pbf_monotonic_ms();

	set(&alarm, 30);
	assert_expires();
	assert_int_equal(atomic_load(&alarm.expiries), 1);
	assert_true(alarm.expired_at_ms >= start_ms + 30);
	assert_false(deadlines_cancel(deadlines, &alarm.deadline));
}

static void assert_in_turn(const struct alarm *first,
			   const struct alarm *second)
{
	assert_int_equal(first->deadline.expires_at_ms <=
				 second->deadline.expires_at_ms,
			 first->turn < second->turn);
}

TEST(deadlines_expire_in_their_order_and_not_in_that_of_setting)
{
	struct alarm late = { .expiries = 0 }, early = { .expiries = 0 },
		     middle = { .expiries = 0 };

	set(&late, 90);
	set(&early, 30);
	set(&middle, 60);
	for (int i = 0; i < 3; i++)
		assert_expires();
	assert_in_turn(&early, &middle);
	assert_in_turn(&middle, &late);
	assert_in_turn(&early, &late);
}

TEST(equal_deadlines_expire_in_the_order_of_setting)
{
	struct alarm alarms[20] = { 0 }, guard;

	hold_up(&guard);
	for (size_t i = 0; i < 20; i++)
		set(&alarms[i], 10);
	sem_post(&gate);
	for (size_t i = 0; i < 20; i++)
		assert_expires();
	for (int i = 0; i < 20; i++)
		assert_int_equal(alarms[i].turn, i);
}

TEST(an_earlier_deadline_does_not_wait_for_a_later_one)
{
	struct alarm late = { .expiries = 0 }, early = { .expiries = 0 };

	set(&late, NEVER_MS);
	set(&early, 1);
	assert_expires();
	assert_int_equal(atomic_load(&early.expiries), 1);
	assert_int_equal(atomic_load(&late.expiries), 0);
	assert_true(deadlines_cancel(deadlines, &late.deadline));
}

/* In one round or another the thread is waiting when the deadline is set. */
static void assert_rounds_expire(void)
{
	for (int i = 0; i < 100; i++) {
		struct alarm alarm = { .expiries = 0 };

		set(&alarm, 0);
		assert_expires();
		sched_yield();
	}
}

TEST(the_thread_wakes_up_for_a_first_deadline)
{
	assert_rounds_expire();
}

TEST(the_thread_wakes_up_for_an_earlier_deadline)
{
	struct alarm late = { .expiries = 0 };

	set(&late, NEVER_MS);
	assert_rounds_expire();
	assert_true(deadlines_cancel(deadlines, &late.deadline));
}

TEST(a_cancelled_deadline_does_not_expire)
{
	struct alarm cancelled = { .expiries = 0 }, later = { .expiries = 0 },
		     guard;

	hold_up(&guard);
	set(&cancelled, 0);
	set(&later, 0);
	assert_true(deadlines_cancel(deadlines, &cancelled.deadline));
	assert_false(deadlines_cancel(deadlines, &cancelled.deadline));
	sem_post(&gate);
	assert_expires();
	assert_int_equal(atomic_load(&later.expiries), 1);
	assert_int_equal(atomic_load(&cancelled.expiries), 0);
}

TEST(a_cancelled_deadline_can_be_set_again)
{
	struct alarm alarm = { .expiries = 0 };

	set(&alarm, NEVER_MS);
	assert_true(deadlines_cancel(deadlines, &alarm.deadline));
	deadlines_set(deadlines, &alarm.deadline, 1, expire);
	assert_expires();
	assert_int_equal(atomic_load(&alarm.expiries), 1);
}

TEST(a_deadline_can_be_set_again_when_it_expires)
{
	struct alarm alarm = { .again = 3 };

	set(&alarm, 1);
	assert_expires();
	assert_int_equal(atomic_load(&alarm.expiries), 4);
}

TEST(deadlines_that_are_left_do_not_expire)
{
	struct deadlines *others;
	struct alarm alarm = { .expiries = 0 };

	assert_int_equal(deadlines_new(&others), 0);
	pbf_list_init(&alarm.deadline.item);
	deadlines_set(others, &alarm.deadline, NEVER_MS, expire);
	deadlines_free(others);
	assert_int_equal(atomic_load(&alarm.expiries), 0);
}

TEST(freeing_nothing_is_allowed)
{
	deadlines_free(NULL);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_deadline_expires_once_and_not_too_early),
		CLAIM(deadlines_expire_in_their_order_and_not_in_that_of_setting),
		CLAIM(equal_deadlines_expire_in_the_order_of_setting),
		CLAIM(an_earlier_deadline_does_not_wait_for_a_later_one),
		CLAIM(the_thread_wakes_up_for_a_first_deadline),
		CLAIM(the_thread_wakes_up_for_an_earlier_deadline),
		CLAIM(a_cancelled_deadline_does_not_expire),
		CLAIM(a_cancelled_deadline_can_be_set_again),
		CLAIM(a_deadline_can_be_set_again_when_it_expires),
		CLAIM(deadlines_that_are_left_do_not_expire),
		CLAIM(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
