/* SPDX-License-Identifier: BSD-2-Clause */
#include "mtools-bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "unit.h"

static void must_shell(const char *command)
{
	/* The commands are those of a test. NOLINTNEXTLINE(cert-env33-c) */
	int status = system(command);

	if (status != 0)
		fail_msg("status %d of: %s", status, command);
}

void mtools_bench_shell(const struct mtools_bench *bench, const char *command)
{
	char whole[1024];

	snprintf(whole, sizeof(whole), "cd '%s' && { %s; }",
		 bench->scratch.path, command);
	must_shell(whole);
}

void mtools_bench_run(const struct mtools_bench *bench, const char *command)
{
	const char *place = strstr(command, "%s");
	char whole[1024];

	assert_non_null(place);
	snprintf(whole, sizeof(whole),
		 "export MTOOLSRC=/dev/null; %.*s/proc/%d/fd/%d%s",
		 (int)(place - command), command, getpid(), bench->boot.fd,
		 place + 2);
	must_shell(whole);
}

void mtools_bench_copy(struct mtools_bench *bench)
{
	struct pbf_reason why;

	prep_boot_release(&bench->boot);
	if (prep_boot_copy_out(bench->image_fd, MTOOLS_BENCH_START,
			       bench->size_bytes, &bench->boot, &why) < 0)
		fail_msg("%s", why.text);
}

void mtools_bench_make(struct mtools_bench *bench, uint64_t size_bytes)
{
	char command[256];

	*bench = (struct mtools_bench){ .size_bytes = size_bytes,
					.boot = { .fd = -1 } };
	scratch_make(&bench->scratch);
	scratch_touch(&bench->scratch, "image");
	scratch_truncate(&bench->scratch, "image",
			 MTOOLS_BENCH_START + 2 * size_bytes);
	snprintf(command, sizeof(command),
		 "PATH=$PATH:/usr/sbin mkfs.vfat -S 512 -s 1 -F %d "
		 "--offset %u image %u >/dev/null 2>&1",
		 size_bytes < MTOOLS_BENCH_LARGE ? 16 : 32,
		 MTOOLS_BENCH_START / 512, (unsigned int)(size_bytes / 1024));
	mtools_bench_shell(bench, command);
	bench->image_fd =
		openat(bench->scratch.fd, "image", O_RDWR | O_CLOEXEC);
	assert_true(bench->image_fd >= 0);
	mtools_bench_copy(bench);
}

void mtools_bench_release(struct mtools_bench *bench)
{
	prep_boot_release(&bench->boot);
	close(bench->image_fd);
	/* A test may have left directories with files in them. */
	mtools_bench_shell(bench, "rm -rf ./* ./.[a-z]*");
	scratch_remove(&bench->scratch);
}
