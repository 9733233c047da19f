/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_version.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "decoder.h"
#include "image.h"
#include "stop.h"

static const char banner[] = "Linux version ";
#define BANNER_LENGTH (sizeof(banner) - 1)

#define VERSION_CHARACTERS                                     \
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop" \
	"qrstuvwxyz.+-_~"

/* arch/arm/boot/compressed/head.S */
#define ZIMAGE_MAGIC_OFFSET 0x24u
#define ZIMAGE_MAGIC 0x016f2818u
/* The program ahead of the kernel is smaller, and has few false beginnings. */
#define ZIMAGE_PROGRAM_BYTES_MAX (1u << 20)
#define ZIMAGE_TRIES_MAX 32u

/* drivers/firmware/efi/libstub/zboot-header.S */
#define ZBOOT_MAGIC_OFFSET 0x04u
#define ZBOOT_PAYLOAD_OFFSET 0x08u
#define ZBOOT_PAYLOAD_SIZE 0x0cu
#define ZBOOT_HEADER_BYTES 0x40u

/* A search for the banner, in bytes that come in pieces. */
struct search {
	size_t matched; /* characters of the banner, then the version begins */
	size_t length;	/* of the version so far */
	char version[PREP_KERNEL_VERSION_BYTES];
	bool found;
	uint64_t unpacked_bytes;
	int64_t give_up_at_ms;
	struct pbf_reason *why;
};

/* Compressed bytes that are all in memory, as a decoder is fed. */
struct packed_bytes {
	const unsigned char *bytes;
	size_t length;
};

static void take_byte(struct search *search, char byte)
{
	if (search->matched < BANNER_LENGTH) {
		/* Its first character is in it once: one step back is all. */
		if (byte != banner[search->matched])
			search->matched = 0;
		if (byte == banner[search->matched])
			search->matched++;
		search->length = 0;
		return;
	}
	if (byte != '\0' && strchr(VERSION_CHARACTERS, byte) &&
	    search->length < sizeof(search->version) - 1) {
		search->version[search->length++] = byte;
		return;
	}
	search->version[search->length] = '\0';
	search->found = byte == ' ' && search->version[0] >= '0' &&
			search->version[0] <= '9' &&
			strchr(search->version, '.');
	search->matched = 0;
}

static bool search_bytes(struct search *search, const unsigned char *bytes,
			 size_t length)
{
	const unsigned char *end = bytes + length;

	while (bytes < end && !search->found) {
		if (search->matched == 0)
			bytes = memchr(bytes, banner[0], (size_t)(end - bytes));
		if (!bytes)
			break;
		take_byte(search, (char)*bytes++);
	}
	return search->found;
}

static bool is_over(const struct search *search)
{
	return search->unpacked_bytes >= PREP_KERNEL_UNPACKED_MAX ||
	       pbf_monotonic_ms() >= search->give_up_at_ms ||
	       prep_stop_is_asked(NULL);
}

static int feed(void *context, const unsigned char **ret_bytes,
		size_t *ret_length)
{
	struct packed_bytes *packed = context;

	*ret_bytes = packed->bytes;
	*ret_length = packed->length;
	packed->length = 0;
	return 0;
}

/*
 * Searches what begins at BYTES, if that is compressed.  1 when the version
 * was found, 0 when it was not, or why not: the errors of the decoder, which
 * do not matter when something follows the data and the version came before.
 */
static int search_packed(struct search *search, const unsigned char *bytes,
			 size_t length)
{
	struct packed_bytes packed = { bytes, length };
	const struct prep_feed from = { .next = feed, .context = &packed };
	_cleanup_decoder_ struct prep_decoder *decoder = NULL;
	enum prep_format format = prep_format_detect(bytes, length);
	int error;

	if (format == PREP_FORMAT_NONE)
		return 0;
	search->matched = 0;
	error = prep_decoder_new(format, &from, &decoder, search->why);
	while (error == 0 && !is_over(search)) {
		const unsigned char *unpacked = NULL;
		size_t count = 0;

		error = prep_decoder_next(decoder, &unpacked, &count,
					  search->why);
		if (error < 0 || count == 0)
			break;
		search->unpacked_bytes += count;
		if (search_bytes(search, unpacked, count))
			return 1;
	}
	return error;
}

static bool is_zimage(const unsigned char *bytes, size_t length)
{
	return length >= ZIMAGE_MAGIC_OFFSET + 4 &&
	       get_le32(bytes + ZIMAGE_MAGIC_OFFSET) == ZIMAGE_MAGIC;
}

/* Nothing at its beginning says where the kernel in it is. */
static int search_zimage(struct search *search, const unsigned char *bytes,
			 size_t length)
{
	unsigned int tries = 0;

	for (size_t i = 0; i < length && i < ZIMAGE_PROGRAM_BYTES_MAX; i++) {
		int result;

		if (prep_format_detect(bytes + i, length - i) ==
		    PREP_FORMAT_NONE)
			continue;
		result = search_packed(search, bytes + i, length - i);
		if (result > 0 || result == -ENOMEM)
			return result;
		if (++tries == ZIMAGE_TRIES_MAX || is_over(search))
			break;
	}
	return 0;
}

static bool is_zboot(const unsigned char *bytes, size_t length)
{
	return length >= ZBOOT_HEADER_BYTES && memcmp(bytes, "MZ", 2) == 0 &&
	       memcmp(bytes + ZBOOT_MAGIC_OFFSET, "zimg", 4) == 0;
}

static int search_zboot(struct search *search, const unsigned char *bytes,
			size_t length)
{
	uint32_t start = get_le32(bytes + ZBOOT_PAYLOAD_OFFSET);
	uint32_t size = get_le32(bytes + ZBOOT_PAYLOAD_SIZE);

	if (start > length || size > length - start)
		return pbf_refuse(search->why, -EUCLEAN, ZBOOT_PAYLOAD_OFFSET,
				  "the kernel in it would end beyond it");
	return search_packed(search, bytes + start, size);
}

int prep_kernel_version(const void *bytes, size_t length,
			char ret_version[PREP_KERNEL_VERSION_BYTES],
			struct pbf_reason *why)
{
	struct pbf_reason reason = { .offset_bytes = PBF_REASON_NO_OFFSET };
	struct search search = { .why = &reason };
	int result;

	search.give_up_at_ms = pbf_monotonic_ms() + PREP_KERNEL_TIME_MS_MAX;
	if (search_bytes(&search, bytes, length))
		result = 1;
	else if (is_zboot(bytes, length))
		result = search_zboot(&search, bytes, length);
	else if (is_zimage(bytes, length))
		result = search_zimage(&search, bytes, length);
	else
		result = search_packed(&search, bytes, length);
	if (result == -ENOMEM)
		return pbf_refuse(why, result, PBF_REASON_NO_OFFSET,
				  "out of memory");
	if (result < 0)
		return pbf_refuse(why, -ENODATA, reason.offset_bytes, "%s",
				  reason.text);
	if (result == 0)
		return pbf_refuse(why, -ENODATA, PBF_REASON_NO_OFFSET,
				  "there is no \"%s...\" in it%s", banner,
				  is_over(&search) ? " as far as it was looked "
						     "into" :
						     "");
	memcpy(ret_version, search.version, sizeof(search.version));
	return 0;
}
