/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "packed.h"
#include "unit.h"

#define BANNER \
	"Linux version 6.6.31+rpt-rpi-v8 (serge@raspberrypi.com) (gcc) #1\n"
#define VERSION "6.6.31+rpt-rpi-v8"

static void assert_version(const struct packed *kernel, const char *expected)
{
	char version[PREP_KERNEL_VERSION_BYTES];
	struct pbf_reason why = { .text = "" };

	if (prep_kernel_version(kernel->bytes, kernel->length, version, &why) <
	    0)
		fail_msg("%s", why.text);
	assert_string_equal(version, expected);
}

static void assert_unknown(const struct packed *kernel, const char *words)
{
	char version[PREP_KERNEL_VERSION_BYTES] = "as before";
	struct pbf_reason why = { .text = "" };

	assert_int_equal(prep_kernel_version(kernel->bytes, kernel->length,
					     version, &why),
			 -ENODATA);
	if (!strstr(why.text, words))
		fail_msg("\"%s\" does not say \"%s\"", why.text, words);
	assert_string_equal(version, "as before");
	assert_int_equal(prep_kernel_version(kernel->bytes, kernel->length,
					     version, NULL),
			 -ENODATA);
}

static void add_string(struct packed *packed, const char *string)
{
	packed_add(packed, string, strlen(string));
}

/*
 * An arm64 Image, with more than a decoder unpacks in one piece before and
 * behind the banner.  (zstd and lz4 leave that in plain text.)
 */
static void make_image(struct packed *image)
{
	packed_add(image, "MZ", 2);
	packed_add_zeroes(image, (1u << 20) + 7);
	packed_add(image, BANNER, sizeof(BANNER));
	packed_add_zeroes(image, 1u << 20);
}

TEST(an_arm64_image_has_it_in_plain_text)
{
	_cleanup_packed_ struct packed image = { 0 };

	make_image(&image);
	assert_version(&image, VERSION);
}

TEST(a_compressed_image_is_unpacked)
{
	static const enum prep_format formats[] = {
		PREP_FORMAT_GZIP,
		PREP_FORMAT_LZ4,
		PREP_FORMAT_XZ,
		PREP_FORMAT_ZSTD,
	};
	_cleanup_packed_ struct packed image = { 0 };

	make_image(&image);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		_cleanup_packed_ struct packed packed = { 0 };

		packed_compress(&packed, formats[i], image.bytes, image.length);
		assert_version(&packed, VERSION);
	}
}

/* Wherever the banner is cut in two. */
TEST(it_may_lie_across_two_pieces)
{
	for (size_t before = (256u << 10) - sizeof(BANNER);
	     before <= 256u << 10; before++) {
		_cleanup_packed_ struct packed image = { 0 }, packed = { 0 };

		packed_add_zeroes(&image, before);
		packed_add(&image, BANNER, sizeof(BANNER));
		packed_compress(&packed, PREP_FORMAT_GZIP, image.bytes,
				image.length);
		assert_version(&packed, VERSION);
	}
}

static void make_zimage(struct packed *zimage, enum prep_format format)
{
	_cleanup_packed_ struct packed image = { 0 };

	make_image(&image);
	packed_add_zeroes(zimage, 0x24);
	packed_add(zimage, "\x18\x28\x6f\x01", 4);
	/* What looks like compressed data and is none. */
	packed_add(zimage, "\x1f\x8b\x08\xff\x5d\0\0BZh", 10);
	packed_add_zeroes(zimage, 12345);
	packed_compress(zimage, format, image.bytes, image.length);
	add_string(zimage, "what else there is");
}

TEST(a_32_bit_zimage_has_it_behind_its_program)
{
	_cleanup_packed_ struct packed gzip = { 0 }, xz = { 0 };

	make_zimage(&gzip, PREP_FORMAT_GZIP);
	assert_version(&gzip, VERSION);
	make_zimage(&xz, PREP_FORMAT_XZ);
	assert_version(&xz, VERSION);
}

TEST(an_efi_program_says_where_it_has_it)
{
	_cleanup_packed_ struct packed image = { 0 }, payload = { 0 },
				       zboot = { 0 };
	unsigned char size[4];

	make_image(&image);
	packed_compress(&payload, PREP_FORMAT_GZIP, image.bytes, image.length);
	for (size_t i = 0; i < sizeof(size); i++)
		size[i] = (unsigned char)(payload.length >> (8 * i));
	packed_add(&zboot, "MZ\0\0zimg\0\x01\0\0", 12);
	packed_add(&zboot, size, sizeof(size));
	packed_add_zeroes(&zboot, 256 - zboot.length);
	packed_add(&zboot, payload.bytes, payload.length);
	add_string(&zboot, "\x1f\x8b\x08, which is not read");
	assert_version(&zboot, VERSION);
	zboot.bytes[11] = 0x7f;
	assert_unknown(&zboot, "would end beyond it");
	zboot.bytes[11] = 0;
	zboot.bytes[15] = 0xff;
	assert_unknown(&zboot, "would end beyond it");
}

TEST(only_a_number_is_a_version)
{
	_cleanup_packed_ struct packed image = { 0 };

	add_string(&image, "Linux version %s (%s)\n"
			   "Linux version next.1 (x)\n"
			   "Linux version 7 (x)\n"
			   "Linux version .1 (x)\n"
			   "Linux version 1.2\n");
	assert_unknown(&image, "there is no \"Linux version");
	add_string(&image, "LLinux LinuxLinux version 4.19.0 #1");
	assert_version(&image, "4.19.0");
}

TEST(no_version_is_longer_than_the_kernel_allows)
{
	_cleanup_packed_ struct packed image = { 0 };
	char version[PREP_KERNEL_VERSION_BYTES + 1];

	memset(version, '1', sizeof(version));
	version[1] = '.';
	version[PREP_KERNEL_VERSION_BYTES] = '\0';
	add_string(&image, "Linux version ");
	add_string(&image, version);
	add_string(&image, " ");
	assert_unknown(&image, "there is no");
	version[PREP_KERNEL_VERSION_BYTES - 1] = '\0';
	add_string(&image, "Linux version ");
	add_string(&image, version);
	add_string(&image, " ");
	assert_version(&image, version);
}

TEST(what_is_no_kernel_has_none)
{
	_cleanup_packed_ struct packed empty = { 0 }, text = { 0 }, cut = { 0 };

	assert_unknown(&empty, "there is no");
	add_string(&text, "Linux version 1.2");
	assert_unknown(&text, "there is no");
	add_string(&cut, "MZ\0\0zimg");
	assert_unknown(&cut, "there is no");
}

TEST(damaged_data_are_said_to_be)
{
	_cleanup_packed_ struct packed image = { 0 }, packed = { 0 };

	make_image(&image);
	packed_compress(&packed, PREP_FORMAT_GZIP, image.bytes, image.length);
	packed.length = 20;
	assert_unknown(&packed, "the gzip data end too early");
}

/* 300 MB in a few hundred KB: what comes after the limit is not looked at. */
TEST(no_more_is_unpacked_than_a_kernel_may_have)
{
	_cleanup_packed_ struct packed image = { 0 }, packed = { 0 };

	packed_add_zeroes(&image, PREP_KERNEL_UNPACKED_MAX + (1u << 20));
	packed_add(&image, BANNER, sizeof(BANNER));
	packed_compress(&packed, PREP_FORMAT_GZIP, image.bytes, image.length);
	packed_free(&image);
	assert_unknown(&packed, "as far as it was looked into");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arm64_image_has_it_in_plain_text),
		cmocka_unit_test(a_compressed_image_is_unpacked),
		cmocka_unit_test(it_may_lie_across_two_pieces),
		cmocka_unit_test(a_32_bit_zimage_has_it_behind_its_program),
		cmocka_unit_test(an_efi_program_says_where_it_has_it),
		cmocka_unit_test(only_a_number_is_a_version),
		cmocka_unit_test(no_version_is_longer_than_the_kernel_allows),
		cmocka_unit_test(what_is_no_kernel_has_none),
		cmocka_unit_test(damaged_data_are_said_to_be),
		cmocka_unit_test(no_more_is_unpacked_than_a_kernel_may_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
