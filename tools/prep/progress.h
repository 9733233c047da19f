/* SPDX-License-Identifier: BSD-2-Clause */
/* A bar on a terminal, for what takes longer than a moment. */
#ifndef PREP_PROGRESS_H
#define PREP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Zero it, but for IS_WANTED, to begin with. */
struct prep_progress {
	bool is_wanted; /* and standard error is a terminal */
	int64_t shown_ms;
	bool is_shown;
};

/* Fit for struct prep_fetch; CONTEXT is a struct prep_progress. */
void prep_progress_show(void *context, uint64_t done_bytes,
			uint64_t total_bytes);

/* Takes the bar away, so that what is said next has its own line. */
void prep_progress_end(struct prep_progress *progress);

#endif
