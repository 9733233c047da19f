/* SPDX-License-Identifier: BSD-2-Clause */
#include "initrd-bench.h"

#include <errno.h>

#include "unit.h"

struct bytes {
	const struct packed *packed;
	uint64_t readable;
};

static int read_bytes(void *context, uint64_t offset_bytes, void *buffer,
		      size_t length)
{
	const struct bytes *bytes = context;

	assert_in_range(length, 0, bytes->packed->length - offset_bytes);
	if (offset_bytes + length > bytes->readable)
		return -EREMOTEIO;
	memcpy(buffer, bytes->packed->bytes + offset_bytes, length);
	return 0;
}

static struct initrd_outcome look(struct bytes bytes,
				  const struct prep_initrd_limits *limits)
{
	const struct prep_initrd_source source = {
		.size_bytes = bytes.packed->length,
		.read = read_bytes,
		.context = &bytes,
	};
	struct initrd_outcome outcome = { .why = { .text = "" } };

	outcome.error = prep_initrd_read(&source, limits, &outcome.initrd,
					 &outcome.why);
	return outcome;
}

struct initrd_outcome initrd_look(const struct packed *packed,
				  const struct prep_initrd_limits *limits)
{
	return look((struct bytes){ packed, packed->length }, limits);
}

struct initrd_outcome initrd_look_until(const struct packed *packed,
					uint64_t readable)
{
	return look((struct bytes){ packed, readable }, NULL);
}
