/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: `target` and `threshold` are set before threads start; `seen` is
 * guarded by `seen_lock`.
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

#include "utf.h"

#define MESSAGE_BYTES 2048

/*
 * What log_once() remembers, by digest.  Later messages take the places of
 * earlier ones: an image that fails in ever new ways cannot fill the memory.
 */
#define SEEN_MAX 4096u

static enum log_target target = LOG_TO_STDERR;
static int threshold = LOG_INFO;
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t seen[SEEN_MAX];

void log_set_target(enum log_target new_target)
{
	target = new_target;
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

static void write_message(int priority, char *text)
{
	char line[MESSAGE_BYTES + 32];
	int length;

	pbf_utf_mask(text);
	if (target == LOG_TO_SYSLOG) {
		syslog(priority, "%s", text);
		return;
	}
	if (target == LOG_TO_JOURNAL)
		length = snprintf(line, sizeof(line), "<%d>%s\n", priority,
				  text);
	else
		length = snprintf(line, sizeof(line), "pibootfs: %s\n", text);
	/* One write, so that lines of several threads do not mix. */
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return;
}

static bool is_new(const char *text)
{
	uint64_t digest = XXH3_64bits(text, strlen(text));
	uint64_t *slot = &seen[digest % SEEN_MAX];
	bool new;

	pthread_mutex_lock(&seen_lock);
	new = *slot != digest;
	*slot = digest;
	pthread_mutex_unlock(&seen_lock);
	return new;
}

__attribute__((format(printf, 3, 0))) static void
log_arguments(int priority, bool once, const char *format, va_list args)
{
	char text[MESSAGE_BYTES];

	if (priority > threshold)
		return;
	vsnprintf(text, sizeof(text), format, args);
	if (!once || is_new(text))
		write_message(priority, text);
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
	char fact[MESSAGE_BYTES], place[64] = "";

	if (priority > threshold)
		return;
	if (why->offset_bytes != PBF_REASON_NO_OFFSET)
		snprintf(place, sizeof(place),
			 "byte %#llx: ", (unsigned long long)why->offset_bytes);
	/* One fault shows at many paths, and is one fault. */
	snprintf(fact, sizeof(fact), "%s: %s%s", source, place, why->text);
	if (is_new(fact))
		log_message(priority, "%s: %s%s%s%s; %s", source, path,
			    path[0] ? ": " : "", place, why->text, consequence);
}
