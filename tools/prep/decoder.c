/* SPDX-License-Identifier: BSD-2-Clause */
#include "decoder.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#define ZLIB_CONST
#include <zlib.h>

#include "bytes.h"

#define INFLATED_BYTES (256u << 10)
/* inflateInit2(): the largest window, and a gzip header, nothing else */
#define GZIP_WINDOW_BITS (15 + 16)
#define GZIP_FIRST_BYTE 0x1f
/* The xz file format, 2.1.1 and 2.1.2. */
#define XZ_HEADER_MAGIC \
	"\xfd"          \
	"7zXZ"
#define XZ_HEADER_BYTES 12u
#define XZ_FOOTER_BYTES 12u
/* As much as libarchive has to see to call the end of xz data an end. */
#define TAIL_BYTES (2 * (XZ_FOOTER_BYTES + XZ_HEADER_BYTES))

struct format {
	const char *name;
	const char *magic;
	size_t magic_bytes;
	int (*support)(struct archive *archive); /* NULL: not by libarchive */
};

static const struct format formats[] = {
	[PREP_FORMAT_NONE] = { "raw", "", 0, NULL },
	[PREP_FORMAT_BZIP2] = { "bzip2", "BZh", 3,
				archive_read_support_filter_bzip2 },
	[PREP_FORMAT_GZIP] = { "gzip", "\x1f\x8b\x08", 3, NULL },
	[PREP_FORMAT_LZ4] = { "lz4", "\x04\x22\x4d\x18", 4,
			      archive_read_support_filter_lz4 },
	[PREP_FORMAT_LZMA] = { "lzma", "\x5d\0\0", 3,
			       archive_read_support_filter_lzma },
	[PREP_FORMAT_LZOP] = { "lzop", "\x89LZO\0\r\n\x1a\n", 9,
			       archive_read_support_filter_lzop },
	[PREP_FORMAT_XZ] = { "xz", XZ_HEADER_MAGIC, 6,
			     archive_read_support_filter_xz },
	[PREP_FORMAT_ZSTD] = { "zstd", "\x28\xb5\x2f\xfd", 4,
			       archive_read_support_filter_zstd },
};
#define LZ4_LEGACY_MAGIC "\x02\x21\x4c\x18"

struct prep_decoder {
	enum prep_format format;
	struct prep_feed feed;
	int feed_error;
	bool feed_ended;
	uint64_t fed_bytes;
	const unsigned char *chunk; /* what was fed last */
	size_t chunk_length;
	unsigned char tail[TAIL_BYTES]; /* the end of what was before it */
	size_t tail_length;
	struct archive *archive; /* NULL for gzip */
	bool is_open;
	z_stream stream;
	bool in_member; /* of a gzip file */
	unsigned char *inflated;
};

enum prep_format prep_format_detect(const unsigned char *head, size_t length)
{
	const size_t count = sizeof(formats) / sizeof(formats[0]);

	if (length >= 4 && memcmp(head, LZ4_LEGACY_MAGIC, 4) == 0)
		return PREP_FORMAT_LZ4;
	for (size_t i = PREP_FORMAT_NONE + 1; i < count; i++)
		if (length >= formats[i].magic_bytes &&
		    memcmp(head, formats[i].magic, formats[i].magic_bytes) == 0)
			return (enum prep_format)i;
	return PREP_FORMAT_NONE;
}

const char *prep_format_name(enum prep_format format)
{
	return formats[format].name;
}

/* Keeps the end of what was fed last, which is lent no longer. */
static void keep_tail(struct prep_decoder *decoder)
{
	size_t length = decoder->chunk_length;

	if (length == 0)
		return;
	decoder->tail_length = length < TAIL_BYTES ? length : TAIL_BYTES;
	memcpy(decoder->tail, decoder->chunk + length - decoder->tail_length,
	       decoder->tail_length);
}

static int feed(struct prep_decoder *decoder, const unsigned char **ret_bytes,
		size_t *ret_length)
{
	int error;

	keep_tail(decoder);
	decoder->chunk_length = 0;
	error = decoder->feed.next(decoder->feed.context, ret_bytes,
				   ret_length);
	decoder->feed_error = error;
	if (error < 0)
		return error;
	decoder->fed_bytes += *ret_length;
	decoder->feed_ended = *ret_length == 0;
	decoder->chunk = *ret_bytes;
	decoder->chunk_length = *ret_length;
	return 0;
}

static la_ssize_t feed_archive(struct archive *archive, void *context,
			       const void **ret_bytes)
{
	const unsigned char *bytes = NULL;
	size_t length = 0;
	int error = feed(context, &bytes, &length);

	if (error < 0) {
		archive_set_error(archive, -error, "%s", strerror(-error));
		return -1;
	}
	*ret_bytes = bytes;
	return (la_ssize_t)length;
}

static bool is_xz_footer(const unsigned char *bytes)
{
	return bytes[10] == 'Y' && bytes[11] == 'Z' &&
	       get_le32(bytes) == crc32(0, bytes + 4, 6);
}

/* Whether bytes that follow xz data are neither padding nor more of them. */
static bool is_junk(const unsigned char *bytes, size_t length)
{
	const size_t magic_length = strlen(XZ_HEADER_MAGIC) + 1;

	while (length > 0 && *bytes == 0) {
		bytes++;
		length--;
	}
	return length > 0 &&
	       memcmp(bytes, XZ_HEADER_MAGIC,
		      length < magic_length ? length : magic_length) != 0;
}

/*
 * Whether what does not decompress is something behind the end of xz data.
 * libarchive takes it for more of them.
 */
static bool find_xz_end(const struct prep_decoder *decoder,
			uint64_t *ret_end_bytes)
{
	bool is_tail = decoder->chunk_length == 0;
	const unsigned char *bytes = is_tail ? decoder->tail : decoder->chunk;
	size_t left = is_tail ? decoder->tail_length : decoder->chunk_length;

	if (decoder->format != PREP_FORMAT_XZ)
		return false;
	for (; left > XZ_FOOTER_BYTES; bytes++, left--)
		if (is_xz_footer(bytes) &&
		    is_junk(bytes + XZ_FOOTER_BYTES, left - XZ_FOOTER_BYTES)) {
			*ret_end_bytes =
				decoder->fed_bytes - left + XZ_FOOTER_BYTES;
			return true;
		}
	return false;
}

/* What a failed decompression means.  DETAIL is what the library said. */
static int refuse(const struct prep_decoder *decoder, const char *detail,
		  struct pbf_reason *why)
{
	const char *name = formats[decoder->format].name;
	uint64_t offset = prep_decoder_consumed(decoder);

	if (decoder->feed_error < 0)
		return decoder->feed_error;
	if (find_xz_end(decoder, &offset))
		return pbf_refuse(why, -EUCLEAN, offset,
				  "the %s data end at byte %llu, and something "
				  "else follows",
				  name, (unsigned long long)offset);
	if (decoder->feed_ended)
		return pbf_refuse(why, -EUCLEAN, decoder->fed_bytes,
				  "the %s data end too early, after %llu "
				  "bytes: they are incomplete or damaged",
				  name, (unsigned long long)decoder->fed_bytes);
	return pbf_refuse(why, -EUCLEAN, offset,
			  "the %s data are damaged near byte %llu: %s", name,
			  (unsigned long long)offset,
			  detail ? detail : "they do not decompress");
}

static int refuse_archive(struct prep_decoder *decoder, struct pbf_reason *why)
{
	if (archive_errno(decoder->archive) == ENOMEM)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	return refuse(decoder, archive_error_string(decoder->archive), why);
}

static int open_archive(struct prep_decoder *decoder, struct pbf_reason *why)
{
	const struct format *format = &formats[decoder->format];

	decoder->archive = archive_read_new();
	if (!decoder->archive ||
	    archive_read_support_format_raw(decoder->archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(decoder->archive) != ARCHIVE_OK)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	/* ARCHIVE_WARN means that it would start a program for it. */
	if (format->support(decoder->archive) != ARCHIVE_OK)
		return pbf_refuse(why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
				  "%s data cannot be decompressed: libarchive "
				  "was built without that",
				  format->name);
	return 0;
}

int prep_decoder_new(enum prep_format format, const struct prep_feed *from,
		     struct prep_decoder **ret_decoder, struct pbf_reason *why)
{
	_cleanup_decoder_ struct prep_decoder *decoder =
		calloc(1, sizeof(*decoder));
	int error = 0;

	assert(format != PREP_FORMAT_NONE);
	if (!decoder)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	decoder->format = format;
	decoder->feed = *from;
	if (format == PREP_FORMAT_GZIP) {
		decoder->inflated = malloc(INFLATED_BYTES);
		if (!decoder->inflated ||
		    inflateInit2(&decoder->stream, GZIP_WINDOW_BITS) != Z_OK)
			error = pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
					   "out of memory");
	} else {
		error = open_archive(decoder, why);
	}
	if (error < 0)
		return error;
	*ret_decoder = decoder;
	decoder = NULL;
	return 0;
}

void prep_decoder_free(struct prep_decoder *decoder)
{
	if (!decoder)
		return;
	if (decoder->format == PREP_FORMAT_GZIP)
		inflateEnd(&decoder->stream);
	archive_read_free(decoder->archive);
	free(decoder->inflated);
	free(decoder);
}

/* Reads the archive's only entry, the decompressed data. */
static int next_of_archive(struct prep_decoder *decoder,
			   const unsigned char **ret_bytes, size_t *ret_length,
			   struct pbf_reason *why)
{
	const void *bytes = NULL;
	la_int64_t offset;
	int result = ARCHIVE_OK;

	*ret_length = 0;
	if (!decoder->is_open) {
		struct archive_entry *entry;

		decoder->is_open = true;
		result = archive_read_open(decoder->archive, decoder, NULL,
					   feed_archive, NULL);
		if (result == ARCHIVE_OK)
			result = archive_read_next_header(decoder->archive,
							  &entry);
		/* The filter, and what reads the source: two, unless ... */
		if (result == ARCHIVE_OK &&
		    archive_filter_count(decoder->archive) > 2)
			return pbf_refuse(why, -EOPNOTSUPP, 0,
					  "is compressed twice over");
	}
	while (result == ARCHIVE_OK && *ret_length == 0)
		result = archive_read_data_block(decoder->archive, &bytes,
						 ret_length, &offset);
	*ret_bytes = bytes;
	if (result == ARCHIVE_EOF)
		*ret_length = 0;
	if (result == ARCHIVE_OK || result == ARCHIVE_EOF)
		return 0;
	return refuse_archive(decoder, why);
}

static int feed_zlib(struct prep_decoder *decoder)
{
	z_stream *stream = &decoder->stream;
	size_t length = 0;
	int error;

	if (stream->avail_in > 0 || decoder->feed_ended)
		return 0;
	error = feed(decoder, &stream->next_in, &length);
	if (error == 0)
		stream->avail_in = (uInt)length;
	return error;
}

static int next_of_zlib(struct prep_decoder *decoder,
			const unsigned char **ret_bytes, size_t *ret_length,
			struct pbf_reason *why)
{
	z_stream *stream = &decoder->stream;

	*ret_bytes = decoder->inflated;
	*ret_length = 0;
	while (*ret_length == 0) {
		int result = feed_zlib(decoder);

		if (result < 0)
			return result;
		if (!decoder->in_member) {
			if (stream->avail_in == 0 ||
			    *stream->next_in != GZIP_FIRST_BYTE)
				return 0; /* the last member has ended */
			inflateReset(stream);
			decoder->in_member = true;
		}
		stream->next_out = decoder->inflated;
		stream->avail_out = INFLATED_BYTES;
		result = inflate(stream, Z_NO_FLUSH);
		*ret_length = INFLATED_BYTES - stream->avail_out;
		if (result == Z_STREAM_END)
			decoder->in_member = false;
		else if (result == Z_MEM_ERROR)
			return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
					  "out of memory");
		else if ((result != Z_OK && result != Z_BUF_ERROR) ||
			 (*ret_length == 0 && decoder->feed_ended))
			return refuse(decoder, stream->msg, why);
	}
	return 0;
}

int prep_decoder_next(struct prep_decoder *decoder,
		      const unsigned char **ret_bytes, size_t *ret_length,
		      struct pbf_reason *why)
{
	if (decoder->format == PREP_FORMAT_GZIP)
		return next_of_zlib(decoder, ret_bytes, ret_length, why);
	return next_of_archive(decoder, ret_bytes, ret_length, why);
}

uint64_t prep_decoder_consumed(const struct prep_decoder *decoder)
{
	la_int64_t position;

	if (decoder->format == PREP_FORMAT_GZIP)
		return decoder->fed_bytes - decoder->stream.avail_in;
	position = archive_filter_bytes(decoder->archive, -1);
	/* A filter that fails at once leaves no position behind. */
	return position < 0 ? decoder->fed_bytes : (uint64_t)position;
}
