/* SPDX-License-Identifier: BSD-2-Clause */
#include "tell.h"

#include <stdarg.h>
#include <stdio.h>

#include "cleanup.h"
#include "say.h"

static struct {
	bool is_quiet, is_verbose;
} wish;

void prep_tell_start(bool is_quiet, bool is_verbose)
{
	wish.is_quiet = is_quiet;
	wish.is_verbose = is_verbose;
}

__attribute__((format(printf, 1, 0))) static void print(const char *format,
							va_list args)
{
	_cleanup_free_ char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	say("%s", text ? text : "out of memory");
}

void prep_tell(const char *format, ...)
{
	va_list args;

	if (wish.is_quiet)
		return;
	va_start(args, format);
	print(format, args);
	va_end(args);
}

void prep_tell_more(const char *format, ...)
{
	va_list args;

	if (!wish.is_verbose || wish.is_quiet)
		return;
	va_start(args, format);
	print(format, args);
	va_end(args);
}

const char *prep_size_text(uint64_t bytes, char text[PREP_SIZE_TEXT_BYTES])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double size = (double)bytes / 1024;
	size_t unit = 0;

	for (; size >= 1000 && unit < 3; unit++)
		size /= 1024;
	snprintf(text, PREP_SIZE_TEXT_BYTES, "%.1f %s", size, units[unit]);
	return text;
}

void prep_tell_warning(const char *text)
{
	say("warning: %s", text);
}

void prep_tell_failure(const char *name, int error,
		       const struct pbf_reason *why)
{
	say_refusal(name, "", error, why, NULL);
}
