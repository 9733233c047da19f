/* SPDX-License-Identifier: BSD-2-Clause */
#include "say.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
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

void say(const char *format, ...)
{
	_cleanup_free_ char *text = NULL, *clean = NULL, *line = NULL;
	va_list args;
	int length;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	clean = text ? say_clean(text, true) : NULL;
	length = asprintf(&line, "%s: %s\n", program_invocation_short_name,
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

void say_bad_option(char **argv, int result)
{
	const char *problem = result == ':' ? "needs a value" : "is unknown";
	const char *word = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, '\0' };

	/* With letters in one word, or a value, the word is not the option. */
	if (strncmp(word, "--", 2) != 0 && optopt > ' ' && optopt < 127)
		word = letter;
	say("option %s %s; see \"%s --help\"", word, problem,
	    program_invocation_short_name);
}

bool say_end_of_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	say("standard output: %s", strerror(errno));
	return false;
}
