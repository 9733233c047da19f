/* SPDX-License-Identifier: BSD-2-Clause */
/* What is found in an initrd that a test has packed. */
#ifndef PBF_UNIT_INITRD_BENCH_H
#define PBF_UNIT_INITRD_BENCH_H

#include "initrd.h"
#include "packed.h"
#include "reason.h"

struct initrd_outcome {
	int error;
	struct prep_initrd initrd;
	struct pbf_reason why;
};

/* LIMITS may be NULL. */
struct initrd_outcome initrd_look(const struct packed *packed,
				  const struct prep_initrd_limits *limits);

/* The same; only the first READABLE bytes can be read. */
struct initrd_outcome initrd_look_until(const struct packed *packed,
					uint64_t readable);

#endif
