/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: jobs run on the threads of the lanes and only wait and post;
 * everything is asserted on the test's own thread.
 */
#include "lanes.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "unit.h"

/* Longer than anything here takes; only a test that fails waits for it. */
#define FAILED_AFTER_S 20
#define PATIENCE_MS 20000
/* As many jobs of one lane run at a time. */
#define LANE_WIDTH 4

struct task {
	struct lane_job job;
	sem_t *begun; /* posted when it runs */
	sem_t *go_on; /* NULL, or waited for */
	sem_t *done;  /* NULL, or posted at the end */
	atomic_int runs;
	int *order; /* NULL, or where to write the number of its turn */
	atomic_int *turn;
};

static void run(struct lane_job *job)
{
	struct task *task = PBF_CONTAINER(job, struct task, job);

	atomic_fetch_add(&task->runs, 1);
	if (task->order)
		*task->order = atomic_fetch_add(task->turn, 1);
	if (task->begun)
		sem_post(task->begun);
	if (task->go_on)
		sem_wait(task->go_on);
	if (task->done)
		sem_post(task->done);
}

static struct lanes *lanes;

/* How pthread_create() fails, as when there are too many threads; or 0. */
static atomic_int creation_error;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
		   void *(*start)(void *argument), void *argument)
{
	static int (*real)(pthread_t *, const pthread_attr_t *,
			   void *(*)(void *), void *);

	if (atomic_load(&creation_error) != 0)
		return atomic_load(&creation_error);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
	return real(thread, attributes, start, argument);
}

static sem_t begun, go_on, done;

static int setup(void **state)
{
	(void)state;
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	sem_init(&done, 0, 0);
	return lanes_new(&lanes);
}

static int teardown(void **state)
{
	(void)state;
	if (!lanes_drain(lanes, PATIENCE_MS))
		return -1;
	lanes_free(lanes);
	return 0;
}

static void assert_posted(sem_t *semaphore)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FAILED_AFTER_S;
	assert_int_equal(sem_timedwait(semaphore, &until), 0);
}

static void submit(const char *name, struct task *task)
{
	task->job.run = run;
	pbf_list_init(&task->job.item);
	assert_int_equal(lanes_submit(lanes, name, &task->job), 0);
}

/* Submits COUNT jobs that begin and then block until they are let go on. */
static void block(const char *name, struct task *tasks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		tasks[i] = (struct task){ .begun = &begun,
					  .go_on = &go_on,
					  .done = &done };
		submit(name, &tasks[i]);
	}
	for (size_t i = 0; i < count; i++)
		assert_posted(&begun);
}

static void unblock(size_t count)
{
	for (size_t i = 0; i < count; i++)
		sem_post(&go_on);
	for (size_t i = 0; i < count; i++)
		assert_posted(&done);
}

TEST(a_job_runs_once)
{
	struct task task = { .done = &done };

	submit("a", &task);
	assert_posted(&done);
	assert_true(lanes_drain(lanes, PATIENCE_MS));
	assert_int_equal(atomic_load(&task.runs), 1);
}

TEST(jobs_that_block_hold_up_only_their_own_lane)
{
	struct task blocked[LANE_WIDTH], behind = { .done = &done },
					 elsewhere = { .done = &done };

	block("slow", blocked, LANE_WIDTH);
	submit("slow", &behind);
	submit("fast", &elsewhere);
	assert_posted(&done);
	assert_int_equal(atomic_load(&elsewhere.runs), 1);
	assert_int_equal(atomic_load(&behind.runs), 0);
	unblock(LANE_WIDTH);
	assert_posted(&done);
	assert_int_equal(atomic_load(&behind.runs), 1);
}

TEST(jobs_of_one_lane_run_beside_each_other)
{
	struct task blocked[LANE_WIDTH - 1], another = { .done = &done };

	block("a", blocked, LANE_WIDTH - 1);
	submit("a", &another);
	assert_posted(&done);
	unblock(LANE_WIDTH - 1);
}

TEST(many_lanes_can_be_blocked_at_once)
{
	static struct task blocked[50][LANE_WIDTH];
	struct task task = { .done = &done };
	char name[] = "aa";

	for (size_t i = 0; i < 50; i++) {
		name[0] = (char)('a' + i / 10);
		name[1] = (char)('a' + i % 10);
		block(name, blocked[i], LANE_WIDTH);
	}
	submit("fast", &task);
	assert_posted(&done);
	unblock(50 * LANE_WIDTH);
}

TEST(jobs_that_wait_begin_in_the_order_they_came_in)
{
	struct task blocked[LANE_WIDTH], tasks[8];
	atomic_int turn = 0;
	int order[8];

	block("a", blocked, LANE_WIDTH);
	/* only one thread will be free for them */
	for (size_t i = 0; i < 8; i++) {
		tasks[i] = (struct task){ .done = &done,
					  .order = &order[i],
					  .turn = &turn };
		submit("a", &tasks[i]);
	}
	sem_post(&go_on);
	for (size_t i = 0; i < 1 + 8; i++)
		assert_posted(&done);
	for (int i = 0; i < 8; i++)
		assert_int_equal(order[i], i);
	unblock(LANE_WIDTH - 1);
}

TEST(a_stuck_lane_refuses_jobs)
{
	struct task blocked, refused = { .job = { .run = run } },
			     elsewhere = { .done = &done };

	block("slow", &blocked, 1);
	assert_true(lanes_set_stuck(lanes, "slow"));
	assert_int_equal(lanes_submit(lanes, "slow", &refused.job), -EIO);
	submit("fast", &elsewhere);
	assert_posted(&done);
	unblock(1);
	assert_int_equal(atomic_load(&refused.runs), 0);
}

TEST(only_the_first_to_say_so_is_told_that_a_lane_got_stuck)
{
	struct task blocked;

	block("slow", &blocked, 1);
	assert_true(lanes_set_stuck(lanes, "slow"));
	assert_false(lanes_set_stuck(lanes, "slow"));
	unblock(1);
}

TEST(a_lane_without_work_is_not_stuck)
{
	struct task task = { .done = &done };

	assert_false(lanes_set_stuck(lanes, "idle"));
	submit("idle", &task);
	assert_posted(&done);
}

TEST(a_lane_is_free_again_when_a_job_of_it_returns)
{
	struct task blocked[2], behind = { .begun = &begun, .done = &done },
				after = { .done = &done };

	block("slow", blocked, 2);
	assert_true(lanes_set_stuck(lanes, "slow"));
	sem_post(&go_on);
	assert_posted(&done);
	/* The lane learns of it when the job has returned: try until then. */
	behind.job.run = run;
	pbf_list_init(&behind.job.item);
	while (lanes_submit(lanes, "slow", &behind.job) == -EIO)
		sched_yield();
	assert_posted(&done);
	submit("slow", &after);
	assert_posted(&done);
	unblock(1);
}

TEST(without_any_thread_a_job_is_refused)
{
	struct task refused = { .job = { .run = run } },
		    task = { .done = &done };

	atomic_store(&creation_error, EAGAIN);
	assert_int_equal(lanes_submit(lanes, "a", &refused.job), -EAGAIN);
	assert_int_equal(lanes_submit(lanes, "a", &refused.job), -EAGAIN);
	atomic_store(&creation_error, 0);
	submit("a", &task);
	assert_posted(&done);
	assert_int_equal(atomic_load(&refused.runs), 0);
}

TEST(without_another_thread_a_job_waits_for_one)
{
	struct task blocked, task = { .done = &done };

	block("a", &blocked, 1);
	atomic_store(&creation_error, EAGAIN);
	submit("b", &task);
	atomic_store(&creation_error, 0);
	assert_int_equal(atomic_load(&task.runs), 0);
	unblock(1);
	assert_posted(&done);
}

TEST(draining_waits_for_jobs_that_run_and_runs_those_that_wait)
{
	struct task blocked[LANE_WIDTH], behind = { .done = NULL };

	block("a", blocked, LANE_WIDTH);
	submit("a", &behind);
	for (size_t i = 0; i < LANE_WIDTH; i++)
		sem_post(&go_on);
	assert_true(lanes_drain(lanes, PATIENCE_MS));
	assert_int_equal(atomic_load(&behind.runs), 1);
}

TEST(draining_gives_up_on_a_job_that_blocks)
{
	struct task blocked;

	block("slow", &blocked, 1);
	assert_false(lanes_drain(lanes, 1));
	unblock(1);
}

TEST(many_jobs_are_each_run_once)
{
	struct task tasks[100];

	for (size_t i = 0; i < 100; i++) {
		tasks[i] = (struct task){ .done = &done };
		submit(i % 2 ? "a" : "b", &tasks[i]);
	}
	for (size_t i = 0; i < 100; i++)
		assert_posted(&done);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(atomic_load(&tasks[i].runs), 1);
}

TEST(a_thread_that_has_nothing_to_do_takes_the_next_job_at_once)
{
	struct task tasks[200];
	struct timespec until;

	/* An idle thread ends after 10 s, and would look for jobs then. */
	for (size_t i = 0; i < 200; i++) {
		tasks[i] = (struct task){ .done = &done };
		submit("a", &tasks[i]);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 5;
		assert_int_equal(sem_timedwait(&done, &until), 0);
		sched_yield();
	}
}

TEST(freeing_nothing_is_allowed)
{
	lanes_free(NULL);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_job_runs_once),
		CLAIM(jobs_that_block_hold_up_only_their_own_lane),
		CLAIM(jobs_of_one_lane_run_beside_each_other),
		CLAIM(many_lanes_can_be_blocked_at_once),
		CLAIM(jobs_that_wait_begin_in_the_order_they_came_in),
		CLAIM(a_stuck_lane_refuses_jobs),
		CLAIM(only_the_first_to_say_so_is_told_that_a_lane_got_stuck),
		CLAIM(a_lane_without_work_is_not_stuck),
		CLAIM(a_lane_is_free_again_when_a_job_of_it_returns),
		CLAIM(without_any_thread_a_job_is_refused),
		CLAIM(without_another_thread_a_job_waits_for_one),
		CLAIM(draining_waits_for_jobs_that_run_and_runs_those_that_wait),
		CLAIM(draining_gives_up_on_a_job_that_blocks),
		CLAIM(many_jobs_are_each_run_once),
		CLAIM(a_thread_that_has_nothing_to_do_takes_the_next_job_at_once),
		CLAIM(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
