/* SPDX-License-Identifier: BSD-2-Clause */
#include "undo_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <xxhash.h>

#include "bytes.h"
#include "checked.h"
#include "fd_io.h"

#define MAGIC "PBFUNDO1"
#define MAGIC_BYTES 8u
#define BOOT_ID 0x08
#define DEVICE 0x30
#define INODE 0x38
#define OLD_SIZE 0x40
#define NEW_SIZE 0x48
#define RECORDS 0x50
#define FILE_SIZE 0x58
#define HEADER_BYTES 0x60u
#define RECORD_HEADER_BYTES 16u
#define CHECKSUM_BYTES 16u
#define DIGEST_BYTES 8u

#define PIECE UNDO_PIECE_BYTES
#define CHUNK_BYTES (1u << 20) /* a multiple of a piece */
#define CHUNK_DIGESTS (CHUNK_BYTES / PIECE * DIGEST_BYTES)

static void put_le64(unsigned char *p, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		p[i] = (unsigned char)(value >> 8 * i & 0xff);
}

static uint64_t digests_bytes(uint64_t length_bytes)
{
	return div_round_up(length_bytes, PIECE) * DIGEST_BYTES;
}

/* An undo file on its way to or from the disk. */
struct stream {
	int fd;
	uint64_t position_bytes;
	XXH3_state_t *state;	/* of the checksum */
	unsigned char *bytes;	/* CHUNK_BYTES */
	unsigned char *digests; /* CHUNK_DIGESTS */
};

static int start_stream(struct stream *stream, int fd, struct pbf_reason *why)
{
	*stream = (struct stream){
		.fd = fd,
		.state = XXH3_createState(),
		.bytes = malloc(CHUNK_BYTES),
		.digests = malloc(CHUNK_DIGESTS),
	};
	if (!stream->state || !stream->bytes || !stream->digests)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	XXH3_128bits_reset(stream->state);
	return 0;
}

static void end_stream(struct stream *stream)
{
	XXH3_freeState(stream->state);
	free(stream->bytes);
	free(stream->digests);
}
#define _cleanup_stream_ _cleanup_(end_stream)

static void finish_checksum(struct stream *stream,
			    XXH128_canonical_t *ret_checksum)
{
	XXH128_canonicalFromHash(ret_checksum,
				 XXH3_128bits_digest(stream->state));
}

static int put(struct stream *stream, const void *bytes, size_t length,
	       struct pbf_reason *why)
{
	int error =
		fd_write_at(stream->fd, stream->position_bytes, bytes, length);

	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "the undo file cannot be written: %s",
				  strerror(-error));
	XXH3_128bits_update(stream->state, bytes, length);
	stream->position_bytes += length;
	return 0;
}

static int get(struct stream *stream, void *buffer, size_t length,
	       struct pbf_reason *why)
{
	int error =
		fd_read_at(stream->fd, stream->position_bytes, buffer, length);

	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "the undo file cannot be read: %s",
				  strerror(-error));
	XXH3_128bits_update(stream->state, buffer, length);
	stream->position_bytes += length;
	return 0;
}

static int read_range(int fd, uint64_t offset_bytes, unsigned char *buffer,
		      size_t length, struct pbf_reason *why)
{
	int error = fd_read_at(fd, offset_bytes, buffer, length);

	if (error < 0)
		return pbf_refuse(why, error, offset_bytes,
				  "what is to be changed cannot be read: %s",
				  strerror(-error));
	return 0;
}

static int put_old_bytes(struct stream *stream, int image_fd,
			 const struct range *range, uint64_t length_bytes,
			 struct pbf_reason *why)
{
	int error = 0;

	for (uint64_t done = 0; done < length_bytes && error == 0;) {
		uint64_t left = length_bytes - done;
		size_t part = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;

		error = read_range(image_fd, range->offset_bytes + done,
				   stream->bytes, part, why);
		if (error == 0)
			error = put(stream, stream->bytes, part, why);
		done += part;
	}
	return error;
}

static int put_digests(struct stream *stream, const struct range *range,
		       uint64_t length_bytes, struct pbf_reason *why)
{
	int error = 0;

	for (uint64_t done = 0; done < length_bytes && error == 0;) {
		uint64_t left = length_bytes - done;
		size_t part = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;

		error = read_range(range->content_fd,
				   range->content_offset_bytes + done,
				   stream->bytes, part, why);
		for (size_t i = 0; i < part && error == 0; i += PIECE) {
			size_t piece = part - i < PIECE ? part - i : PIECE;

			put_le64(stream->digests + i / PIECE * DIGEST_BYTES,
				 XXH3_64bits(stream->bytes + i, piece));
		}
		if (error == 0)
			error = put(stream, stream->digests,
				    (size_t)digests_bytes(part), why);
		done += part;
	}
	return error;
}

/* How much of a range there is to be undone: nothing beyond the old end. */
static uint64_t recorded_bytes(const struct range *range,
			       uint64_t old_size_bytes)
{
	if (range->offset_bytes >= old_size_bytes)
		return 0;
	if (range->length_bytes < old_size_bytes - range->offset_bytes)
		return range->length_bytes;
	return old_size_bytes - range->offset_bytes;
}

static int put_header(struct stream *stream, const struct undo_header *header,
		      const struct ranges *ranges, struct pbf_reason *why)
{
	unsigned char bytes[HEADER_BYTES] = MAGIC;
	uint64_t records = 0;
	uint64_t file_bytes = HEADER_BYTES + CHECKSUM_BYTES;

	for (size_t i = 0; i < ranges->count; i++) {
		uint64_t length = recorded_bytes(&ranges->items[i],
						 header->old_size_bytes);

		if (length == 0)
			continue;
		records++;
		file_bytes +=
			RECORD_HEADER_BYTES + length + digests_bytes(length);
	}
	memcpy(bytes + BOOT_ID, header->boot_id, UNDO_BOOT_ID_BYTES);
	put_le64(bytes + DEVICE, header->device);
	put_le64(bytes + INODE, header->inode);
	put_le64(bytes + OLD_SIZE, header->old_size_bytes);
	put_le64(bytes + NEW_SIZE, header->new_size_bytes);
	put_le64(bytes + RECORDS, records);
	put_le64(bytes + FILE_SIZE, file_bytes);
	return put(stream, bytes, sizeof(bytes), why);
}

int undo_file_write(int fd, int image_fd, const struct undo_header *header,
		    const struct ranges *ranges, struct pbf_reason *why)
{
	_cleanup_stream_ struct stream stream;
	XXH128_canonical_t checksum;
	int error = start_stream(&stream, fd, why);

	if (error == 0)
		error = put_header(&stream, header, ranges, why);
	for (size_t i = 0; i < ranges->count && error == 0; i++) {
		const struct range *range = &ranges->items[i];
		uint64_t length = recorded_bytes(range, header->old_size_bytes);
		unsigned char bytes[RECORD_HEADER_BYTES];

		if (length == 0)
			continue;
		put_le64(bytes, range->offset_bytes);
		put_le64(bytes + 8, length);
		error = put(&stream, bytes, sizeof(bytes), why);
		if (error == 0)
			error = put_old_bytes(&stream, image_fd, range, length,
					      why);
		if (error == 0)
			error = put_digests(&stream, range, length, why);
	}
	if (error < 0)
		return error;
	finish_checksum(&stream, &checksum);
	return put(&stream, &checksum, sizeof(checksum), why);
}

static int refuse_incomplete(struct pbf_reason *why)
{
	return pbf_refuse(why, -ENODATA, PBF_REASON_NO_OFFSET,
			  "the undo file was not written to its end");
}

/* A crash leaves a part of ours, or zeroes; anything else is not ours. */
static int refuse_foreign(const unsigned char *head, size_t length,
			  struct pbf_reason *why)
{
	static const unsigned char zeroes[MAGIC_BYTES];

	if (length > MAGIC_BYTES)
		length = MAGIC_BYTES;
	if (memcmp(head, MAGIC, length) == 0 ||
	    memcmp(head, zeroes, length) == 0)
		return 0;
	return pbf_refuse(why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
			  "the undo file is something else: move it away");
}

static int get_header(struct stream *stream, uint64_t actual_bytes,
		      struct undo_header *header, struct pbf_reason *why)
{
	unsigned char bytes[HEADER_BYTES] = "";
	size_t length = actual_bytes < sizeof(bytes) ? (size_t)actual_bytes :
						       sizeof(bytes);
	int error = get(stream, bytes, length, why);

	if (error == 0)
		error = refuse_foreign(bytes, length, why);
	if (error < 0)
		return error;
	*header = (struct undo_header){
		.device = get_le64(bytes + DEVICE),
		.inode = get_le64(bytes + INODE),
		.old_size_bytes = get_le64(bytes + OLD_SIZE),
		.new_size_bytes = get_le64(bytes + NEW_SIZE),
		.records = get_le64(bytes + RECORDS),
		.file_bytes = get_le64(bytes + FILE_SIZE),
	};
	memcpy(header->boot_id, bytes + BOOT_ID, UNDO_BOOT_ID_BYTES);
	if (memcmp(bytes, MAGIC, MAGIC_BYTES) != 0 ||
	    actual_bytes < HEADER_BYTES + CHECKSUM_BYTES ||
	    header->file_bytes != actual_bytes)
		return refuse_incomplete(why);
	return 0;
}

int undo_file_check(int fd, struct undo_header *ret_header,
		    struct pbf_reason *why)
{
	_cleanup_stream_ struct stream stream;
	struct undo_header header = { 0 };
	XXH128_canonical_t checksum;
	struct stat st;
	uint64_t end;
	int error = start_stream(&stream, fd, why);

	if (error == 0 && fstat(fd, &st) < 0)
		error = pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				   "the undo file cannot be examined: %s",
				   strerror(errno));
	if (error == 0)
		error = get_header(&stream, (uint64_t)st.st_size, &header, why);
	if (error < 0)
		return error;
	end = header.file_bytes - CHECKSUM_BYTES;
	while (stream.position_bytes < end) {
		uint64_t left = end - stream.position_bytes;

		error = get(&stream, stream.bytes,
			    left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES,
			    why);
		if (error < 0)
			return error;
	}
	finish_checksum(&stream, &checksum);
	error = get(&stream, stream.bytes, CHECKSUM_BYTES, why);
	if (error < 0)
		return error;
	if (memcmp(stream.bytes, &checksum, CHECKSUM_BYTES) != 0)
		return refuse_incomplete(why);
	*ret_header = header;
	return 0;
}

/* What undo_file_each() was asked for. */
struct visit {
	int (*take)(void *context, const struct undo_part *part);
	void *context;
};

/* Hands out the record whose bytes begin here; ends behind its digests. */
static int visit_record(struct stream *stream, uint64_t offset_bytes,
			uint64_t length_bytes, const struct visit *visit,
			struct pbf_reason *why)
{
	uint64_t bytes_at = stream->position_bytes;
	uint64_t digests_at = bytes_at + length_bytes;

	for (uint64_t done = 0; done < length_bytes;) {
		uint64_t left = length_bytes - done;
		size_t part = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
		int error;

		stream->position_bytes = bytes_at + done;
		error = get(stream, stream->bytes, part, why);
		stream->position_bytes =
			digests_at + done / PIECE * DIGEST_BYTES;
		if (error == 0)
			error = get(stream, stream->digests,
				    (size_t)digests_bytes(part), why);
		if (error == 0)
			error = visit->take(
				visit->context,
				&(struct undo_part){ offset_bytes + done,
						     stream->bytes, part,
						     stream->digests });
		if (error != 0)
			return error;
		done += part;
	}
	return 0;
}

int undo_file_each(int fd, const struct undo_header *header,
		   int (*take)(void *context, const struct undo_part *part),
		   void *context, struct pbf_reason *why)
{
	const struct visit visit = { .take = take, .context = context };
	_cleanup_stream_ struct stream stream;
	uint64_t end = header->file_bytes - CHECKSUM_BYTES;
	int error = start_stream(&stream, fd, why);

	stream.position_bytes = HEADER_BYTES;
	for (uint64_t i = 0; i < header->records && error == 0; i++) {
		unsigned char bytes[RECORD_HEADER_BYTES];
		uint64_t offset, length, image_end;

		error = get(&stream, bytes, sizeof(bytes), why);
		if (error < 0)
			return error;
		offset = get_le64(bytes);
		length = get_le64(bytes + 8);
		if (length > end || stream.position_bytes > end - length ||
		    digests_bytes(length) >
			    end - length - stream.position_bytes ||
		    !checked_add(offset, length, &image_end) ||
		    image_end > header->old_size_bytes)
			return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
					  "the undo file contradicts itself in "
					  "record %llu",
					  (unsigned long long)i);
		error = visit_record(&stream, offset, length, &visit, why);
	}
	return error;
}

int undo_piece_is_new(const unsigned char *bytes, size_t length,
		      const unsigned char digest[8])
{
	return get_le64(digest) == XXH3_64bits(bytes, length);
}
