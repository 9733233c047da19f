/* SPDX-License-Identifier: BSD-2-Clause */
#include "packed.h"

#include <stdio.h>
#include <stdlib.h>

#include <archive.h>
#include <archive_entry.h>

#include "unit.h"

void packed_free(struct packed *packed)
{
	free(packed->bytes);
	*packed = (struct packed){ 0 };
}

void packed_add(struct packed *packed, const void *bytes, size_t length)
{
	packed->bytes = realloc(packed->bytes, packed->length + length + 1);
	assert_non_null(packed->bytes);
	if (length > 0)
		memcpy(packed->bytes + packed->length, bytes, length);
	packed->length += length;
}

void packed_add_zeroes(struct packed *packed, size_t length)
{
	void *zeroes = calloc(1, length + 1);

	assert_non_null(zeroes);
	packed_add(packed, zeroes, length);
	free(zeroes);
}

static la_ssize_t take(struct archive *archive, void *context,
		       const void *bytes, size_t length)
{
	(void)archive;
	packed_add(context, bytes, length);
	return (la_ssize_t)length;
}

static void add_filter(struct archive *archive, enum prep_format format)
{
	int (*const filters[])(struct archive *) = {
		[PREP_FORMAT_BZIP2] = archive_write_add_filter_bzip2,
		[PREP_FORMAT_GZIP] = archive_write_add_filter_gzip,
		[PREP_FORMAT_LZ4] = archive_write_add_filter_lz4,
		[PREP_FORMAT_LZMA] = archive_write_add_filter_lzma,
		[PREP_FORMAT_XZ] = archive_write_add_filter_xz,
		[PREP_FORMAT_ZSTD] = archive_write_add_filter_zstd,
	};

	assert_int_equal(filters[format](archive), ARCHIVE_OK);
}

void packed_compress(struct packed *packed, enum prep_format format,
		     const void *bytes, size_t length)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	add_filter(archive, format);
	assert_int_equal(archive_write_set_format_raw(archive), ARCHIVE_OK);
	/* What is written is not padded to blocks of a tape. */
	archive_write_set_bytes_per_block(archive, 0);
	assert_int_equal(archive_write_open(archive, packed, NULL, take, NULL),
			 ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, bytes, length), length);
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_entry_free(entry);
	archive_write_free(archive);
}

void packed_cpio(struct packed *packed, const char *name, unsigned int mode,
		 const char *content)
{
	size_t name_bytes = strlen(name) + 1, length = strlen(content);
	char header[160]; /* of which 110 are used */

	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
		 1u, mode, 0u, 0u, 1u, 0u, length, 0u, 0u, 0u, 0u, name_bytes,
		 0u);
	packed_add(packed, header, 110);
	packed_add(packed, name, name_bytes);
	packed_add_zeroes(packed, -(110 + name_bytes) & 3);
	packed_add(packed, content, length);
	packed_add_zeroes(packed, -length & 3);
}

void packed_cpio_end(struct packed *packed)
{
	packed_cpio(packed, "TRAILER!!!", 0, "");
}
