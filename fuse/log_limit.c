/* SPDX-License-Identifier: BSD-2-Clause */
#include "log_limit.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

static bool may_come(int64_t at_rest_ms, int64_t now_ms, int burst,
		     int64_t interval_ms)
{
	return at_rest_ms - now_ms <= (burst - 1) * interval_ms;
}

static void has_come(int64_t *at_rest_ms, int64_t now_ms, int64_t interval_ms)
{
	if (*at_rest_ms < now_ms)
		*at_rest_ms = now_ms;
	*at_rest_ms += interval_ms;
}

static struct log_limit_subject *find(struct log_limit *limit,
				      const char *subject, int64_t now_ms)
{
	uint64_t digest = XXH3_64bits(subject, strlen(subject));
	struct log_limit_subject *at_rest = NULL;

	for (size_t i = 1; i < LOG_LIMIT_SUBJECTS; i++) {
		struct log_limit_subject *found = &limit->subjects[i];

		if (found->digest == digest)
			return found;
		if (!at_rest && found->held == 0 && found->at_rest_ms <= now_ms)
			at_rest = found;
	}
	if (!at_rest)
		return &limit->subjects[0];
	at_rest->digest = digest;
	return at_rest;
}

bool log_limit_admit(struct log_limit *limit, const char *subject,
		     const char *name, int64_t now_ms)
{
	struct log_limit_subject *found = find(limit, subject, now_ms);

	if (may_come(found->at_rest_ms, now_ms, LOG_LIMIT_BURST,
		     LOG_LIMIT_INTERVAL_MS) &&
	    may_come(limit->at_rest_ms, now_ms, LOG_LIMIT_BURST_ALL,
		     LOG_LIMIT_INTERVAL_ALL_MS)) {
		has_come(&found->at_rest_ms, now_ms, LOG_LIMIT_INTERVAL_MS);
		has_come(&limit->at_rest_ms, now_ms, LOG_LIMIT_INTERVAL_ALL_MS);
		found->tell_at_ms = now_ms;
		return true;
	}
	if (found->held++ == 0) {
		found->tell_at_ms = now_ms + LOG_LIMIT_INTERVAL_MS;
		snprintf(found->name, sizeof(found->name), "%s",
			 found == limit->subjects ? "other subjects" : name);
	}
	return false;
}

const char *log_limit_due(struct log_limit *limit, int64_t now_ms,
			  unsigned long *ret_held)
{
	for (size_t i = 0; i < LOG_LIMIT_SUBJECTS; i++) {
		struct log_limit_subject *subject = &limit->subjects[i];

		if (subject->held == 0 || subject->tell_at_ms > now_ms)
			continue;
		*ret_held = subject->held;
		subject->held = 0;
		return subject->name;
	}
	return NULL;
}

int64_t log_limit_next_ms(const struct log_limit *limit)
{
	int64_t next_ms = INT64_MAX;

	for (size_t i = 0; i < LOG_LIMIT_SUBJECTS; i++)
		if (limit->subjects[i].held > 0 &&
		    limit->subjects[i].tell_at_ms < next_ms)
			next_ms = limit->subjects[i].tell_at_ms;
	return next_ms;
}
