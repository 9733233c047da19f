/* SPDX-License-Identifier: BSD-2-Clause */
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_sentence(const struct prep_sentences *sentences,
			 const char *text)
{
	for (size_t i = 0; i < sentences->count; i++)
		if (strcmp(sentences->items[i], text) == 0)
			return true;
	return false;
}

__attribute__((format(printf, 2, 0))) static bool
add(struct prep_sentences *sentences, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;
	char **items;

	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		return false;
	}
	if (has_sentence(sentences, text))
		return true;
	items = reallocarray(sentences->items, sentences->count + 1,
			     sizeof(*items));
	if (!items)
		return false;
	sentences->items = items;
	items[sentences->count++] = text;
	text = NULL;
	return true;
}

void prep_warn(struct prep_findings *findings, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!add(&findings->warnings, format, args))
		findings->is_out_of_memory = true;
	va_end(args);
}

void prep_note(struct prep_findings *findings, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!add(&findings->notes, format, args))
		findings->is_out_of_memory = true;
	va_end(args);
}

static void free_sentences(struct prep_sentences *sentences)
{
	for (size_t i = 0; i < sentences->count; i++)
		free(sentences->items[i]);
	free(sentences->items);
}

void prep_findings_free(struct prep_findings *findings)
{
	free_sentences(&findings->warnings);
	free_sentences(&findings->notes);
	*findings = (struct prep_findings){ 0 };
}
