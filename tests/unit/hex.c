/* SPDX-License-Identifier: BSD-2-Clause */
#include "hex.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#define FIXTURE_BYTES_MAX 65536u

struct bytes {
	unsigned char *buffer;
	size_t size;
	size_t position;
	size_t end;
};

static void put(struct bytes *bytes, unsigned char byte, unsigned long count)
{
	while (count-- > 0) {
		if (bytes->position >= bytes->size)
			fail_msg("more than %zu bytes", bytes->size);
		bytes->buffer[bytes->position++] = byte;
	}
	if (bytes->position > bytes->end)
		bytes->end = bytes->position;
}

static unsigned int digit(const char *text)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = *text ? strchr(digits, *text) : NULL;

	if (!found)
		fail_msg("not hex: \"%.20s\"", text);
	return (unsigned int)(found - digits);
}

static const char *put_byte(struct bytes *bytes, const char *text)
{
	unsigned int high = digit(text);
	unsigned char byte = (unsigned char)(high << 4 | digit(text + 1));
	unsigned long count = 1;
	char *end;

	text += 2;
	if (*text == '*') {
		count = strtoul(text + 1, &end, 10);
		text = end;
	}
	put(bytes, byte, count);
	return text;
}

static const char *put_text(struct bytes *bytes, const char *text)
{
	while (*text && *text != '"')
		put(bytes, (unsigned char)*text++, 1);
	if (!*text)
		fail_msg("text without an end");
	return text + 1;
}

size_t hex_parse(const char *text, unsigned char *buffer, size_t size)
{
	struct bytes bytes = { .buffer = buffer, .size = size };

	while (*text) {
		char *end;

		if (isspace((unsigned char)*text)) {
			text++;
		} else if (*text == '#') {
			text += strcspn(text, "\n");
		} else if (*text == '@') {
			bytes.position = strtoul(text + 1, &end, 16);
			text = end;
		} else if (*text == '"') {
			text = put_text(&bytes, text + 1);
		} else {
			text = put_byte(&bytes, text);
		}
	}
	return bytes.end;
}

size_t hex_load(const char *name, unsigned char *buffer, size_t size)
{
	char path[512], text[FIXTURE_BYTES_MAX];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", UNIT_FIXTURES, name);
	file = fopen(path, "re");
	if (!file)
		fail_msg("%s is missing", path);
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	if (length == sizeof(text) - 1)
		fail_msg("%s is too long", path);
	text[length] = '\0';
	return hex_parse(text, buffer, size);
}
