/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers that follow a snapshot while it is being taken.
 *
 * Threads: one captures, the others only read.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "unit.h"
#include "version-bench.h"

#define SIZE BENCH_KERNEL_BYTES
#define BUDGET (1u << 20)
#define READERS 4

static struct version_bench bench;
static struct pbf_version *version;

static int setup(void **state)
{
	(void)state;
	version_bench_make(&bench, BUDGET);
	version = version_bench_version(&bench, "KERNEL.IMG");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pbf_version_unref(version);
	version_bench_free(&bench);
	return 0;
}

/* A reader that goes through the file by steps, as a server does. */
struct reader {
	struct waiter waiter; /* first */
	sem_t woken;
	atomic_bool wrong;
};

static void post(struct waiter *waiter)
{
	sem_post(waiter->context);
}

static void *read_through(void *context)
{
	struct reader *reader = context;
	uint64_t end = 0;

	while (end < SIZE) {
		struct pbf_snapshot *snapshot;
		const unsigned char *content;
		int error;

		end = end + 5000 < SIZE ? end + 5000 : SIZE;
		for (;;) {
			waiter_init(&reader->waiter);
			reader->waiter.then = post;
			reader->waiter.context = &reader->woken;
			error = pbf_version_read(version, end,
						 &reader->waiter.waiter,
						 &snapshot, &content);
			if (error != -EINPROGRESS)
				break;
			sem_wait(&reader->woken);
		}
		if (error < 0 || memcmp(content, bench_content(1), end) != 0) {
			atomic_store(&reader->wrong, true);
			return NULL;
		}
		pbf_version_read_done(snapshot);
	}
	return NULL;
}

TEST(readers_may_follow_a_snapshot_being_taken)
{
	struct reader readers[READERS];
	pthread_t threads[READERS];

	assert_int_equal(pbf_version_open(version, NULL, NULL), 0);
	for (int i = 0; i < READERS; i++) {
		sem_init(&readers[i].woken, 0, 0);
		atomic_init(&readers[i].wrong, false);
		assert_int_equal(pthread_create(&threads[i], NULL, read_through,
						&readers[i]),
				 0);
	}
	assert_int_equal(pbf_version_capture(version, NULL), 0);
	for (int i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_false(atomic_load(&readers[i].wrong));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			readers_may_follow_a_snapshot_being_taken, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
