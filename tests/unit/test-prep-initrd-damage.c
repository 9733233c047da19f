/* SPDX-License-Identifier: BSD-2-Clause */
/* Initrds that are damaged, hostile or put together in odd ways. */
#include "initrd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <xxhash.h>

#include "initrd-bench.h"
#include "unit.h"

#define FILE_MODE (S_IFREG | 0644)

static void assert_error(struct initrd_outcome outcome, int error,
			 uint64_t offset, const char *words)
{
	assert_int_equal(outcome.error, error);
	assert_reason(outcome.why, offset, words);
}

static void assert_refused(struct packed *packed, int error, uint64_t offset,
			   const char *words)
{
	assert_error(initrd_look(packed, NULL), error, offset, words);
}

static void add_archive(struct packed *packed, const char *name)
{
	packed_cpio(packed, name, FILE_MODE, "some content");
	packed_cpio_end(packed);
}

static const enum prep_format formats[] = {
	PREP_FORMAT_BZIP2, PREP_FORMAT_GZIP, PREP_FORMAT_LZ4,
	PREP_FORMAT_XZ,	   PREP_FORMAT_ZSTD,
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static void add_compressed(struct packed *packed, enum prep_format format)
{
	_cleanup_packed_ struct packed archive = { 0 };

	add_archive(&archive, "init");
	packed_compress(packed, format, archive.bytes, archive.length);
}

TEST(nothing_is_no_initrd)
{
	_cleanup_packed_ struct packed packed = { 0 };

	packed_add(&packed, "", 0);
	assert_refused(&packed, -EOPNOTSUPP, 0, "there is nothing in it");
	packed_add_zeroes(&packed, 1000000);
	assert_refused(&packed, -EOPNOTSUPP, 0, "there is nothing in it");
	packed_cpio_end(&packed);
	assert_refused(&packed, -EOPNOTSUPP, 0, "there is nothing in it");
}

TEST(something_else_is_no_initrd)
{
	_cleanup_packed_ struct packed packed = { 0 };

	packed_add(&packed, "#!/bin/sh\n", 10);
	assert_refused(&packed, -EOPNOTSUPP, 0, "neither a cpio archive nor");
	packed.length = 1;
	assert_refused(&packed, -EOPNOTSUPP, 0, "neither a cpio archive nor");
}

TEST(something_else_behind_an_archive_is_malformed)
{
	_cleanup_packed_ struct packed packed = { 0 };
	size_t end;

	add_archive(&packed, "init");
	packed_add_zeroes(&packed, 512);
	end = packed.length;
	packed_add(&packed, "what is this?", 13);
	assert_refused(&packed, -EUCLEAN, end, "something follows");
}

TEST(an_archive_that_is_cut_off_is_malformed)
{
	_cleanup_packed_ struct packed packed = { 0 };

	add_archive(&packed, "init");
	while (--packed.length > 0)
		assert_refused(&packed, -EUCLEAN, packed.length,
			       "does not end");
}

TEST(compressed_data_that_are_cut_off_are_malformed)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };

		add_archive(&packed, "early");
		add_compressed(&packed, formats[i]);
		packed.length -= 1;
		assert_refused(&packed, -EUCLEAN, packed.length,
			       "end too early");
		packed.length -= 20;
		assert_refused(&packed, -EUCLEAN, packed.length,
			       "end too early");
	}
}

TEST(damage_is_said_to_be_where_it_is)
{
	_cleanup_packed_ struct packed packed = { 0 };
	struct initrd_outcome outcome;
	size_t start;

	add_archive(&packed, "early");
	packed_add_zeroes(&packed, 4096);
	start = packed.length;
	add_compressed(&packed, PREP_FORMAT_GZIP);
	packed.bytes[packed.length - 8] ^= 1; /* the checksum */
	outcome = initrd_look(&packed, NULL);
	assert_int_equal(outcome.error, -EUCLEAN);
	assert_in_range(outcome.why.offset_bytes, start, packed.length);
	packed.bytes[start - 4096 - 124] = 'x'; /* the trailer's header */
	assert_refused(&packed, -EUCLEAN, start - 4096 - 124,
		       "should be a cpio header");
}

TEST(what_is_compressed_has_to_be_archives)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		_cleanup_packed_ struct packed archive = { 0 };
		size_t start, end;

		add_archive(&packed, "early");
		start = packed.length;
		packed_compress(&packed, formats[i], "some text", 9);
		assert_refused(&packed, -EUCLEAN, start, "something else than");
		packed.length = start;
		packed_cpio(&archive, "init", FILE_MODE, "no end");
		packed_compress(&packed, formats[i], archive.bytes,
				archive.length);
		assert_refused(&packed, -EUCLEAN, start, "does not end");
		packed.length = start;
		end = archive.length;
		packed_cpio(&archive, "second", FILE_MODE, "");
		archive.bytes[end] = 'x';
		packed_compress(&packed, formats[i], archive.bytes,
				archive.length);
		assert_refused(&packed, -EUCLEAN, start, "be a cpio header");
	}
}

static const struct prep_initrd_limits defaults = {
	.members_max = PREP_INITRD_MEMBERS_MAX,
	.unpacked_bytes_max = PREP_INITRD_UNPACKED_MAX,
	.time_ms_max = PREP_INITRD_TIME_MS_MAX,
};

TEST(members_are_limited)
{
	_cleanup_packed_ struct packed packed = { 0 };
	struct prep_initrd_limits limits = defaults;
	struct initrd_outcome outcome;

	for (int i = 0; i < 100; i++)
		packed_cpio(&packed, "x", FILE_MODE, "");
	packed_cpio_end(&packed);
	limits.members_max = 100;
	assert_int_equal(initrd_look(&packed, &limits).error, 0);
	limits.members_max = 99;
	outcome = initrd_look(&packed, &limits);
	assert_int_equal(outcome.error, -EFBIG);
	assert_reason(outcome.why, PBF_REASON_NO_OFFSET, "more than 99 files");
}

/* All zeroes, of which the archive says nothing. */
TEST(what_is_unpacked_is_limited)
{
	const size_t length = 32u << 20;
	void *zeroes = calloc(1, length);

	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct prep_initrd_limits limits = defaults;
		struct initrd_outcome outcome;

		packed_compress(&packed, formats[i], zeroes, length);
		limits.unpacked_bytes_max = length - 1;
		outcome = initrd_look(&packed, &limits);
		assert_int_equal(outcome.error, -EFBIG);
		assert_reason(outcome.why, PBF_REASON_NO_OFFSET,
			      "more than 33554431 bytes when unpacked");
		limits.unpacked_bytes_max = length;
		assert_int_equal(initrd_look(&packed, &limits).error,
				 -EOPNOTSUPP);
	}
	free(zeroes);
}

TEST(time_is_limited)
{
	struct prep_initrd_limits limits = defaults;

	limits.time_ms_max = 0;
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		struct initrd_outcome outcome;

		add_compressed(&packed, formats[i]);
		outcome = initrd_look(&packed, &limits);
		assert_int_equal(outcome.error, -ETIMEDOUT);
		assert_non_null(strstr(outcome.why.text, "took too long"));
	}
}

TEST(what_cannot_be_read_says_where)
{
	_cleanup_packed_ struct packed packed = { 0 };

	add_archive(&packed, "init");
	packed_add_zeroes(&packed, 300000);
	add_compressed(&packed, PREP_FORMAT_GZIP);
	assert_int_equal(initrd_look(&packed, NULL).error, 0);
	assert_error(initrd_look_until(&packed, 100), -EREMOTEIO, 0,
		     "cannot be read: ");
	assert_error(initrd_look_until(&packed, packed.length - 1), -EREMOTEIO,
		     256u << 10, "cannot be read: ");
}

TEST(a_thousand_parts_are_read_one_after_the_other)
{
	_cleanup_packed_ struct packed packed = { 0 };
	struct initrd_outcome outcome;

	for (int i = 0; i < 1000; i++) {
		add_archive(&packed, "early");
		add_compressed(&packed, PREP_FORMAT_GZIP);
		packed_add_zeroes(&packed, 4 + (-packed.length & 3));
	}
	outcome = initrd_look(&packed, NULL);
	assert_int_equal(outcome.error, 0);
	assert_int_equal(outcome.initrd.members, 2000);
}

/* --- zstd as others make it, whose end is found by walking its blocks --- */

static void add_block(struct packed *packed, unsigned int type, bool is_last,
		      const void *bytes, size_t length)
{
	size_t header = length << 3 | type << 1 | is_last;
	const unsigned char head[] = { (unsigned char)header,
				       (unsigned char)(header >> 8),
				       (unsigned char)(header >> 16) };

	packed_add(packed, head, sizeof(head));
	packed_add(packed, bytes, type == 1 ? 1 : length);
}

/* Two stored blocks and one that is repeated, with a checksum. */
static void add_frame(struct packed *packed, const struct packed *content)
{
	_cleanup_packed_ struct packed whole = { 0 };
	uint64_t digest;
	unsigned char checksum[4];

	packed_add(&whole, content->bytes, content->length);
	packed_add_zeroes(&whole, 1000);
	packed_add(packed, "\x28\xb5\x2f\xfd\x04\x50", 6);
	add_block(packed, 0, false, whole.bytes, 10);
	add_block(packed, 0, false, whole.bytes + 10, content->length - 10);
	add_block(packed, 1, true, "", 1000);
	digest = XXH64(whole.bytes, whole.length, 0);
	for (size_t i = 0; i < 4; i++)
		checksum[i] = (unsigned char)(digest >> 8 * i);
	packed_add(packed, checksum, 4);
}

TEST(something_may_follow_frames_of_zstd_with_checksums)
{
	_cleanup_packed_ struct packed packed = { 0 }, archive = { 0 };
	struct initrd_outcome outcome;

	add_archive(&archive, "init");
	add_frame(&packed, &archive);
	add_frame(&packed, &archive);
	outcome = initrd_look(&packed, NULL);
	assert_int_equal(outcome.error, 0);
	assert_int_equal(outcome.initrd.members, 2);
	packed_add_zeroes(&packed, 4 + (-packed.length & 3));
	packed_add(&packed, archive.bytes, archive.length);
	outcome = initrd_look(&packed, NULL);
	if (outcome.error != 0)
		fail_msg("%s", outcome.why.text);
	assert_int_equal(outcome.initrd.members, 3);
	packed_add(&packed, "x", 1);
	assert_refused(&packed, -EUCLEAN, packed.length - 1,
		       "something follows");
}

#define CLAIM(test) cmocka_unit_test(test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(nothing_is_no_initrd),
		CLAIM(something_else_is_no_initrd),
		CLAIM(something_else_behind_an_archive_is_malformed),
		CLAIM(an_archive_that_is_cut_off_is_malformed),
		CLAIM(compressed_data_that_are_cut_off_are_malformed),
		CLAIM(damage_is_said_to_be_where_it_is),
		CLAIM(what_is_compressed_has_to_be_archives),
		CLAIM(members_are_limited),
		CLAIM(what_is_unpacked_is_limited),
		CLAIM(time_is_limited),
		CLAIM(what_cannot_be_read_says_where),
		CLAIM(a_thousand_parts_are_read_one_after_the_other),
		CLAIM(something_may_follow_frames_of_zstd_with_checksums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
