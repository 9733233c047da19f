/* SPDX-License-Identifier: BSD-2-Clause */
#include "initrd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "cleanup.h"
#include "image.h"
#include "initrd_contents.h"
#include "initrd_cpio.h"
#include "stop.h"

#define BLOCK_BYTES (256u << 10)
#define ZSTD_MAGIC 0xfd2fb528

/* An initrd on its way through. */
struct reading {
	const struct prep_initrd_source *source;
	struct prep_initrd_limits limits;
	int64_t give_up_at_ms;
	struct prep_initrd_contents contents;
	struct prep_cpio cpio;
	/* The initrd itself, or the compressed part of it. */
	uint64_t position_bytes;
	uint64_t end_bytes;
	unsigned char *buffer;
	struct pbf_reason *why;
};

static void release(struct reading **reading)
{
	if (*reading)
		free((*reading)->buffer);
	free(*reading);
}
#define _cleanup_reading_ _cleanup_(release)

static int note_member(void *context, const struct prep_cpio_member *member)
{
	struct reading *reading = context;

	prep_initrd_note(&reading->contents, member);
	if (reading->contents.initrd.members > reading->limits.members_max)
		return pbf_refuse(reading->why, -EFBIG, PBF_REASON_NO_OFFSET,
				  "has more than %zu files",
				  reading->limits.members_max);
	return 0;
}

static void note_content(void *context, const unsigned char *bytes,
			 size_t length)
{
	struct reading *reading = context;

	prep_initrd_note_content(&reading->contents, bytes, length);
}

static int start(struct reading *reading)
{
	reading->buffer = malloc(BLOCK_BYTES);
	if (!reading->buffer)
		return pbf_refuse(reading->why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	reading->give_up_at_ms =
		pbf_monotonic_ms() + reading->limits.time_ms_max;
	reading->end_bytes = reading->source->size_bytes;
	reading->cpio.visitor = (struct prep_cpio_visitor){
		.member = note_member,
		.content = note_content,
		.context = reading,
	};
	return 0;
}

/* Takes bytes of archives, compressed or not, within the limits. */
static int take(struct reading *reading, const unsigned char *bytes,
		size_t length, size_t *ret_taken)
{
	uint64_t *unpacked = &reading->contents.initrd.unpacked_bytes;
	int error = prep_cpio_take(&reading->cpio, bytes, length, ret_taken,
				   reading->why);

	if (error < 0)
		return error;
	*unpacked += *ret_taken;
	if (*unpacked > reading->limits.unpacked_bytes_max)
		return pbf_refuse(
			reading->why, -EFBIG, PBF_REASON_NO_OFFSET,
			"has more than %llu bytes when unpacked",
			(unsigned long long)reading->limits.unpacked_bytes_max);
	if (prep_stop_is_asked(NULL))
		return pbf_refuse(reading->why, -ECANCELED,
				  reading->position_bytes, "stopped");
	if (pbf_monotonic_ms() >= reading->give_up_at_ms)
		return pbf_refuse(reading->why, -ETIMEDOUT,
				  reading->position_bytes,
				  "looking into it took too long");
	return 0;
}

/* Reads the next block, as a decoder is fed. */
static int read_block(void *context, const unsigned char **ret_bytes,
		      size_t *ret_length)
{
	struct reading *reading = context;
	uint64_t left = reading->end_bytes - reading->position_bytes;
	size_t length = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES;
	int error = 0;

	if (length > 0)
		error = reading->source->read(reading->source->context,
					      reading->position_bytes,
					      reading->buffer, length);
	if (error < 0)
		return pbf_refuse(reading->why, error, reading->position_bytes,
				  "cannot be read: %s", strerror(-error));
	reading->position_bytes += length;
	*ret_bytes = reading->buffer;
	*ret_length = length;
	return 0;
}

/* Decompresses from START, and says how much of the initrd that used up. */
static int take_compressed(struct reading *reading, uint64_t start_bytes,
			   uint64_t *ret_used)
{
	const struct prep_feed feed = { .next = read_block,
					.context = reading };
	_cleanup_decoder_ struct prep_decoder *decoder = NULL;
	struct pbf_reason *why = reading->why;
	size_t length = 1, taken;
	int error;

	reading->position_bytes = start_bytes;
	*ret_used = 0;
	error = prep_decoder_new(reading->contents.initrd.format, &feed,
				 &decoder, why);
	while (error == 0 && length > 0) {
		const unsigned char *bytes = NULL;

		error = prep_decoder_next(decoder, &bytes, &length, why);
		*ret_used = prep_decoder_consumed(decoder);
		if (error < 0 && why &&
		    why->offset_bytes != PBF_REASON_NO_OFFSET)
			why->offset_bytes += start_bytes;
		if (error < 0)
			break;
		error = take(reading, bytes, length, &taken);
		/* An offset in what is decompressed means nothing outside. */
		if (error < 0 && why && error == -EUCLEAN)
			why->offset_bytes = start_bytes;
		if (error == 0 && taken < length)
			error = pbf_refuse(why, -EUCLEAN, start_bytes,
					   "the compressed part has something "
					   "else than cpio archives in it");
	}
	if (error == 0 &&
	    (*ret_used == 0 || !prep_cpio_is_complete(&reading->cpio)))
		error = pbf_refuse(why, -EUCLEAN, start_bytes,
				   "the cpio archive in the compressed part "
				   "does not end");
	return error;
}

/*
 * Finds the last place where an xz stream can have ended: they are a multiple
 * of 4 bytes long, with "YZ" at the end (xz-file-format.txt 1.0.4, section
 * 2.1.2).  *USED_BYTES is how far its decoder came.
 */
static int find_xz_end(const struct reading *reading, uint64_t start_bytes,
		       uint64_t *used_bytes)
{
	uint64_t end_bytes = *used_bytes / 4 * 4;

	while (end_bytes > 0) {
		size_t length = end_bytes < BLOCK_BYTES ? (size_t)end_bytes :
							  BLOCK_BYTES;
		int error =
			reading->source->read(reading->source->context,
					      start_bytes + end_bytes - length,
					      reading->buffer, length);

		if (error < 0)
			return error;
		end_bytes -= length;
		for (size_t i = length; i > 0; i -= 4) {
			if (memcmp(reading->buffer + i - 2, "YZ", 2) != 0)
				continue;
			*used_bytes = end_bytes + i;
			return 0;
		}
	}
	return -ENOENT;
}

static bool peek(const struct reading *reading, uint64_t offset_bytes,
		 unsigned char *bytes, size_t length)
{
	return offset_bytes <= reading->end_bytes &&
	       length <= reading->end_bytes - offset_bytes &&
	       reading->source->read(reading->source->context, offset_bytes,
				     bytes, length) == 0;
}

/* Passes over a frame of zstd (RFC 8878, section 3.1.1). */
static bool pass_zstd_frame(const struct reading *reading, uint64_t *offset)
{
	static const uint64_t dictionary_bytes[] = { 0, 1, 2, 4 };
	static const uint64_t content_size_bytes[] = { 0, 2, 4, 8 };
	unsigned char head[5], block[3] = { 0 };
	bool is_single_segment;

	if (!peek(reading, *offset, head, sizeof(head)) ||
	    get_le32(head) != ZSTD_MAGIC)
		return false;
	is_single_segment = head[4] & 0x20;
	*offset += sizeof(head) + !is_single_segment +
		   dictionary_bytes[head[4] & 3] +
		   content_size_bytes[head[4] >> 6] +
		   (is_single_segment && head[4] >> 6 == 0);
	while (!(block[0] & 1)) {
		uint64_t length;

		if (!peek(reading, *offset, block, sizeof(block)) ||
		    prep_stop_is_asked(NULL) ||
		    pbf_monotonic_ms() >= reading->give_up_at_ms)
			return false;
		/* One byte stands for all of a block of the type RLE. */
		length = (uint64_t)(get_le16(block) | block[2] << 16) >> 3;
		*offset +=
			sizeof(block) + ((block[0] >> 1 & 3) == 1 ? 1 : length);
	}
	if (head[4] & 4) /* a checksum */
		*offset += 4;
	return *offset <= reading->end_bytes;
}

static int find_zstd_end(const struct reading *reading, uint64_t start_bytes,
			 uint64_t *used_bytes)
{
	uint64_t offset = start_bytes, end = start_bytes;

	while (pass_zstd_frame(reading, &offset))
		end = offset;
	*used_bytes = end - start_bytes;
	return end == start_bytes ? -ENOENT : 0;
}

/* How far the compressed data go; *USED_BYTES is how far its decoder came. */
static int find_end(const struct reading *reading, uint64_t start_bytes,
		    uint64_t *used_bytes)
{
	if (reading->contents.initrd.format == PREP_FORMAT_XZ)
		return find_xz_end(reading, start_bytes, used_bytes);
	if (reading->contents.initrd.format == PREP_FORMAT_ZSTD)
		return find_zstd_end(reading, start_bytes, used_bytes);
	return 0;
}

/*
 * Some decoders fail, and keep back what they have, when something else
 * follows the compressed data.  They get a second chance, with nothing behind
 * it.
 */
static int take_again(struct reading *reading, const struct reading *before,
		      uint64_t start_bytes, uint64_t *used_bytes)
{
	struct pbf_reason why;
	uint64_t end_bytes = *used_bytes;

	if (find_end(reading, start_bytes, &end_bytes) < 0 || end_bytes == 0 ||
	    end_bytes == reading->end_bytes - start_bytes)
		return -EUCLEAN;
	*reading = *before;
	reading->why = &why;
	reading->end_bytes = start_bytes + end_bytes;
	return take_compressed(reading, start_bytes, used_bytes);
}

static int take_part(struct reading *reading, uint64_t start_bytes)
{
	struct reading before = *reading;
	struct pbf_reason first = { .offset_bytes = PBF_REASON_NO_OFFSET };
	uint64_t used_bytes;
	int error;

	reading->why = &first;
	error = take_compressed(reading, start_bytes, &used_bytes);
	if (error == -EUCLEAN &&
	    take_again(reading, &before, start_bytes, &used_bytes) == 0)
		error = 0;
	reading->why = before.why;
	reading->end_bytes = before.end_bytes;
	reading->position_bytes = start_bytes + used_bytes;
	if (error < 0 && reading->why)
		*reading->why = first;
	return error;
}

/* Tells what begins here, which is neither zeroes nor an archive. */
static int choose_format(struct reading *reading, uint64_t offset_bytes)
{
	uint64_t left = reading->end_bytes - offset_bytes;
	unsigned char head[PREP_FORMAT_HEAD_BYTES];
	size_t length = left < sizeof(head) ? (size_t)left : sizeof(head);
	int error = reading->source->read(reading->source->context,
					  offset_bytes, head, length);

	if (error < 0)
		return pbf_refuse(reading->why, error, offset_bytes,
				  "cannot be read: %s", strerror(-error));
	reading->contents.initrd.format = prep_format_detect(head, length);
	if (reading->contents.initrd.format != PREP_FORMAT_NONE)
		return 0;
	if (reading->contents.initrd.members > 0)
		return pbf_refuse(reading->why, -EUCLEAN, offset_bytes,
				  "something follows the cpio archives that is "
				  "not compressed in a way known here");
	return pbf_refuse(reading->why, -EOPNOTSUPP, offset_bytes,
			  "is no initrd: neither a cpio archive nor compressed "
			  "in a way known here");
}

static int take_all(struct reading *reading)
{
	while (reading->position_bytes < reading->end_bytes) {
		uint64_t start_bytes = reading->position_bytes;
		uint64_t taken_before = reading->cpio.taken_bytes;
		const unsigned char *bytes = NULL;
		size_t length = 0, taken = 0;
		int error = read_block(reading, &bytes, &length);

		if (error == 0)
			error = take(reading, bytes, length, &taken);
		/* The reader of archives counts from their beginning. */
		if (error == -EUCLEAN && reading->why)
			reading->why->offset_bytes +=
				start_bytes - taken_before;
		if (error == 0 && taken < length)
			error = choose_format(reading, start_bytes + taken);
		if (error == 0 && taken < length)
			error = take_part(reading, start_bytes + taken);
		if (error < 0)
			return error;
	}
	if (!prep_cpio_is_complete(&reading->cpio))
		return pbf_refuse(reading->why, -EUCLEAN, reading->end_bytes,
				  "the last cpio archive does not end");
	if (reading->contents.initrd.members == 0)
		return pbf_refuse(reading->why, -EOPNOTSUPP, 0,
				  "is no initrd: there is nothing in it");
	return 0;
}

int prep_initrd_read(const struct prep_initrd_source *source,
		     const struct prep_initrd_limits *limits,
		     struct prep_initrd *ret_initrd, struct pbf_reason *why)
{
	static const struct prep_initrd_limits defaults = {
		.members_max = PREP_INITRD_MEMBERS_MAX,
		.unpacked_bytes_max = PREP_INITRD_UNPACKED_MAX,
		.time_ms_max = PREP_INITRD_TIME_MS_MAX,
	};
	_cleanup_reading_ struct reading *reading = calloc(1, sizeof(*reading));
	int error;

	if (!reading)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	reading->source = source;
	reading->limits = limits ? *limits : defaults;
	reading->why = why;
	error = start(reading);
	if (error == 0)
		error = take_all(reading);
	if (error < 0)
		return error;
	*ret_initrd = reading->contents.initrd;
	return 0;
}

const struct prep_initrd_kernel *
prep_initrd_find_kernel(const struct prep_initrd *initrd, const char *version)
{
	for (size_t i = 0; i < initrd->kernel_count; i++)
		if (strcmp(initrd->kernels[i].version, version) == 0)
			return &initrd->kernels[i];
	return NULL;
}
