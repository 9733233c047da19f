/* SPDX-License-Identifier: BSD-2-Clause */
#include "undo-bench.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit.h"

void undo_bench_make(struct undo_bench *bench, unsigned char *ret_image,
		     size_t size)
{
	*bench = (struct undo_bench){ .content_fd = -1 };
	scratch_make(&bench->scratch);
	snprintf(bench->path, sizeof(bench->path), "%s/image",
		 bench->scratch.path);
	for (size_t i = 0; i < size; i++)
		ret_image[i] = (unsigned char)(i % 251);
	scratch_write(&bench->scratch, "image", ret_image, size);
}

void undo_bench_free(struct undo_bench *bench)
{
	if (bench->content_fd >= 0)
		close(bench->content_fd);
	scratch_remove(&bench->scratch);
}

void undo_bench_set_content(struct undo_bench *bench,
			    const unsigned char *bytes, size_t length)
{
	if (bench->content_fd >= 0)
		close(bench->content_fd);
	bench->content_fd = memfd_create("content", MFD_CLOEXEC);
	/* Past the pwrite() of the tests, which counts or fails. */
	assert_int_equal(
		syscall(SYS_pwrite64, bench->content_fd, bytes, length, 0),
		length);
}

void undo_bench_add(const struct undo_bench *bench, struct ranges *ranges,
		    uint64_t offset, uint64_t length)
{
	const struct range range = {
		.offset_bytes = offset,
		.length_bytes = length,
		.content_fd = bench->content_fd,
		.content_offset_bytes = offset,
	};

	assert_int_equal(ranges_add(ranges, &range), 0);
}
