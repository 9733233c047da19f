/* SPDX-License-Identifier: BSD-2-Clause */
#include "decoder.h"

#include <errno.h>
#include <stdlib.h>

#include "packed.h"
#include "unit.h"

#define SIZE 700000u

static unsigned char content[SIZE];

/* Hands out what is packed, in pieces. */
struct pieces {
	const struct packed *packed;
	size_t position;
	size_t at_most;
	size_t fail_at;	 /* 0: never */
	bool is_damaged; /* not compared */
};

static int next_piece(void *context, const unsigned char **ret_bytes,
		      size_t *ret_length)
{
	struct pieces *pieces = context;
	size_t length = pieces->packed->length - pieces->position;

	if (pieces->fail_at != 0 && pieces->position >= pieces->fail_at)
		return -EREMOTEIO;
	if (length > pieces->at_most)
		length = pieces->at_most;
	*ret_bytes = pieces->packed->bytes + pieces->position;
	*ret_length = length;
	pieces->position += length;
	return 0;
}

/* What comes of decompressing; its bytes are compared on the way. */
struct outcome {
	int error;
	size_t length;
	uint64_t consumed;
	struct pbf_reason why;
};

static struct outcome decode(enum prep_format format, struct pieces *pieces)
{
	const struct prep_feed feed = { .next = next_piece, .context = pieces };
	_cleanup_decoder_ struct prep_decoder *decoder = NULL;
	struct outcome outcome = { .why = { .text = "" } };
	size_t length = 1;

	outcome.error = prep_decoder_new(format, &feed, &decoder, &outcome.why);
	while (outcome.error == 0 && length > 0) {
		const unsigned char *bytes;

		outcome.error = prep_decoder_next(decoder, &bytes, &length,
						  &outcome.why);
		if (outcome.error < 0)
			break;
		for (size_t i = 0; i < length && !pieces->is_damaged; i++)
			if (bytes[i] != content[(outcome.length + i) % SIZE])
				fail_msg("byte %zu differs",
					 outcome.length + i);
		outcome.length += length;
	}
	if (decoder)
		outcome.consumed = prep_decoder_consumed(decoder);
	return outcome;
}

static struct outcome decode_packed(enum prep_format format,
				    const struct packed *packed)
{
	return decode(format,
		      &(struct pieces){ .packed = packed, .at_most = 100000 });
}

static int setup_content(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < SIZE; i++) {
		random = random * 1664525 + 1013904223;
		content[i] = (unsigned char)(random >> 28);
	}
	return 0;
}

static const enum prep_format formats[] = {
	PREP_FORMAT_BZIP2, PREP_FORMAT_GZIP, PREP_FORMAT_LZ4,
	PREP_FORMAT_LZMA,  PREP_FORMAT_XZ,   PREP_FORMAT_ZSTD,
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

TEST(every_format_is_recognized_and_decompressed)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct outcome outcome;

		packed_compress(&packed, formats[i], content, SIZE);
		assert_int_equal(
			prep_format_detect(packed.bytes, packed.length),
			formats[i]);
		outcome = decode_packed(formats[i], &packed);
		assert_int_equal(outcome.error, 0);
		assert_int_equal(outcome.length, SIZE);
		assert_int_equal(outcome.consumed, packed.length);
	}
}

TEST(what_is_not_compressed_has_no_format)
{
	assert_int_equal(prep_format_detect(content, SIZE), PREP_FORMAT_NONE);
	assert_int_equal(prep_format_detect(content, 0), PREP_FORMAT_NONE);
	assert_int_equal(
		prep_format_detect((const unsigned char *)"\x1f\x8b", 2),
		PREP_FORMAT_NONE);
	assert_int_equal(
		prep_format_detect((const unsigned char *)"\x1f\x8b\x08", 3),
		PREP_FORMAT_GZIP);
}

TEST(formats_have_names)
{
	assert_string_equal(prep_format_name(PREP_FORMAT_NONE), "raw");
	assert_string_equal(prep_format_name(PREP_FORMAT_ZSTD), "zstd");
}

TEST(pieces_of_one_byte_will_do)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct outcome outcome;

		packed_compress(&packed, formats[i], content, 5000);
		outcome =
			decode(formats[i], &(struct pieces){ .packed = &packed,
							     .at_most = 1 });
		assert_int_equal(outcome.error, 0);
		assert_int_equal(outcome.length, 5000);
	}
}

TEST(nothing_compressed_is_nothing)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct outcome outcome;

		if (formats[i] == PREP_FORMAT_LZ4)
			continue; /* libarchive crashes when making it */
		packed_compress(&packed, formats[i], content, 0);
		outcome = decode_packed(formats[i], &packed);
		assert_int_equal(outcome.error, 0);
		assert_int_equal(outcome.length, 0);
	}
}

TEST(streams_that_follow_each_other_are_one)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct outcome outcome;

		if (formats[i] == PREP_FORMAT_LZMA)
			continue; /* it cannot tell where the next begins */
		packed_compress(&packed, formats[i], content, SIZE);
		packed_compress(&packed, formats[i], content, SIZE);
		outcome = decode_packed(formats[i], &packed);
		assert_int_equal(outcome.error, 0);
		assert_int_equal(outcome.length, 2 * SIZE);
	}
}

static void assert_incomplete(enum prep_format format,
			      const struct packed *packed, size_t length)
{
	const struct packed part = { packed->bytes, length };
	struct outcome outcome = decode_packed(format, &part);

	assert_int_equal(outcome.error, -EUCLEAN);
	assert_reason(outcome.why, length, "end too early");
}

TEST(data_that_end_too_early_are_incomplete)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };

		packed_compress(&packed, formats[i], content, SIZE);
		assert_incomplete(formats[i], &packed, packed.length - 1);
		assert_incomplete(formats[i], &packed, packed.length - 7);
		assert_incomplete(formats[i], &packed, packed.length - 1000);
	}
}

TEST(data_that_are_damaged_say_where)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct outcome outcome;

		packed_compress(&packed, formats[i], content, SIZE);
		/* Much, as libarchive makes zstd frames without a checksum. */
		memset(packed.bytes + packed.length / 3, 0xff,
		       packed.length / 2);
		outcome = decode(formats[i],
				 &(struct pieces){ .packed = &packed,
						   .at_most = 100000,
						   .is_damaged = true });
		assert_int_equal(outcome.error, -EUCLEAN);
		if (!strstr(outcome.why.text, "damaged"))
			fail_msg("%s", outcome.why.text);
		assert_in_range(outcome.why.offset_bytes, 1, packed.length);
	}
}

/* libarchive does not look at it, so this is the reason to have zlib. */
TEST(a_wrong_checksum_of_gzip_is_noticed)
{
	_cleanup_packed_ struct packed packed = { 0 };
	struct outcome outcome;

	packed_compress(&packed, PREP_FORMAT_GZIP, content, SIZE);
	packed.bytes[packed.length - 8] ^= 1;
	outcome = decode_packed(PREP_FORMAT_GZIP, &packed);
	assert_int_equal(outcome.error, -EUCLEAN);
	packed.bytes[packed.length - 8] ^= 1;
	packed.bytes[packed.length - 4] ^= 1; /* the length */
	outcome = decode_packed(PREP_FORMAT_GZIP, &packed);
	assert_int_equal(outcome.error, -EUCLEAN);
}

TEST(what_follows_a_stream_is_not_consumed)
{
	const enum prep_format tolerant[] = { PREP_FORMAT_BZIP2,
					      PREP_FORMAT_GZIP };

	for (size_t i = 0; i < 2; i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct outcome outcome;
		size_t length;

		packed_compress(&packed, tolerant[i], content, SIZE);
		length = packed.length;
		packed_add(&packed, "something else", 14);
		outcome = decode_packed(tolerant[i], &packed);
		assert_int_equal(outcome.error, 0);
		assert_int_equal(outcome.length, SIZE);
		assert_int_equal(outcome.consumed, length);
	}
}

TEST(what_follows_a_frame_of_zstd_is_said_to_follow)
{
	_cleanup_packed_ struct packed packed = { 0 };
	struct outcome outcome;
	size_t length;

	packed_compress(&packed, PREP_FORMAT_ZSTD, content, SIZE);
	length = packed.length;
	packed_add(&packed, "something else", 14);
	outcome = decode_packed(PREP_FORMAT_ZSTD, &packed);
	assert_int_equal(outcome.error, -EUCLEAN);
	assert_int_equal(outcome.consumed, length);
}

TEST(what_is_compressed_twice_is_refused)
{
	_cleanup_packed_ struct packed once = { 0 }, twice = { 0 };
	struct outcome outcome;

	packed_compress(&once, PREP_FORMAT_XZ, content, SIZE);
	packed_compress(&twice, PREP_FORMAT_XZ, once.bytes, once.length);
	outcome = decode_packed(PREP_FORMAT_XZ, &twice);
	assert_int_equal(outcome.error, -EOPNOTSUPP);
	assert_reason(outcome.why, 0, "compressed twice");
}

TEST(what_libarchive_would_start_a_program_for_is_refused)
{
	static const char lzop[] = "\x89LZO\0\r\n\x1a\n";
	_cleanup_packed_ struct packed packed = { 0 };
	struct outcome outcome;

	packed_add(&packed, lzop, sizeof(lzop) - 1);
	assert_int_equal(prep_format_detect(packed.bytes, packed.length),
			 PREP_FORMAT_LZOP);
	outcome = decode_packed(PREP_FORMAT_LZOP, &packed);
	if (outcome.error == -EUCLEAN) {
		print_message("libarchive knows lzop here\n");
		skip();
	}
	assert_int_equal(outcome.error, -EOPNOTSUPP);
	assert_reason(outcome.why, PBF_REASON_NO_OFFSET, "lzop");
}

TEST(an_error_of_the_source_comes_through)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct outcome outcome;

		packed_compress(&packed, formats[i], content, SIZE);
		outcome = decode(formats[i],
				 &(struct pieces){ .packed = &packed,
						   .at_most = 1000,
						   .fail_at = 50000 });
		assert_int_equal(outcome.error, -EREMOTEIO);
	}
}

TEST(freeing_nothing_is_allowed)
{
	prep_decoder_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_is_recognized_and_decompressed),
		cmocka_unit_test(what_is_not_compressed_has_no_format),
		cmocka_unit_test(formats_have_names),
		cmocka_unit_test(pieces_of_one_byte_will_do),
		cmocka_unit_test(nothing_compressed_is_nothing),
		cmocka_unit_test(streams_that_follow_each_other_are_one),
		cmocka_unit_test(data_that_end_too_early_are_incomplete),
		cmocka_unit_test(data_that_are_damaged_say_where),
		cmocka_unit_test(a_wrong_checksum_of_gzip_is_noticed),
		cmocka_unit_test(what_follows_a_stream_is_not_consumed),
		cmocka_unit_test(
			what_follows_a_frame_of_zstd_is_said_to_follow),
		cmocka_unit_test(what_is_compressed_twice_is_refused),
		cmocka_unit_test(
			what_libarchive_would_start_a_program_for_is_refused),
		cmocka_unit_test(an_error_of_the_source_comes_through),
		cmocka_unit_test(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, setup_content, NULL);
}
