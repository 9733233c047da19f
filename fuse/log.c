/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: `threshold` is set before threads start; `seen` and `limit` are
 * guarded by `lock`, beneath which that of log_writer.c may be taken.
 */
#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "image.h"
#include "log_limit.h"
#include "utf.h"

/*
 * What log_once() remembers, by digest.  Later messages take the places of
 * earlier ones: an image that fails in ever new ways cannot fill the memory.
 */
#define SEEN_MAX 4096u

static int threshold = LOG_INFO;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t seen[SEEN_MAX];
static struct log_limit limit;

void log_set_target(enum log_target target)
{
	log_writer_set_target(target);
	if (target == LOG_TO_SYSLOG)
		openlog("pibootfs", LOG_PID, LOG_DAEMON);
}

void log_set_threshold(int priority)
{
	threshold = priority;
}

bool log_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char actual[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(actual, sizeof(actual), "%llu:%llu",
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return strcmp(stream, actual) == 0;
}

/* With the lock held: how many messages have been held back until NOW_MS. */
static void tell_held(int64_t now_ms)
{
	char text[LOG_MESSAGE_BYTES];
	unsigned long held;
	const char *name;

	while ((name = log_limit_due(&limit, now_ms, &held))) {
		snprintf(text, sizeof(text), "%s: and %lu more like it", name,
			 held);
		pbf_utf_mask(text);
		log_writer_put(LOG_WARNING, text);
	}
}

static int64_t tick(void)
{
	int64_t next_ms;

	pthread_mutex_lock(&lock);
	tell_held(pbf_monotonic_ms());
	next_ms = log_limit_next_ms(&limit);
	pthread_mutex_unlock(&lock);
	return next_ms;
}

int log_start(void)
{
	return log_writer_start(tick);
}

void log_stop(void)
{
	pthread_mutex_lock(&lock);
	tell_held(INT64_MAX);
	pthread_mutex_unlock(&lock);
	log_writer_stop();
}

/*
 * Writes TEXT, unless there is a FACT and it was told before, or there has been
 * too much about SUBJECT.  Only what is written has been told.
 */
static void emit(int priority, const char *subject, const char *fact,
		 char *text)
{
	int64_t now_ms = pbf_monotonic_ms();
	uint64_t digest = fact ? XXH3_64bits(fact, strlen(fact)) : 0;
	uint64_t *slot = &seen[digest % SEEN_MAX];
	bool has_name = strncmp(text, subject, strlen(subject)) == 0;
	bool admitted;

	pthread_mutex_lock(&lock);
	if (fact && *slot == digest) {
		pthread_mutex_unlock(&lock);
		return;
	}
	admitted = priority >= LOG_DEBUG ||
		   log_limit_admit(&limit, subject, has_name ? subject : text,
				   now_ms);
	if (admitted) {
		if (fact)
			*slot = digest;
		tell_held(now_ms);
		pbf_utf_mask(text);
		log_writer_put(priority, text);
	}
	pthread_mutex_unlock(&lock);
	if (!admitted)
		log_writer_wake();
}

/* See log.h: the %s that FORMAT begins with, or else FORMAT. */
__attribute__((format(printf, 1, 0))) static const char *
subject_of(const char *format, va_list args)
{
	va_list copy;
	const char *subject = format;

	va_copy(copy, args);
	if (strncmp(format, "%s: ", 4) == 0)
		subject = va_arg(copy, const char *);
	va_end(copy);
	return subject;
}

__attribute__((format(printf, 3, 0))) static void
log_arguments(int priority, bool once, const char *format, va_list args)
{
	const char *subject = subject_of(format, args);
	char text[LOG_MESSAGE_BYTES];

	if (priority > threshold)
		return;
	vsnprintf(text, sizeof(text), format, args);
	emit(priority, subject, once ? text : NULL, text);
}

void log_message(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_arguments(priority, false, format, args);
	va_end(args);
}

void log_once(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_arguments(priority, true, format, args);
	va_end(args);
}

void log_refusal(int priority, const char *source, const char *path,
		 const struct pbf_reason *why, const char *consequence)
{
	char fact[LOG_MESSAGE_BYTES], text[LOG_MESSAGE_BYTES], place[64] = "";

	if (priority > threshold)
		return;
	if (why->offset_bytes != PBF_REASON_NO_OFFSET)
		snprintf(place, sizeof(place),
			 "byte %#llx: ", (unsigned long long)why->offset_bytes);
	/* One fault shows at many paths, and is one fault. */
	snprintf(fact, sizeof(fact), "%s: %s%s", source, place, why->text);
	snprintf(text, sizeof(text), "%s: %s%s%s%s; %s", source, path,
		 path[0] ? ": " : "", place, why->text, consequence);
	emit(priority, source, fact, text);
}
