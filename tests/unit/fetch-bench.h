/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of fetching, and the file that it was fetched to. */
#ifndef PBF_UNIT_FETCH_BENCH_H
#define PBF_UNIT_FETCH_BENCH_H

#include "cleanup.h"
#include "fetch.h"
#include "scratch.h"

struct fetch_outcome {
	int error;
	int fd;
	struct prep_fetched fetched;
	struct pbf_reason why;
};

void fetch_outcome_close(struct fetch_outcome *outcome);
#define _cleanup_outcome_ _cleanup_(fetch_outcome_close)

/* Makes an image: something at both ends and in the middle, else zeroes. */
void fetch_bench_fill(unsigned char *ret_image, size_t length);

/* Fetches into a new file; FETCH need not say its destination. */
struct fetch_outcome fetch_bench(const struct scratch *scratch,
				 struct prep_fetch fetch);

/* The same of a file in the scratch directory. */
struct fetch_outcome fetch_bench_file(const struct scratch *scratch,
				      const char *name,
				      struct prep_fetch fetch);

#endif
