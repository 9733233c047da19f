/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: the fault is set before others read. */
#include "fake-storage.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	enum fake_fault fault;
	unsigned int nth;
	atomic_uint reads;
} fake;

void fake_storage_break(enum fake_fault fault, unsigned int nth)
{
	fake.fault = fault;
	fake.nth = nth;
	fake.reads = 0;
}

unsigned int fake_storage_reads(void)
{
	return fake.reads;
}

ssize_t pread(int fd, void *buffer, size_t length, off_t offset)
{
	enum fake_fault fault =
		fake.reads++ == fake.nth ? fake.fault : FAKE_SOUND;

	if (fault == FAKE_FAILS) {
		errno = EIO;
		return -1;
	}
	if (fault == FAKE_ENDS)
		return 0;
	if (fault == FAKE_SHORT && length > 1)
		length /= 2;
	return syscall(SYS_pread64, fd, buffer, length, offset);
}
