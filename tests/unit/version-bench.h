/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bench with what versions need.  start_capture() only notes that it was
 * called: the test calls pbf_version_capture() itself, when it sees fit.
 */
#ifndef PBF_UNIT_VERSION_BENCH_H
#define PBF_UNIT_VERSION_BENCH_H

#include "bench.h"
#include "version.h"

struct version_bench {
	struct bench bench;
	struct pbf_version_shared shared;
	uint64_t last_id;
	int starts;
	int start_error; /* what start_capture() answers */
};

/* Also resets fake time. */
void version_bench_make(struct version_bench *bench, uint64_t budget_bytes);
void version_bench_free(struct version_bench *bench);

/* A new version of the file at PATH as it is now. */
struct pbf_version *version_bench_version(struct version_bench *bench,
					  const char *path);

/* Opens and captures a version. */
void version_bench_seal(struct version_bench *bench,
			struct pbf_version *version);

/* A waiter that notes what it was woken with. */
struct waiter {
	struct pbf_waiter waiter;
	int woken;
	int error;
	/* Called when it is woken, if not NULL. */
	void (*then)(struct waiter *waiter);
	void *context;
};
void waiter_init(struct waiter *waiter);

/*
 * Reads the first LENGTH bytes of a version of the bench's kernel, which have
 * to be right.  Returns what pbf_version_read() does; WAITER may be NULL.
 */
int version_bench_read(struct pbf_version *version, uint64_t length,
		       struct waiter *waiter);

/* That a read was woken by its failing, and none succeeds from now on. */
void version_bench_assert_failed(struct pbf_version *version,
				 const struct waiter *waiter);

/* That nothing and all of the bench's kernel can be read. */
void version_bench_assert_readable(struct pbf_version *version);

#endif
