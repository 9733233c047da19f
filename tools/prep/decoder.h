/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One compressed stream, decompressed piece by piece: the formats images and
 * initrds come in.  libarchive does the work, except for gzip: libarchive does
 * not compare the checksum at the end of a gzip member, so zlib does that.
 */
#ifndef PREP_DECODER_H
#define PREP_DECODER_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "reason.h"

enum prep_format {
	PREP_FORMAT_NONE, /* not compressed, or in no way known here */
	PREP_FORMAT_BZIP2,
	PREP_FORMAT_GZIP,
	PREP_FORMAT_LZ4, /* also the legacy frames that Linux wants */
	PREP_FORMAT_LZMA,
	PREP_FORMAT_LZOP,
	PREP_FORMAT_XZ,
	PREP_FORMAT_ZSTD,
};

/* What tells them apart needs no more bytes than this. */
#define PREP_FORMAT_HEAD_BYTES 16u

enum prep_format prep_format_detect(const unsigned char *head, size_t length);

/* As people write it: "xz". */
const char *prep_format_name(enum prep_format format);

/* Where the compressed bytes come from. */
struct prep_feed {
	/*
	 * Lends the next bytes until the next call; none at the end.  0, or a
	 * negative errno, which becomes that of the decoder; it fills in WHY
	 * by itself.
	 */
	int (*next)(void *context, const unsigned char **ret_bytes,
		    size_t *ret_length);
	void *context;
};

struct prep_decoder;

/*
 * FORMAT is not PREP_FORMAT_NONE.  -EOPNOTSUPP when this libarchive cannot
 * decompress it by itself (no other program is ever started), -ENOMEM.  The
 * caller frees it.
 */
int prep_decoder_new(enum prep_format format, const struct prep_feed *feed,
		     struct prep_decoder **ret_decoder, struct pbf_reason *why);
void prep_decoder_free(struct prep_decoder *decoder);

/*
 * Lends the next decompressed bytes until the next call; none at the end,
 * which is that of the last stream when several of one format follow each
 * other.  -EUCLEAN when the data are damaged or end too early, WHY has the
 * offset in the source; -EOPNOTSUPP when they are compressed twice; -ENOMEM;
 * and what the feed gave.
 */
int prep_decoder_next(struct prep_decoder *decoder,
		      const unsigned char **ret_bytes, size_t *ret_length,
		      struct pbf_reason *why);

/* How many bytes of what was fed have been used up. */
uint64_t prep_decoder_consumed(const struct prep_decoder *decoder);

static inline void prep_decoder_free_pointer(struct prep_decoder **decoder)
{
	prep_decoder_free(*decoder);
}
#define _cleanup_decoder_ _cleanup_(prep_decoder_free_pointer)

#endif
