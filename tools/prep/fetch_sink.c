/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch_sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd_io.h"

#define BUFFER_BYTES (1u << 20)
/* What a file system can leave out is a block; nearly all have this. */
#define HOLE_BYTES 4096u

struct foreign {
	size_t offset;
	const char *magic;
	size_t length;
	const char *what; /* and what to do about it */
};

#define UNPACK "unpack it, and give the image in it"
#define CONVERT "convert it with qemu-img convert -O raw"
#define DOWNLOAD "download the image again"

static const struct foreign foreigners[] = {
	{ 0, "PK\3\4", 4, "a zip archive: " UNPACK },
	{ 0, "PK\5\6", 4, "a zip archive: " UNPACK },
	{ 257, "ustar", 5, "a tar archive: " UNPACK },
	{ 0, "7z\xbc\xaf\x27\x1c", 6, "a 7-Zip archive: " UNPACK },
	{ 0, "Rar!\x1a\7", 6, "a RAR archive: " UNPACK },
	{ 0, "070701", 6, "a cpio archive: " UNPACK },
	{ 0, "070702", 6, "a cpio archive: " UNPACK },
	{ 0, "070707", 6, "a cpio archive: " UNPACK },
	{ 0, "!<arch>\n", 8, "a Debian package or another ar archive" },
	{ 0, "LZIP", 4, "compressed with lzip: decompress it first" },
	{ 0, "\x1f\x9d", 2, "compressed with compress: decompress it first" },
	{ 0, "QFI\xfb", 4, "a qcow2 image: " CONVERT },
	{ 0, "KDMV", 4, "a VMDK image: " CONVERT },
	{ 0, "vhdxfile", 8, "a VHDX image: " CONVERT },
	{ 0, "conectix", 8, "a VHD image: " CONVERT },
	{ 64, "\x7f\x10\xda\xbe", 4, "a VDI image: " CONVERT },
	{ 0, "\x3a\xff\x26\xed", 4,
	  "an Android sparse image: convert it with simg2img" },
	{ 0, "<!DOCTYPE", 9, "a web page: " DOWNLOAD },
	{ 0, "<!doctype", 9, "a web page: " DOWNLOAD },
	{ 0, "<html", 5, "a web page: " DOWNLOAD },
	{ 0, "<?xml", 5, "a web page or other XML: " DOWNLOAD },
};

int prep_refuse_foreign(const unsigned char *head, size_t length,
			struct pbf_reason *why)
{
	const size_t count = sizeof(foreigners) / sizeof(foreigners[0]);

	for (size_t i = 0; i < count; i++) {
		const struct foreign *foreign = &foreigners[i];

		if (length >= foreign->offset + foreign->length &&
		    memcmp(head + foreign->offset, foreign->magic,
			   foreign->length) == 0)
			return pbf_refuse(why, -EOPNOTSUPP, foreign->offset,
					  "is no disk image but %s",
					  foreign->what);
	}
	return 0;
}

int prep_sink_start(struct prep_sink *sink)
{
	sink->buffer = malloc(BUFFER_BYTES);
	if (!sink->buffer)
		return pbf_refuse(sink->why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	return 0;
}

void prep_sink_release(struct prep_sink *sink)
{
	free(sink->buffer);
}

static bool is_zero(const unsigned char *bytes, size_t length)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

/* The end of the run of equally empty or full blocks that begins at START. */
static size_t end_of_run(const struct prep_sink *sink, size_t start,
			 bool *ret_is_hole)
{
	size_t end = start;

	while (end < sink->buffered_bytes) {
		size_t left = sink->buffered_bytes - end;
		size_t part = left < HOLE_BYTES ? left : HOLE_BYTES;
		bool is_hole = is_zero(sink->buffer + end, part);

		if (end == start)
			*ret_is_hole = is_hole;
		else if (is_hole != *ret_is_hole)
			break;
		end += part;
	}
	return end;
}

static int refuse_writing(struct prep_sink *sink, uint64_t offset_bytes,
			  int error)
{
	sink->has_failed = true;
	return pbf_refuse(sink->why, error, offset_bytes,
			  "byte %llu cannot be written: %s",
			  (unsigned long long)offset_bytes, strerror(-error));
}

static int flush(struct prep_sink *sink)
{
	size_t start = 0, end;

	if (sink->size_bytes == 0) {
		int error = prep_refuse_foreign(
			sink->buffer, sink->buffered_bytes, sink->why);

		if (error < 0)
			return error;
	}
	for (; start < sink->buffered_bytes; start = end) {
		bool is_hole = false;
		int error;

		end = end_of_run(sink, start, &is_hole);
		if (is_hole)
			continue;
		error = fd_write_at(sink->fd, sink->size_bytes + start,
				    sink->buffer + start, end - start);
		if (error < 0)
			return refuse_writing(sink, sink->size_bytes + start,
					      error);
	}
	sink->size_bytes += sink->buffered_bytes;
	sink->buffered_bytes = 0;
	return 0;
}

static int check_room(struct prep_sink *sink, uint64_t length)
{
	uint64_t taken = sink->size_bytes + sink->buffered_bytes;

	if (length <= sink->size_bytes_max - taken)
		return 0;
	sink->has_failed = true;
	return pbf_refuse(sink->why, -EFBIG, sink->size_bytes_max,
			  "the image is larger than %llu bytes, which is "
			  "all the space that there is",
			  (unsigned long long)sink->size_bytes_max);
}

int prep_sink_put(struct prep_sink *sink, const void *bytes, size_t length)
{
	const unsigned char *position = bytes;
	int error = check_room(sink, length);

	while (error == 0 && length > 0) {
		size_t part = BUFFER_BYTES - sink->buffered_bytes;

		if (part > length)
			part = length;
		memcpy(sink->buffer + sink->buffered_bytes, position, part);
		sink->buffered_bytes += part;
		position += part;
		length -= part;
		if (sink->buffered_bytes == BUFFER_BYTES)
			error = flush(sink);
	}
	return error;
}

int prep_sink_put_zeroes(struct prep_sink *sink, uint64_t length)
{
	int error = check_room(sink, length);

	if (error == 0 && length > 0)
		error = flush(sink);
	if (error == 0)
		sink->size_bytes += length;
	return error;
}

int prep_sink_finish(struct prep_sink *sink)
{
	int error = flush(sink);

	if (error == 0 && ftruncate(sink->fd, (off_t)sink->size_bytes) < 0)
		error = refuse_writing(sink, sink->size_bytes, -errno);
	return error;
}
