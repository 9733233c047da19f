/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: set things up before there are others; only one thread at a time
 * may pause.
 */
#include "fake-time.h"

#include <linux/magic.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS 1000000000

static struct {
	int age_seconds;
	unsigned int file_system; /* 0: one without honest stamps */
	atomic_int pauses;
	atomic_int_fast64_t paused_ns;
	void (*hook)(void *context, int pauses);
	void *context;
} fake;

void fake_time_reset(void)
{
	fake.age_seconds = 0;
	fake.file_system = 0;
	fake.pauses = 0;
	fake.paused_ns = 0;
	fake.hook = NULL;
}

void fake_time_set_age(int seconds)
{
	fake.age_seconds = seconds;
}

void fake_time_set_honest(bool honest)
{
	fake.file_system = honest ? EXT4_SUPER_MAGIC : 0;
}

void fake_time_set_file_system(unsigned int type)
{
	fake.file_system = type;
}

void fake_time_on_pause(void (*hook)(void *context, int pauses), void *context)
{
	fake.hook = hook;
	fake.context = context;
}

int fake_time_pauses(void)
{
	return fake.pauses;
}

void fake_time_next_tick(void)
{
	struct timespec start, now;

	syscall(SYS_clock_gettime, CLOCK_REALTIME_COARSE, &start);
	do
		syscall(SYS_clock_gettime, CLOCK_REALTIME_COARSE, &now);
	while (now.tv_sec == start.tv_sec && now.tv_nsec == start.tv_nsec);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_REALTIME_COARSE)
		now->tv_sec += fake.age_seconds;
	if (clock == CLOCK_MONOTONIC) {
		int64_t paused_ns = fake.paused_ns;

		now->tv_nsec += paused_ns % NANOSECONDS;
		now->tv_sec +=
			paused_ns / NANOSECONDS + now->tv_nsec / NANOSECONDS;
		now->tv_nsec %= NANOSECONDS;
	}
	return result;
}

int nanosleep(const struct timespec *duration, struct timespec *left)
{
	(void)left;
	fake.paused_ns +=
		(int64_t)duration->tv_sec * NANOSECONDS + duration->tv_nsec;
	if (fake.hook)
		fake.hook(fake.context, fake.pauses);
	fake.pauses++;
	return 0;
}

int fstatfs(int fd, struct statfs *fs)
{
	(void)fd;
	*fs = (struct statfs){ .f_type = fake.file_system ? fake.file_system :
							    NFS_SUPER_MAGIC };
	return 0;
}
