/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: set things up before there are others; only one thread at a time
 * may pause.
 */
#include "fake-time.h"

#include <linux/magic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static struct {
	int age_seconds;
	bool honest;
	int pauses;
	void (*hook)(void *context, int pauses);
	void *context;
} fake;

void fake_time_reset(void)
{
	fake.age_seconds = 0;
	fake.honest = false;
	fake.pauses = 0;
	fake.hook = NULL;
}

void fake_time_set_age(int seconds)
{
	fake.age_seconds = seconds;
}

void fake_time_set_honest(bool honest)
{
	fake.honest = honest;
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

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_REALTIME_COARSE)
		now->tv_sec += fake.age_seconds;
	return result;
}

int nanosleep(const struct timespec *duration, struct timespec *left)
{
	(void)duration;
	(void)left;
	if (fake.hook)
		fake.hook(fake.context, fake.pauses);
	fake.pauses++;
	return 0;
}

int fstatfs(int fd, struct statfs *fs)
{
	(void)fd;
	*fs = (struct statfs){ .f_type = fake.honest ? EXT4_SUPER_MAGIC :
						       NFS_SUPER_MAGIC };
	return 0;
}
