/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: everything is guarded by `lock`. */
#include "log_writer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "image.h"

#define QUEUE_MAX 1024u
#define PATIENCE_MS 500
#define THREAD_STACK_BYTES (256u * 1024u)

struct line {
	struct line *next;
	int priority;
	char text[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static enum log_target target = LOG_TO_STDERR;
static int64_t (*tick)(void);
static struct line *first, **after_last = &first;
static unsigned int queued;
static unsigned long lost;
static bool running, stopping, woken;
static bool busy; /* with a message that is not in the queue any more */

static void write_line(enum log_target where, int priority, const char *text)
{
	char line[LOG_MESSAGE_BYTES + 32];
	int length;

	if (where == LOG_TO_SYSLOG) {
		syslog(priority, "%s", text);
		return;
	}
	if (where == LOG_TO_JOURNAL)
		length = snprintf(line, sizeof(line), "<%d>%s\n", priority,
				  text);
	else
		length = snprintf(line, sizeof(line), "pibootfs: %s\n", text);
	/* One write, so that lines of several processes do not mix. */
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return;
}

/* False when UNTIL_MS has come. */
static bool wait_until(int64_t until_ms)
{
	const struct timespec until = {
		.tv_sec = until_ms / 1000,
		.tv_nsec = until_ms % 1000 * 1000000,
	};

	return pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC,
				      &until) == 0;
}

/* With the lock held, which it lets go of meanwhile. */
static void write_unlocked(int priority, const char *text)
{
	enum log_target where = target;

	busy = true;
	pthread_mutex_unlock(&lock);
	write_line(where, priority, text);
	pthread_mutex_lock(&lock);
	busy = false;
	pthread_cond_broadcast(&changed);
}

static void write_first(void)
{
	struct line *line = first;

	first = line->next;
	if (!first)
		after_last = &first;
	queued--;
	write_unlocked(line->priority, line->text);
	free(line);
}

static void tell_lost(void)
{
	char text[80];

	snprintf(text, sizeof(text),
		 "%lu messages were lost: they could not be written in time",
		 lost);
	lost = 0;
	write_unlocked(LOG_WARNING, text);
}

static int64_t tick_unlocked(void)
{
	int64_t next_ms;

	woken = false;
	pthread_mutex_unlock(&lock);
	next_ms = tick();
	pthread_mutex_lock(&lock);
	return next_ms;
}

static void *run(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&lock);
	for (;;) {
		if (first) {
			write_first();
		} else if (lost > 0) {
			tell_lost();
		} else if (stopping) {
			break;
		} else {
			int64_t next_ms = tick_unlocked();

			while (!first && lost == 0 && !stopping && !woken &&
			       wait_until(next_ms))
				;
		}
	}
	running = false;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

int log_writer_start(int64_t (*new_tick)(void))
{
	pthread_attr_t attributes;
	int error;

	tick = new_tick;
	running = true;
	stopping = false;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	error = pthread_create(&thread, &attributes, run, NULL);
	pthread_attr_destroy(&attributes);
	if (error != 0)
		running = false;
	return -error;
}

void log_writer_wake(void)
{
	pthread_mutex_lock(&lock);
	woken = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

void log_writer_set_target(enum log_target new_target)
{
	int64_t until_ms = pbf_monotonic_ms() + PATIENCE_MS;

	pthread_mutex_lock(&lock);
	while (running && (first || busy) && wait_until(until_ms))
		;
	target = new_target;
	pthread_mutex_unlock(&lock);
}

/* With the lock held. */
static void enqueue(int priority, const char *text)
{
	size_t length = strlen(text) + 1;
	struct line *line =
		queued < QUEUE_MAX ? malloc(sizeof(*line) + length) : NULL;

	if (!line) {
		lost++;
		return;
	}
	line->next = NULL;
	line->priority = priority;
	memcpy(line->text, text, length);
	*after_last = line;
	after_last = &line->next;
	queued++;
	pthread_cond_broadcast(&changed);
}

void log_writer_put(int priority, const char *text)
{
	bool directly;

	pthread_mutex_lock(&lock);
	directly = !running;
	if (running)
		enqueue(priority, text);
	pthread_mutex_unlock(&lock);
	if (directly)
		write_line(target, priority, text);
}

void log_writer_stop(void)
{
	int64_t until_ms = pbf_monotonic_ms() + PATIENCE_MS;
	bool was_running, ended;

	pthread_mutex_lock(&lock);
	was_running = running;
	stopping = true;
	pthread_cond_broadcast(&changed);
	while (running && wait_until(until_ms))
		;
	ended = !running;
	pthread_mutex_unlock(&lock);
	if (was_running && ended)
		pthread_join(thread, NULL);
}
