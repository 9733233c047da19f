/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: everything is guarded by `lock`. */
#include "deadlines.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "image.h"

struct deadlines {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool stopping;
	struct pbf_list pending; /* the next one first */
};

static void wait_until(struct deadlines *deadlines, int64_t monotonic_ms)
{
	struct timespec until = {
		.tv_sec = monotonic_ms / 1000,
		.tv_nsec = monotonic_ms % 1000 * 1000000,
	};

	pthread_cond_timedwait(&deadlines->changed, &deadlines->lock, &until);
}

static void *run(void *argument)
{
	struct deadlines *deadlines = argument;

	pthread_mutex_lock(&deadlines->lock);
	while (!deadlines->stopping) {
		struct deadline *next;

		if (pbf_list_is_empty(&deadlines->pending)) {
			pthread_cond_wait(&deadlines->changed,
					  &deadlines->lock);
			continue;
		}
		next = PBF_CONTAINER(deadlines->pending.next, struct deadline,
				     item);
		if (pbf_monotonic_ms() < next->expires_at_ms) {
			wait_until(deadlines, next->expires_at_ms);
			continue;
		}
		pbf_list_remove(&next->item);
		pthread_mutex_unlock(&deadlines->lock);
		next->expire(next);
		pthread_mutex_lock(&deadlines->lock);
	}
	pthread_mutex_unlock(&deadlines->lock);
	return NULL;
}

int deadlines_new(struct deadlines **ret_deadlines)
{
	struct deadlines *deadlines = calloc(1, sizeof(*deadlines));
	pthread_condattr_t monotonic;

	if (!deadlines)
		return -ENOMEM;
	pbf_list_init(&deadlines->pending);
	pthread_mutex_init(&deadlines->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&deadlines->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&deadlines->thread, NULL, run, deadlines) != 0) {
		free(deadlines);
		return -EAGAIN;
	}
	*ret_deadlines = deadlines;
	return 0;
}

void deadlines_free(struct deadlines *deadlines)
{
	if (!deadlines)
		return;
	pthread_mutex_lock(&deadlines->lock);
	deadlines->stopping = true;
	pthread_cond_signal(&deadlines->changed);
	pthread_mutex_unlock(&deadlines->lock);
	pthread_join(deadlines->thread, NULL);
	pthread_cond_destroy(&deadlines->changed);
	pthread_mutex_destroy(&deadlines->lock);
	free(deadlines);
}

void deadlines_set(struct deadlines *deadlines, struct deadline *deadline,
		   int64_t delay_ms, void (*expire)(struct deadline *deadline))
{
	struct pbf_list *after;

	deadline->expire = expire;
	deadline->expires_at_ms = pbf_monotonic_ms() + delay_ms;
	pthread_mutex_lock(&deadlines->lock);
	/* Delays are nearly all alike, so the place is nearly always last. */
	for (after = deadlines->pending.previous; after != &deadlines->pending;
	     after = after->previous)
		if (PBF_CONTAINER(after, struct deadline, item)
			    ->expires_at_ms <= deadline->expires_at_ms)
			break;
	pbf_list_append(after->next, &deadline->item);
	if (deadlines->pending.next == &deadline->item)
		pthread_cond_signal(&deadlines->changed);
	pthread_mutex_unlock(&deadlines->lock);
}

bool deadlines_cancel(struct deadlines *deadlines, struct deadline *deadline)
{
	bool in_time;

	pthread_mutex_lock(&deadlines->lock);
	in_time = !pbf_list_is_empty(&deadline->item);
	pbf_list_remove(&deadline->item);
	pthread_mutex_unlock(&deadlines->lock);
	return in_time;
}
