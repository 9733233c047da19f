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

char *say_masked(const char *text)
{
	char *copy = strdup(text);

	if (copy)
		pbf_utf_mask(copy);
	return copy;
}

void say(const char *format, ...)
{
	_cleanup_free_ char *text = NULL, *line = NULL;
	va_list args;
	int length;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		pbf_utf_mask(text);
	length = asprintf(&line, "%s: %s\n", program_invocation_short_name,
			  text ? text : "out of memory");
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

/*
 * The long options that begin as WORD does, "--size, --subnet"; NULL when it
 * is none of any.  The caller frees it.
 */
static char *list_meant(const char *word, size_t length,
			const struct option *options)
{
	char *list = NULL;

	for (; options->name; options++) {
		_cleanup_free_ char *before = list;

		if (strncmp(options->name, word + 2, length - 2) != 0) {
			before = NULL;
			continue;
		}
		if (asprintf(&list, "%s%s--%s", before ? before : "",
			     before ? ", " : "", options->name) < 0)
			return NULL;
	}
	return list;
}

static bool is_long_option(int value, const struct option *options)
{
	while (options->name && options->val != value)
		options++;
	return options->name;
}

void say_bad_option(char **argv, const struct option *options, int result)
{
	/* Of letters in one word, this is not yet the word of the bad one. */
	const char *word = argv[optind - 1];
	const char letter[3] = { '-', (char)optopt, '\0' };
	bool is_long = strncmp(word, "--", 2) == 0;
	_cleanup_free_ char *meant = NULL;
	const char *problem = "is unknown";
	size_t length;

	if (result == ':')
		problem = "needs a value";
	else if (optopt == 0)
		is_long = true;
	else if (is_long && is_long_option(optopt, options))
		problem = "takes no value";
	else
		is_long = false;
	if (!is_long)
		word = letter;
	/* Without what it was to say, which may be a line of its own. */
	length = is_long ? strcspn(word, "=") : strlen(word);
	if (optopt == 0)
		meant = list_meant(word, length, options);
	say("option %.*s %s%s; see \"%s --help\"", (int)length, word,
	    meant ? "can be any of " : problem, meant ? meant : "",
	    program_invocation_short_name);
}

bool say_end_of_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	say("standard output: %s", strerror(errno));
	return false;
}
