/* SPDX-License-Identifier: BSD-2-Clause */
#include "tftp-packet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- What a client sends --- */

static void put_be16(unsigned char *p, uint16_t n)
{
	p[0] = (unsigned char)(n >> 8);
	p[1] = (unsigned char)n;
}

/* Appends TEXT with its NUL, cut at the end of the packet. */
static size_t put_text(unsigned char *packet, size_t length, const char *text)
{
	size_t chars = strlen(text);
	size_t room = TFTP_SENT_MAX_BYTES - length - 1;

	if (chars > room)
		chars = room;
	memcpy(packet + length, text, chars);
	packet[length + chars] = '\0';
	return length + chars + 1;
}

size_t tftp_put_request(unsigned char *packet, const char *path,
			unsigned int blksize)
{
	char number[16];
	size_t length = 2;

	snprintf(number, sizeof(number), "%u", blksize);
	put_be16(packet, TFTP_RRQ);
	length = put_text(packet, length, path);
	length = put_text(packet, length, "octet");
	length = put_text(packet, length, "tsize");
	length = put_text(packet, length, "0");
	length = put_text(packet, length, "blksize");
	return put_text(packet, length, number);
}

size_t tftp_put_ack(unsigned char *packet, uint16_t block)
{
	put_be16(packet, TFTP_ACK);
	put_be16(packet + 2, block);
	return TFTP_HEADER_BYTES;
}

size_t tftp_put_error(unsigned char *packet, enum tftp_error code,
		      const char *message)
{
	put_be16(packet, TFTP_ERROR);
	put_be16(packet + 2, (uint16_t)code);
	return put_text(packet, TFTP_HEADER_BYTES, message);
}

/* --- What a server answers --- */

/* The text at *OFFSET, which moves on behind its NUL; NULL without a NUL. */
static const char *next_text(const unsigned char *packet, size_t length,
			     size_t *offset)
{
	const unsigned char *start = packet + *offset;
	const unsigned char *end = memchr(start, '\0', length - *offset);

	if (!end)
		return NULL;
	*offset = (size_t)(end - packet) + 1;
	return (const char *)start;
}

static bool read_number(const char *text, uint64_t *ret_number)
{
	unsigned long long number;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return false;
	*ret_number = number;
	return true;
}

bool tftp_get_options(const unsigned char *packet, size_t length,
		      struct tftp_options *ret_options)
{
	struct tftp_options options = { .has_blksize = false };
	size_t offset = 2;

	while (offset < length) {
		const char *name = next_text(packet, length, &offset);
		const char *value =
			name ? next_text(packet, length, &offset) : NULL;
		uint64_t number;

		if (!value || !read_number(value, &number))
			return false;
		if (strcasecmp(name, "blksize") == 0) {
			options.has_blksize = true;
			options.blksize = number;
		} else if (strcasecmp(name, "tsize") == 0) {
			options.has_tsize = true;
			options.tsize = number;
		} else {
			return false;
		}
	}
	*ret_options = options;
	return true;
}

void tftp_get_message(const unsigned char *packet, size_t length, char *text,
		      size_t size)
{
	const char *message = (const char *)packet + TFTP_HEADER_BYTES;
	size_t chars = strnlen(message, length - TFTP_HEADER_BYTES);

	if (chars >= size)
		chars = size - 1;
	memcpy(text, message, chars);
	text[chars] = '\0';
	for (char *p = text; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
}
