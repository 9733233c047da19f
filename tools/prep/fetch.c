/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "checked.h"
#include "fd_io.h"
#include "fetch_sink.h"
#include "fetch_source.h"

/* The largest that off_t can say. */
#define SIZE_BYTES_MAX ((uint64_t)INT64_MAX)

static int choose_limit(const struct prep_fetch *fetch, uint64_t *ret_bytes,
			struct pbf_reason *why)
{
	uint64_t size_bytes = fetch->size_bytes_max;
	struct statvfs fs;

	if (size_bytes == 0) {
		if (fstatvfs(fetch->destination_fd, &fs) < 0)
			return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
					  "the file system written to does "
					  "not tell its size: %s",
					  strerror(errno));
		/* tmpfs without a limit has no blocks. */
		if (!checked_mul(fs.f_blocks, fs.f_frsize, &size_bytes) ||
		    size_bytes == 0)
			size_bytes = SIZE_BYTES_MAX;
	}
	*ret_bytes = size_bytes < SIZE_BYTES_MAX ? size_bytes : SIZE_BYTES_MAX;
	return 0;
}

static int choose_format(struct prep_source *source,
			 enum prep_format *ret_format)
{
	const unsigned char *head;
	size_t length;
	int error = prep_source_peek(source, &head, &length);

	if (error == 0 && length == 0)
		error = pbf_refuse(source->why, -ENODATA, 0, "is empty");
	if (error == 0)
		error = prep_refuse_foreign(head, length, source->why);
	if (error < 0)
		return error;
	*ret_format = prep_format_detect(head, length);
	switch (*ret_format) {
	case PREP_FORMAT_NONE:
	case PREP_FORMAT_BZIP2:
	case PREP_FORMAT_GZIP:
	case PREP_FORMAT_XZ:
	case PREP_FORMAT_ZSTD:
		return 0;
	case PREP_FORMAT_LZ4:
	case PREP_FORMAT_LZMA:
	case PREP_FORMAT_LZOP:
		break;
	}
	return pbf_refuse(source->why, -EOPNOTSUPP, 0,
			  "is compressed with %s: decompress it first",
			  prep_format_name(*ret_format));
}

/*
 * Makes the sum of a clone from the clone: the source may be written to by
 * now, and the sum is to be that of what was got.
 */
static int hash_clone(struct prep_source *source, int fd, uint64_t size_bytes)
{
	_cleanup_free_ unsigned char *buffer = malloc(1u << 20);

	if (!buffer)
		return pbf_refuse(source->why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	while (source->done_bytes < size_bytes) {
		uint64_t offset = source->done_bytes;
		uint64_t left = size_bytes - offset;
		size_t part = left < (1u << 20) ? (size_t)left : 1u << 20;
		int error = fd_read_at(fd, offset, buffer, part);

		if (error < 0)
			return pbf_refuse(source->why, error, offset,
					  "byte %llu of its clone cannot be "
					  "read: %s",
					  (unsigned long long)offset,
					  strerror(-error));
		error = prep_source_account(source, buffer, part);
		if (error < 0)
			return error;
	}
	return 0;
}

/* Positive when it is a clone now, 0 when it has to be copied. */
static int clone_raw(struct prep_source *source, const struct prep_sink *sink,
		     uint64_t *ret_size_bytes)
{
	struct stat st;
	int error;

	if (!source->is_file || source->total_bytes > sink->size_bytes_max ||
	    ioctl(sink->fd, FICLONE, source->fd) < 0)
		return 0;
	if (fstat(sink->fd, &st) < 0)
		return pbf_refuse(source->why, -errno, PBF_REASON_NO_OFFSET,
				  "the clone cannot be examined: %s",
				  strerror(errno));
	*ret_size_bytes = (uint64_t)st.st_size;
	if (source->hasher)
		error = hash_clone(source, sink->fd, *ret_size_bytes);
	else
		error = prep_source_account(source, NULL, (size_t)st.st_size);
	return error < 0 ? error : 1;
}

static int copy_raw(struct prep_source *source, struct prep_sink *sink)
{
	size_t length = 1;

	while (length > 0) {
		const unsigned char *bytes;
		uint64_t hole_bytes;
		int error = prep_source_skip_hole(source, &hole_bytes);

		if (error == 0)
			error = prep_sink_put_zeroes(sink, hole_bytes);
		if (error == 0)
			error = prep_source_next(source, &bytes, &length);
		if (error == 0)
			error = prep_sink_put(sink, bytes, length);
		if (error < 0)
			return error;
	}
	return prep_sink_finish(sink);
}

static bool is_padding(const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/*
 * Takes what follows the compressed data, which belongs to the sum, but not
 * to the image.  Padding does no harm; anything else is not what was meant.
 */
static int drain(struct prep_source *source, uint64_t consumed_bytes)
{
	const unsigned char *bytes = source->buffer;
	size_t length = source->given_bytes;
	uint64_t start = source->done_bytes - length;

	if (consumed_bytes > start) {
		size_t used = (size_t)(consumed_bytes - start);

		bytes += used;
		length -= used;
	}
	while (length > 0 || source->given_bytes > 0) {
		int error;

		if (!is_padding(bytes, length))
			return pbf_refuse(source->why, -EUCLEAN, consumed_bytes,
					  "the compressed data end at byte "
					  "%llu, and something else follows",
					  (unsigned long long)consumed_bytes);
		error = prep_source_next(source, &bytes, &length);
		if (error < 0)
			return error;
	}
	return 0;
}

static int decompress(struct prep_source *source, struct prep_sink *sink,
		      enum prep_format format)
{
	const struct prep_feed feed = { .next = prep_source_next,
					.context = source };
	_cleanup_decoder_ struct prep_decoder *decoder = NULL;
	size_t length = 1;
	int error = prep_decoder_new(format, &feed, &decoder, source->why);

	while (error == 0 && length > 0) {
		const unsigned char *bytes;

		error = prep_decoder_next(decoder, &bytes, &length,
					  source->why);
		if (error == 0)
			error = prep_sink_put(sink, bytes, length);
	}
	if (error == 0)
		error = drain(source, prep_decoder_consumed(decoder));
	if (error == 0)
		error = prep_sink_finish(sink);
	if (error == 0 && sink->size_bytes == 0)
		error = pbf_refuse(source->why, -ENODATA, 0,
				   "has nothing in it when decompressed");
	return error;
}

static int transfer(struct prep_source *source, struct prep_sink *sink,
		    struct prep_fetched *fetched)
{
	int result = choose_format(source, &fetched->format);

	if (result < 0)
		return result;
	if (fetched->format != PREP_FORMAT_NONE) {
		result = decompress(source, sink, fetched->format);
	} else {
		result = clone_raw(source, sink, &fetched->size_bytes);
		if (result > 0)
			return 0;
		if (result == 0)
			result = copy_raw(source, sink);
	}
	fetched->size_bytes = sink->size_bytes;
	return result;
}

int prep_fetch(const struct prep_fetch *fetch, struct prep_fetched *ret_fetched,
	       struct pbf_reason *why)
{
	_cleanup_hasher_ struct prep_hasher *hasher = NULL;
	_cleanup_fetch_source_ struct prep_source source = {
		.fd = fetch->source_fd,
		.progress = fetch->progress,
		.is_cancelled = fetch->is_cancelled,
		.context = fetch->context,
		.why = why,
	};
	_cleanup_sink_ struct prep_sink sink = {
		.fd = fetch->destination_fd,
		.why = why,
	};
	struct prep_fetched fetched = { 0 };
	int error;

	if (fetch->wants_sum) {
		hasher = prep_hasher_new();
		if (!hasher)
			return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
					  "out of memory");
		source.hasher = hasher;
	}
	error = choose_limit(fetch, &sink.size_bytes_max, why);
	if (error == 0)
		error = prep_source_start(&source);
	if (error == 0)
		error = prep_sink_start(&sink);
	if (error == 0)
		error = transfer(&source, &sink, &fetched);
	if (error < 0) {
		ret_fetched->is_image_to_blame = sink.has_failed;
		return error;
	}
	if (hasher)
		prep_hasher_finish(hasher, &fetched.sum);
	*ret_fetched = fetched;
	return 0;
}
