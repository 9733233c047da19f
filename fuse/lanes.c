/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: everything is guarded by `lock`. */
#include "lanes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

#define BUCKETS 256u
/* Jobs of one lane at a time. */
#define LANE_WIDTH 4u
/* A thread costs little while it sleeps; this bounds what hung disks take. */
#define THREADS_MAX 256u
#define THREAD_STACK_BYTES (512u * 1024u)
#define THREAD_IDLE_MS 10000

struct lane {
	struct pbf_list in_bucket;
	struct pbf_list in_ready;
	struct pbf_list jobs;
	unsigned int running;
	bool stuck;
	char name[];
};

struct lanes {
	pthread_mutex_t lock;
	pthread_cond_t work;  /* a lane became ready, or the end */
	pthread_cond_t ended; /* a thread ended */
	pthread_attr_t thread_attributes;
	unsigned int threads;
	unsigned int idle;
	bool has_ended; /* a thread, and nobody has joined it yet */
	pthread_t last_ended;
	bool stopping;
	unsigned int ready_count;
	struct pbf_list ready; /* lanes with a job and room to run it */
	struct pbf_list buckets[BUCKETS];
};

int lanes_new(struct lanes **ret_lanes)
{
	struct lanes *lanes = calloc(1, sizeof(*lanes));
	pthread_condattr_t monotonic;

	if (!lanes)
		return -ENOMEM;
	pthread_mutex_init(&lanes->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&lanes->work, &monotonic);
	pthread_cond_init(&lanes->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_attr_init(&lanes->thread_attributes);
	pthread_attr_setstacksize(&lanes->thread_attributes,
				  THREAD_STACK_BYTES);
	pbf_list_init(&lanes->ready);
	for (size_t i = 0; i < BUCKETS; i++)
		pbf_list_init(&lanes->buckets[i]);
	*ret_lanes = lanes;
	return 0;
}

static struct timespec after_ms(int64_t milliseconds)
{
	int64_t until = pbf_monotonic_ms() + milliseconds;

	return (struct timespec){
		.tv_sec = until / 1000,
		.tv_nsec = until % 1000 * 1000000,
	};
}

bool lanes_drain(struct lanes *lanes, int64_t patience_ms)
{
	struct timespec until = after_ms(patience_ms);
	bool drained;
	int error = 0;

	pthread_mutex_lock(&lanes->lock);
	lanes->stopping = true;
	pthread_cond_broadcast(&lanes->work);
	while (lanes->threads > 0 && error == 0)
		error = pthread_cond_timedwait(&lanes->ended, &lanes->lock,
					       &until);
	drained = lanes->threads == 0;
	pthread_mutex_unlock(&lanes->lock);
	if (drained && lanes->has_ended)
		pthread_join(lanes->last_ended, NULL);
	lanes->has_ended = lanes->has_ended && !drained;
	return drained;
}

void lanes_free(struct lanes *lanes)
{
	if (!lanes)
		return;
	pthread_attr_destroy(&lanes->thread_attributes);
	pthread_cond_destroy(&lanes->work);
	pthread_cond_destroy(&lanes->ended);
	pthread_mutex_destroy(&lanes->lock);
	free(lanes);
}

static struct pbf_list *bucket_of(struct lanes *lanes, const char *name)
{
	unsigned int hash = 5381;

	while (*name)
		hash = hash * 33 + (unsigned char)*name++;
	return &lanes->buckets[hash % BUCKETS];
}

/* With the lock held; NULL when the lane has no work. */
static struct lane *find_lane(struct lanes *lanes, const char *name)
{
	struct pbf_list *bucket = bucket_of(lanes, name);

	for (struct pbf_list *item = bucket->next; item != bucket;
	     item = item->next) {
		struct lane *lane = PBF_CONTAINER(item, struct lane, in_bucket);

		if (strcmp(lane->name, name) == 0)
			return lane;
	}
	return NULL;
}

static struct lane *make_lane(struct lanes *lanes, const char *name)
{
	size_t length = strlen(name) + 1;
	struct lane *lane = calloc(1, sizeof(*lane) + length);

	if (!lane)
		return NULL;
	memcpy(lane->name, name, length);
	pbf_list_init(&lane->in_ready);
	pbf_list_init(&lane->jobs);
	pbf_list_append(bucket_of(lanes, name), &lane->in_bucket);
	return lane;
}

static void *work(void *argument);

/* With the lock held: sees that there is a thread for every ready lane. */
static void ensure_threads(struct lanes *lanes)
{
	pthread_t thread;

	if (lanes->ready_count <= lanes->idle || lanes->threads == THREADS_MAX)
		return;
	if (pthread_create(&thread, &lanes->thread_attributes, work, lanes) ==
	    0)
		lanes->threads++;
}

/* With the lock held: puts the lane where it belongs now, or frees it. */
static void settle_lane(struct lanes *lanes, struct lane *lane)
{
	if (pbf_list_is_empty(&lane->jobs) && lane->running == 0) {
		pbf_list_remove(&lane->in_bucket);
		free(lane);
	} else if (!pbf_list_is_empty(&lane->jobs) &&
		   lane->running < LANE_WIDTH &&
		   pbf_list_is_empty(&lane->in_ready)) {
		pbf_list_append(&lanes->ready, &lane->in_ready);
		lanes->ready_count++;
		ensure_threads(lanes);
		pthread_cond_signal(&lanes->work);
	}
}

/* With the lock held; lets go of it while the job runs. */
static void run_next(struct lanes *lanes)
{
	struct lane *lane =
		PBF_CONTAINER(lanes->ready.next, struct lane, in_ready);
	struct lane_job *job =
		PBF_CONTAINER(lane->jobs.next, struct lane_job, item);

	pbf_list_remove(&lane->in_ready);
	lanes->ready_count--;
	pbf_list_remove(&job->item);
	lane->running++;
	settle_lane(lanes, lane);
	pthread_mutex_unlock(&lanes->lock);
	job->run(job);
	pthread_mutex_lock(&lanes->lock);
	lane->running--;
	lane->stuck = false;
	settle_lane(lanes, lane);
}

/*
 * With the lock held, which it lets go of: the calling thread ends.  Each joins
 * the one before, so that who joins the last has waited for all.
 */
static void end_thread(struct lanes *lanes)
{
	pthread_t previous = lanes->last_ended;
	bool is_first = !lanes->has_ended;

	lanes->last_ended = pthread_self();
	lanes->has_ended = true;
	lanes->threads--;
	pthread_cond_signal(&lanes->ended);
	pthread_mutex_unlock(&lanes->lock);
	if (!is_first)
		pthread_join(previous, NULL);
}

static void *work(void *argument)
{
	struct lanes *lanes = argument;

	pthread_mutex_lock(&lanes->lock);
	for (;;) {
		struct timespec until = after_ms(THREAD_IDLE_MS);
		int error = 0;

		lanes->idle++;
		while (pbf_list_is_empty(&lanes->ready) && !lanes->stopping &&
		       error == 0)
			error = pthread_cond_timedwait(&lanes->work,
						       &lanes->lock, &until);
		lanes->idle--;
		if (pbf_list_is_empty(&lanes->ready))
			break;
		run_next(lanes);
	}
	end_thread(lanes);
	return NULL;
}

int lanes_submit(struct lanes *lanes, const char *name, struct lane_job *job)
{
	struct lane *lane;
	int error = 0;

	pthread_mutex_lock(&lanes->lock);
	lane = find_lane(lanes, name);
	if (lane && lane->stuck)
		error = -EIO;
	else if (!lane && !(lane = make_lane(lanes, name)))
		error = -ENOMEM;
	if (error == 0) {
		pbf_list_append(&lane->jobs, &job->item);
		settle_lane(lanes, lane);
	}
	/* Without any thread nobody would ever come to it. */
	if (error == 0 && lanes->threads == 0) {
		pbf_list_remove(&job->item);
		pbf_list_remove(&lane->in_ready);
		lanes->ready_count--;
		settle_lane(lanes, lane);
		error = -EAGAIN;
	}
	pthread_mutex_unlock(&lanes->lock);
	return error;
}

bool lanes_set_stuck(struct lanes *lanes, const char *name)
{
	struct lane *lane;
	bool is_first;

	pthread_mutex_lock(&lanes->lock);
	lane = find_lane(lanes, name);
	is_first = lane && !lane->stuck;
	if (lane)
		lane->stuck = true;
	pthread_mutex_unlock(&lanes->lock);
	return is_first;
}
