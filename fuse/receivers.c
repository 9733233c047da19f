/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: what is not atomic is set before there are others, except `threads`
 * and `count`, which belong to the one that starts and stops them.
 */
#include "receivers.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* As many as libfuse would start; they wait for no storage. */
#define RECEIVERS 10u
#define STACK_BYTES (512u * 1024u)
#define SHORTAGE_MS 100
#define NUDGE_MS 10

struct receivers {
	struct fuse_session *session;
	pthread_t owner;
	pthread_mutex_t all_made; /* unlocked once all threads are there */
	atomic_uint running;
	atomic_int error;
	unsigned int count;
	pthread_t threads[RECEIVERS];
};

static void pause_ms(long milliseconds)
{
	const struct timespec pause = { .tv_nsec = milliseconds * 1000000L };

	nanosleep(&pause, NULL);
}

static void receive_all(struct receivers *receivers)
{
	struct fuse_session *session = receivers->session;
	struct fuse_buf buffer = { .mem = NULL }; /* libfuse makes it, once */

	while (!fuse_session_exited(session)) {
		int result = fuse_session_receive_buf(session, &buffer);

		if (result > 0) {
			fuse_session_process_buf(session, &buffer);
		} else if (result == -ENOMEM || result == -EAGAIN) {
			pause_ms(SHORTAGE_MS);
		} else if (result < 0 && result != -EINTR) {
			atomic_store(&receivers->error, result);
			fuse_session_exit(session);
		}
	}
	free(buffer.mem);
}

static void *receive(void *argument)
{
	struct receivers *receivers = argument;
	pthread_t owner = receivers->owner;

	pthread_mutex_lock(&receivers->all_made);
	pthread_mutex_unlock(&receivers->all_made);
	receive_all(receivers);
	/* After the last one RECEIVERS may be freed. */
	atomic_fetch_sub(&receivers->running, 1);
	pthread_kill(owner, RECEIVERS_ENDED);
	return NULL;
}

/* Interrupts a system call; there is nothing else to do. */
static void nudge(int signal)
{
	(void)signal;
}

int receivers_start(struct fuse_session *session,
		    struct receivers **ret_receivers)
{
	struct receivers *receivers = calloc(1, sizeof(*receivers));
	const struct sigaction nudged = { .sa_handler = nudge };
	pthread_attr_t attributes;
	int error = 0;

	if (!receivers)
		return -ENOMEM;
	receivers->session = session;
	receivers->owner = pthread_self();
	sigaction(SIGUSR1, &nudged, NULL);
	pthread_mutex_init(&receivers->all_made, NULL);
	pthread_mutex_lock(&receivers->all_made);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	while (receivers->count < RECEIVERS && error == 0) {
		atomic_fetch_add(&receivers->running, 1);
		error = pthread_create(&receivers->threads[receivers->count],
				       &attributes, receive, receivers);
		if (error == 0)
			receivers->count++;
		else
			atomic_fetch_sub(&receivers->running, 1);
	}
	pthread_attr_destroy(&attributes);
	if (error != 0)
		fuse_session_exit(session);
	pthread_mutex_unlock(&receivers->all_made);
	if (error != 0) {
		receivers_stop(receivers, INT64_MAX);
		return -error;
	}
	*ret_receivers = receivers;
	return 0;
}

int receivers_error(const struct receivers *receivers)
{
	return atomic_load(&receivers->error);
}

bool receivers_stop(struct receivers *receivers, int64_t patience_ms)
{
	fuse_session_exit(receivers->session);
	/* One may be about to receive when nudged, so it is done repeatedly. */
	for (; atomic_load(&receivers->running) > 0; patience_ms -= NUDGE_MS) {
		if (patience_ms <= 0)
			return false;
		for (unsigned int i = 0; i < receivers->count; i++)
			pthread_kill(receivers->threads[i], SIGUSR1);
		pause_ms(NUDGE_MS);
	}
	for (unsigned int i = 0; i < receivers->count; i++)
		pthread_join(receivers->threads[i], NULL);
	pthread_mutex_destroy(&receivers->all_made);
	free(receivers);
	return true;
}
