/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch-bench.h"

#include <fcntl.h>
#include <unistd.h>

#include "unit.h"

#define FILLED_BYTES 70000u

void fetch_outcome_close(struct fetch_outcome *outcome)
{
	close(outcome->fd);
}

void fetch_bench_fill(unsigned char *ret_image, size_t length)
{
	assert_in_range(length / 2, FILLED_BYTES, SIZE_MAX);
	memset(ret_image, 0, length);
	for (size_t i = 0; i < FILLED_BYTES; i++) {
		ret_image[i] = (unsigned char)(i * 7 % 251);
		ret_image[length / 2 + i] = (unsigned char)(i % 253);
	}
	ret_image[length - 1] = 1;
}

struct fetch_outcome fetch_bench(const struct scratch *scratch,
				 struct prep_fetch fetch)
{
	struct fetch_outcome outcome = { .why = { .text = "" } };

	outcome.fd = openat(scratch->fd, "out",
			    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(outcome.fd >= 0);
	fetch.destination_fd = outcome.fd;
	outcome.error = prep_fetch(&fetch, &outcome.fetched, &outcome.why);
	return outcome;
}

struct fetch_outcome fetch_bench_file(const struct scratch *scratch,
				      const char *name, struct prep_fetch fetch)
{
	_cleanup_close_ int fd =
		openat(scratch->fd, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	fetch.source_fd = fd;
	return fetch_bench(scratch, fetch);
}
