/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch_source.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (1u << 20)
/* A signal that comes just before poll() is noticed after this. */
#define POLL_MS 250

int prep_source_start(struct prep_source *source)
{
	struct stat st;
	off_t position = lseek(source->fd, 0, SEEK_CUR);

	if (fstat(source->fd, &st) < 0)
		return pbf_refuse(source->why, -errno, PBF_REASON_NO_OFFSET,
				  "the source cannot be examined: %s",
				  strerror(errno));
	if (S_ISREG(st.st_mode) && position >= 0 && position <= st.st_size) {
		source->is_file = position == 0;
		source->total_bytes = (uint64_t)(st.st_size - position);
	}
	source->buffer = malloc(BUFFER_BYTES);
	if (!source->buffer)
		return pbf_refuse(source->why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	return 0;
}

void prep_source_release(struct prep_source *source)
{
	free(source->buffer);
}

static int check_cancelled(const struct prep_source *source)
{
	if (source->is_cancelled && source->is_cancelled(source->context))
		return pbf_refuse(source->why, -ECANCELED, source->done_bytes,
				  "was interrupted");
	return 0;
}

/* Waits for bytes of a pipe, in such a way that no signal is lost. */
static int wait_for_bytes(const struct prep_source *source)
{
	struct pollfd item = { .fd = source->fd, .events = POLLIN };
	int error = check_cancelled(source);

	while (error == 0 && !source->is_file && poll(&item, 1, POLL_MS) <= 0)
		error = check_cancelled(source);
	return error;
}

/* Reads what there is, up to what the buffer has room for. */
static int read_some(struct prep_source *source, size_t *ret_length)
{
	for (;;) {
		int error = wait_for_bytes(source);
		ssize_t n;

		if (error < 0)
			return error;
		n = read(source->fd, source->buffer + source->pending_bytes,
			 BUFFER_BYTES - source->pending_bytes);
		if (n >= 0) {
			*ret_length = (size_t)n;
			return 0;
		}
		if (errno != EINTR && errno != EAGAIN)
			return pbf_refuse(
				source->why, -errno, source->done_bytes,
				"byte %llu cannot be read: %s",
				(unsigned long long)source->done_bytes,
				strerror(errno));
	}
}

int prep_source_peek(struct prep_source *source,
		     const unsigned char **ret_bytes, size_t *ret_length)
{
	size_t length = 1;

	while (source->pending_bytes < PREP_HEAD_BYTES && length > 0) {
		int error = read_some(source, &length);

		if (error < 0)
			return error;
		source->pending_bytes += length;
	}
	*ret_bytes = source->buffer;
	*ret_length = source->pending_bytes;
	return 0;
}

int prep_source_account(struct prep_source *source, const void *bytes,
			size_t length)
{
	if (source->hasher)
		prep_hasher_add(source->hasher, bytes, length);
	source->done_bytes += length;
	if (source->progress)
		source->progress(source->context, source->done_bytes,
				 source->total_bytes);
	return check_cancelled(source);
}

int prep_source_next(void *context, const unsigned char **ret_bytes,
		     size_t *ret_length)
{
	struct prep_source *source = context;
	size_t length = source->pending_bytes;
	int error = 0;

	source->pending_bytes = 0;
	if (length == 0)
		error = read_some(source, &length);
	if (error == 0)
		error = prep_source_account(source, source->buffer, length);
	if (error < 0)
		return error;
	*ret_bytes = source->buffer;
	*ret_length = length;
	source->given_bytes = length;
	return 0;
}

int prep_source_skip_hole(struct prep_source *source, uint64_t *ret_length)
{
	uint64_t start = source->done_bytes, end = start;
	off_t data;

	*ret_length = 0;
	if (!source->is_file || source->pending_bytes > 0)
		return 0;
	data = lseek(source->fd, (off_t)start, SEEK_DATA);
	if (data >= 0)
		end = (uint64_t)data;
	else if (errno == ENXIO && start < source->total_bytes)
		end = source->total_bytes; /* nothing but a hole follows */
	memset(source->buffer, 0, BUFFER_BYTES);
	while (source->done_bytes < end) {
		uint64_t left = end - source->done_bytes;
		size_t part = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;
		int error = prep_source_account(source, source->buffer, part);

		if (error < 0)
			return error;
	}
	if (lseek(source->fd, (off_t)end, SEEK_SET) < 0)
		return pbf_refuse(source->why, -errno, end,
				  "byte %llu cannot be read: %s",
				  (unsigned long long)end, strerror(errno));
	*ret_length = end - start;
	return 0;
}
