/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void prep_text_free(struct prep_text *text)
{
	free(text->bytes);
	*text = (struct prep_text){ 0 };
}

bool prep_text_is(const struct prep_text *text, const char *bytes,
		  size_t length)
{
	return text->length == length &&
	       (length == 0 || memcmp(text->bytes, bytes, length) == 0);
}

int prep_builder_start(struct prep_builder *builder)
{
	*builder = (struct prep_builder){ 0 };
	builder->stream =
		open_memstream(&builder->text.bytes, &builder->text.length);
	return builder->stream ? 0 : -ENOMEM;
}

void prep_builder_add(struct prep_builder *builder, const char *bytes,
		      size_t length)
{
	/* A stream in memory fails for good, and says so when it is closed. */
	if (length > 0)
		fwrite(bytes, 1, length, builder->stream);
}

void prep_builder_print(struct prep_builder *builder, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(builder->stream, format, args);
	va_end(args);
}

int prep_builder_finish(struct prep_builder *builder,
			struct prep_text *ret_text)
{
	bool failed = ferror(builder->stream);

	failed |= fclose(builder->stream) != 0;
	builder->stream = NULL;
	if (failed)
		return -ENOMEM;
	*ret_text = builder->text;
	builder->text = (struct prep_text){ 0 };
	return 0;
}

void prep_builder_free(struct prep_builder *builder)
{
	if (builder->stream)
		fclose(builder->stream);
	builder->stream = NULL;
	prep_text_free(&builder->text);
}

bool prep_next_line(const char **text, size_t *length,
		    struct prep_line *ret_line)
{
	const char *newline;
	struct prep_line line = { .start = *text };

	if (*length == 0)
		return false;
	newline = memchr(*text, '\n', *length);
	line.length = newline ? (size_t)(newline - *text) : *length;
	line.whole_length = line.length + (newline != NULL);
	if (newline && line.length > 0 && newline[-1] == '\r')
		line.length--;
	*text += line.whole_length;
	*length -= line.whole_length;
	*ret_line = line;
	return true;
}

const char *prep_line_break(const char *text, size_t length)
{
	struct prep_line line;

	if (!prep_next_line(&text, &length, &line))
		return "\n";
	/* A last line may have lost half of it. */
	if (line.whole_length == line.length)
		return line.start[line.length - 1] == '\r' ? "\r\n" : "\n";
	return line.whole_length - line.length == 2 ? "\r\n" : "\n";
}

bool prep_starts_with(const char *bytes, size_t length, const char *prefix)
{
	size_t prefix_length = strlen(prefix);

	return length >= prefix_length &&
	       memcmp(bytes, prefix, prefix_length) == 0;
}

size_t prep_blanks(const char *bytes, size_t length)
{
	size_t count = 0;

	while (count < length && (bytes[count] == ' ' || bytes[count] == '\t'))
		count++;
	return count;
}

bool prep_is_blank(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] == '\0' || !strchr(" \t\n\v\f\r", bytes[i]))
			return false;
	return true;
}

bool prep_has_control(const char *string)
{
	for (; *string; string++)
		if ((unsigned char)*string < ' ' || *string == '\x7f')
			return true;
	return false;
}

void prep_end_last_line(struct prep_builder *builder, const char *text,
			size_t length)
{
	if (length > 0 && text[length - 1] != '\n')
		prep_builder_print(builder, "%s",
				   prep_line_break(text, length));
}
