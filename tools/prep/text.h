/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts that are taken apart into lines and put together again.  A text is
 * bytes and a length: it may contain NULs and need not be UTF-8.
 */
#ifndef PREP_TEXT_H
#define PREP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cleanup.h"

#define _cleanup_text_ _cleanup_(prep_text_free)

/* What an editor hands back: LENGTH bytes, and a NUL behind them. */
struct prep_text {
	char *bytes;
	size_t length;
};

void prep_text_free(struct prep_text *text);

/* Whether it is just these bytes. */
bool prep_text_is(const struct prep_text *text, const char *bytes,
		  size_t length);

/* A text that grows; a failure to grow shows at prep_builder_finish(). */
struct prep_builder {
	FILE *stream;
	struct prep_text text;
};

/* -ENOMEM, or 0. */
int prep_builder_start(struct prep_builder *builder);

void prep_builder_add(struct prep_builder *builder, const char *bytes,
		      size_t length);

__attribute__((format(printf, 2, 3))) void
prep_builder_print(struct prep_builder *builder, const char *format, ...);

/* Hands over what was added, for prep_text_free(); -ENOMEM if it is not all. */
int prep_builder_finish(struct prep_builder *builder,
			struct prep_text *ret_text);

/* For a builder that may have been finished, or is all zeroes. */
void prep_builder_free(struct prep_builder *builder);

/* One line: LENGTH bytes, and with its "\n" or "\r\n" WHOLE_LENGTH. */
struct prep_line {
	const char *start;
	size_t length;
	size_t whole_length;
};

/*
 * Takes the next line off the *LENGTH bytes at *TEXT; false when there is
 * none.  The line borrows the text.
 */
bool prep_next_line(const char **text, size_t *length,
		    struct prep_line *ret_line);

/* The line break of a text: "\r\n" if its first line ends so, else "\n". */
const char *prep_line_break(const char *text, size_t length);

/* Adds a line break if TEXT, which is what was added last, ends without one. */
void prep_end_last_line(struct prep_builder *builder, const char *text,
			size_t length);

/* Whether these bytes begin with the string PREFIX. */
bool prep_starts_with(const char *bytes, size_t length, const char *prefix);

/* How many spaces and tabs these bytes begin with. */
size_t prep_blanks(const char *bytes, size_t length);

/* Whether there is nothing but white space in these bytes. */
bool prep_is_blank(const char *bytes, size_t length);

/* Whether STRING has a byte below the blank, or a DEL. */
bool prep_has_control(const char *string);

#endif
