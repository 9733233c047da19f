/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many messages there may be, about one subject (an image, say) and in
 * all: so many at once, and then one in each interval.  What is held back is
 * counted, and the number told when the interval ends or with the next message
 * about the subject.  Takes a fixed amount of memory: with too many subjects
 * at a time the rest is one subject.
 *
 * Threads: the caller's lock guards it.
 */
#ifndef PIBOOTFS_LOG_LIMIT_H
#define PIBOOTFS_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LIMIT_SUBJECTS 256u
#define LOG_LIMIT_NAME_BYTES 160u

/* About one subject. */
#define LOG_LIMIT_BURST 20
#define LOG_LIMIT_INTERVAL_MS 60000
/* In all, but for the numbers of what was held back. */
#define LOG_LIMIT_BURST_ALL 200
#define LOG_LIMIT_INTERVAL_ALL_MS 3000

struct log_limit_subject {
	uint64_t digest;
	int64_t at_rest_ms; /* when the whole burst may come again */
	int64_t tell_at_ms; /* for held > 0 */
	unsigned long held;
	char name[LOG_LIMIT_NAME_BYTES];
};

/* All zero at first. */
struct log_limit {
	int64_t at_rest_ms;
	/* The first one stands for those that have no place. */
	struct log_limit_subject subjects[LOG_LIMIT_SUBJECTS];
};

/*
 * Whether a message about SUBJECT may be written at NOW_MS, a monotonic clock;
 * if not, it is counted under NAME, unless others of the subject are already.
 */
bool log_limit_admit(struct log_limit *limit, const char *subject,
		     const char *name, int64_t now_ms);

/*
 * The next subject of which is to be told how many messages were held back, or
 * NULL; the number is forgotten, the name is valid until the next call.
 * INT64_MAX for NOW_MS: whatever was.
 */
const char *log_limit_due(struct log_limit *limit, int64_t now_ms,
			  unsigned long *ret_held);

/* When log_limit_due() will have something, INT64_MAX: never. */
int64_t log_limit_next_ms(const struct log_limit *limit);

#endif
