/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "image_options.h"
#include "utf.h"

/* Bytes that are no UTF-8 come from pbf_utf8_next() as these. */
#define NOT_UTF8_FIRST 0xdc80u
#define NOT_UTF8_LAST 0xdcffu

/* Control characters, and those that turn the direction of text around. */
static bool acts_on_terminals(uint32_t code_point)
{
	return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) ||
	       (code_point >= 0x2028 && code_point <= 0x202e) ||
	       (code_point >= 0x2066 && code_point <= 0x2069) ||
	       code_point == 0x200e || code_point == 0x200f ||
	       code_point == 0xfeff;
}

char *say_clean(const char *text, bool mask)
{
	/* U+FFFD has three bytes and can stand for one. */
	char *clean = malloc(strlen(text) * 3 + 1);
	char *end = clean;
	uint32_t code_point;

	if (!clean)
		return NULL;
	while ((code_point = pbf_utf8_next(&text)) != 0) {
		if (code_point >= NOT_UTF8_FIRST && code_point <= NOT_UTF8_LAST)
			code_point = PBF_REPLACEMENT_CHARACTER;
		if (mask && acts_on_terminals(code_point))
			code_point = '?';
		end += pbf_utf8_encode(code_point, end);
	}
	*end = '\0';
	return clean;
}

static void write_line(const char *text)
{
	_cleanup_free_ char *clean = say_clean(text, true);
	_cleanup_free_ char *line = NULL;
	int length = asprintf(&line, "pibootfs-image: %s\n",
			      clean ? clean : "out of memory");

	if (length < 0) {
		line = NULL;
		return;
	}
	/* What was printed until now comes before it. */
	fflush(stdout);
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return;
}

void say(const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	write_line(text ? text : "out of memory");
}

void say_refusal(const char *image, const char *path, int error,
		 const struct pbf_reason *why, const char *advice)
{
	char place[64] = "";

	if (why->text[0] && why->offset_bytes != PBF_REASON_NO_OFFSET)
		snprintf(place, sizeof(place),
			 "byte %#llx: ", (unsigned long long)why->offset_bytes);
	say("%s: %s%s%s%s%s%s", image, path, path[0] ? ": " : "", place,
	    why->text[0] ? why->text : strerror(-error), advice ? "; " : "",
	    advice ? advice : "");
}

int say_end_of_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	say("standard output: %s", strerror(errno));
	return EXIT_UNREADABLE;
}
