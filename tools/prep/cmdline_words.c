/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmdline_words.h"

#include <string.h>

#include "text.h"

static struct prep_piece between(const char *start, const char *end)
{
	return (struct prep_piece){ start, (size_t)(end - start) };
}

void prep_cmdline_split(const char *text, size_t length,
			struct prep_cmdline_parts *ret_parts)
{
	const char *p = text, *end = text + length;
	const char *comments_end = text;
	size_t left = length;
	struct prep_piece found = { text, 0 };
	struct prep_line line;

	while (prep_next_line(&p, &left, &line)) {
		size_t blanks = prep_blanks(line.start, line.length);

		found = (struct prep_piece){ line.start, line.length };
		if (blanks < line.length && line.start[blanks] == '#')
			comments_end = line.start + line.whole_length;
		else if (!prep_is_blank(line.start, line.length))
			break;
	}
	if (prep_is_blank(found.start, found.length) ||
	    found.start < comments_end) {
		p = comments_end;
		left = (size_t)(end - p);
		found = (struct prep_piece){ p, 0 };
		if (prep_next_line(&p, &left, &line))
			found.start = line.start + line.length;
	}
	*ret_parts = (struct prep_cmdline_parts){
		.comments = between(text, comments_end),
		.line = found,
		.ending = between(found.start + found.length, p),
		.rest = { p, left },
	};
	if (prep_is_blank(p, left)) {
		ret_parts->ending.length += left;
		ret_parts->rest = (struct prep_piece){ end, 0 };
	}
}

static bool is_blank(char c)
{
	return prep_is_blank(&c, 1);
}

bool prep_next_word(struct prep_piece *line, struct prep_word *ret_word)
{
	bool is_quoted = false;
	size_t gap = 0, end;

	while (gap < line->length && is_blank(line->start[gap]))
		gap++;
	for (end = gap; end < line->length; end++) {
		if (line->start[end] == '"')
			is_quoted = !is_quoted;
		else if (!is_quoted && is_blank(line->start[end]))
			break;
	}
	*ret_word = (struct prep_word){
		.piece = { line->start + gap, end - gap },
		.gap = gap,
		.is_unclosed = is_quoted,
	};
	line->start += end;
	line->length -= end;
	return end > gap;
}

bool prep_piece_is(struct prep_piece piece, const char *text)
{
	return piece.length == strlen(text) &&
	       memcmp(piece.start, text, piece.length) == 0;
}

bool prep_piece_cut(struct prep_piece *piece, const char *prefix)
{
	if (!prep_starts_with(piece->start, piece->length, prefix))
		return false;
	piece->start += strlen(prefix);
	piece->length -= strlen(prefix);
	return true;
}

static void unquote(struct prep_piece *piece)
{
	if (prep_piece_cut(piece, "\"") && piece->length > 0 &&
	    piece->start[piece->length - 1] == '"')
		piece->length--;
}

bool prep_word_value(const struct prep_word *word, const char *key,
		     struct prep_piece *ret_value)
{
	struct prep_piece value = word->piece;

	unquote(&value);
	if (!prep_piece_cut(&value, key))
		return false;
	unquote(&value);
	if (ret_value)
		*ret_value = value;
	return true;
}

bool prep_cmdline_value(const char *text, size_t length, const char *key,
			struct prep_piece *ret_value)
{
	struct prep_cmdline_parts parts;
	struct prep_word word;
	bool is_there = false;

	prep_cmdline_split(text, length, &parts);
	while (prep_next_word(&parts.line, &word) &&
	       !prep_piece_is(word.piece, "--"))
		if (prep_word_value(&word, key, ret_value))
			is_there = true;
	return is_there;
}
