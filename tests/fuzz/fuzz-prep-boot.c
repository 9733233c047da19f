/* SPDX-License-Identifier: BSD-2-Clause */
/* The input is a kernel and an initrd, which pibootfs-prep looks into. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "initrd.h"
#include "kernel_version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *bytes;
	size_t length;
};

static int read_input(void *context, uint64_t offset_bytes, void *buffer,
		      size_t length)
{
	const struct input *input = context;

	if (offset_bytes > input->length ||
	    length > input->length - offset_bytes)
		return -EIO;
	memcpy(buffer, input->bytes + offset_bytes, length);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	const struct prep_initrd_source source = {
		.size_bytes = size,
		.read = read_input,
		.context = &input,
	};
	const struct prep_initrd_limits limits = {
		.members_max = 1000,
		.unpacked_bytes_max = 1 << 24,
		.time_ms_max = 5000,
	};
	char version[PREP_KERNEL_VERSION_BYTES];
	struct prep_initrd initrd;

	prep_initrd_read(&source, &limits, &initrd, NULL);
	prep_kernel_version((const char *)data, size, version, NULL);
	return 0;
}
