/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_cmdline.h"

#include <errno.h>
#include <string.h>

#define TEXT_BYTES_MAX 65536u

/* A parameter, and how many blanks are before it. */
struct word {
	const char *start;
	size_t length;
	size_t gap;
};

struct words {
	struct word *items;
	size_t count;
	size_t end; /* how many are before a "--", after which init's begin */
};

/* A cmdline.txt in its parts. */
struct parts {
	const char *comments; /* the lines ahead of it, with blank ones */
	size_t comments_length;
	const char *line;
	size_t line_length;
	const char *ending; /* its line break, and blank lines behind */
	size_t ending_length;
	const char *rest; /* what the firmware does not read */
	size_t rest_length;
};

struct editor {
	struct words words;
	/* There must be one of each, in the place of word PLACES[i]. */
	struct prep_nbd_parameters wants;
	size_t places[PREP_NBD_PARAMETERS_MAX];
	struct prep_builder out;
	bool is_line_begun;
	struct prep_cmdline result;
};

#define NO_PLACE SIZE_MAX

static void split_text(const char *text, size_t length, struct parts *parts)
{
	const char *p = text;
	size_t left = length;
	struct prep_line line;

	*parts = (struct parts){ .comments = text, .line = text };
	while (prep_next_line(&p, &left, &line)) {
		size_t blanks = prep_blanks(line.start, line.length);

		parts->line = line.start;
		parts->line_length = line.length;
		if (blanks < line.length && line.start[blanks] == '#')
			parts->comments_length =
				(size_t)(line.start - text) + line.whole_length;
		else if (!prep_is_blank(line.start, line.length))
			break;
	}
	/* With no parameter in any line, they go where the comments end. */
	if (prep_is_blank(parts->line, parts->line_length) ||
	    parts->line < text + parts->comments_length) {
		p = text + parts->comments_length;
		left = length - parts->comments_length;
		parts->line = p;
		parts->line_length = 0;
		if (prep_next_line(&p, &left, &line))
			parts->line = line.start + line.length;
	}
	parts->ending = parts->line + parts->line_length;
	parts->ending_length = (size_t)(p - parts->ending);
	if (prep_is_blank(p, left)) {
		parts->ending_length += left;
	} else {
		parts->rest = p;
		parts->rest_length = left;
	}
}

static bool is_blank(char c)
{
	return prep_is_blank(&c, 1);
}

/* Takes one word as the kernel does: double quotes protect blanks. */
static bool next_word(const char **line, size_t *length, struct word *ret_word)
{
	bool is_quoted = false;
	size_t gap = 0, end;

	while (gap < *length && is_blank((*line)[gap]))
		gap++;
	for (end = gap; end < *length; end++) {
		if ((*line)[end] == '"')
			is_quoted = !is_quoted;
		else if (!is_quoted && is_blank((*line)[end]))
			break;
	}
	*ret_word = (struct word){ *line + gap, end - gap, gap };
	*line += end;
	*length -= end;
	return !is_quoted;
}

static bool is_word(const struct word *word, const char *text)
{
	return word->length == strlen(text) &&
	       memcmp(word->start, text, word->length) == 0;
}

static int split_words(const struct parts *parts, struct words *words,
		       struct pbf_reason *why)
{
	const char *line = parts->line;
	size_t left = parts->line_length;
	struct word word;

	/* Two words need three bytes. */
	words->items = calloc(left / 2 + 1, sizeof(*words->items));
	if (!words->items)
		return -ENOMEM;
	words->end = SIZE_MAX;
	while (left > 0) {
		if (!next_word(&line, &left, &word))
			return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
					  "a quotation mark in it has no end");
		if (word.length == 0)
			break;
		if (words->end == SIZE_MAX && is_word(&word, "--"))
			words->end = words->count;
		words->items[words->count++] = word;
	}
	if (words->end == SIZE_MAX)
		words->end = words->count;
	return 0;
}

/* The value of a "key=value", where KEY has its '='; NULL for other words. */
static const char *value_of(const struct word *word, const char *key,
			    size_t *ret_length)
{
	const char *start = word->start;
	size_t length = word->length;

	/* The kernel accepts "key=value" all in quotes. */
	if (length > 0 && *start == '"') {
		start++;
		length--;
	}
	if (!prep_starts_with(start, length, key))
		return NULL;
	*ret_length = length - strlen(key);
	return start + strlen(key);
}

static bool has_key(const struct word *word, const char *key)
{
	size_t length;

	return value_of(word, key, &length) != NULL;
}

static bool is_value(const char *value, size_t length, const char *text)
{
	return length == strlen(text) && memcmp(value, text, length) == 0;
}

/* Puts the ip= that is there, the last one as for the kernel, for TEXT's. */
static int keep_ip(const struct words *words, char **text)
{
	char *copy;

	for (size_t i = words->count; i-- > 0;) {
		const struct word *word = &words->items[i];
		size_t length;
		const char *value = value_of(word, "ip=", &length);

		if (!value || length == 0 || is_value(value, length, "off") ||
		    is_value(value, length, "none") ||
		    memchr(value, '\0', length))
			continue;
		copy = strndup(word->start, word->length);
		if (!copy)
			return -ENOMEM;
		free(*text);
		*text = copy;
		break;
	}
	return 0;
}

/* Finds the place of each want, before any "--". */
static void find_places(struct editor *editor)
{
	for (size_t i = 0; i < editor->wants.count; i++) {
		const char *key = editor->wants.items[i].key;
		size_t place = 0;

		while (place < editor->words.end &&
		       !has_key(&editor->words.items[place], key))
			place++;
		editor->places[i] =
			place < editor->words.end ? place : NO_PLACE;
	}
}

/* Which of the wants this word is one of; their count for none. */
static size_t find_want(const struct editor *editor, const struct word *word)
{
	size_t i = 0;

	while (i < editor->wants.count &&
	       !has_key(word, editor->wants.items[i].key))
		i++;
	return i;
}

/* What would contradict the root disk, or was for a card's first boot. */
static bool is_unwanted(const struct word *word)
{
	static const char *const keys[] = { "nbdroot=", "netroot=", "nbddev=" };
	static const char resizer[] = "/init_resize.sh";
	size_t length;
	const char *init = value_of(word, "init=", &length);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (has_key(word, keys[i]))
			return true;
	if (init)
		return memmem(init, length, "firstboot", strlen("firstboot")) ||
		       memmem(init, length, resizer, strlen(resizer));
	return is_word(word, "resize");
}

static int note_dropped(struct editor *editor, const char *bytes, size_t length)
{
	struct prep_cmdline *result = &editor->result;
	char **dropped =
		reallocarray(result->dropped, result->dropped_count + 1,
			     sizeof(*result->dropped));
	char *copy;

	if (!dropped)
		return -ENOMEM;
	result->dropped = dropped;
	copy = malloc(length + 1);
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		copy[i] = (char)(byte < ' ' || byte == 0x7f ? '?' : byte);
	}
	copy[length] = '\0';
	result->dropped[result->dropped_count++] = copy;
	return 0;
}

/* Adds a word to the line, with GAP_LENGTH blanks at GAP before it. */
static void put_word(struct editor *editor, const char *text, size_t length,
		     const char *gap, size_t gap_length)
{
	if (editor->is_line_begun && gap_length == 0)
		prep_builder_add(&editor->out, " ", 1);
	else
		prep_builder_add(&editor->out, gap, gap_length);
	prep_builder_add(&editor->out, text, length);
	editor->is_line_begun = true;
}

static void put_missing(struct editor *editor)
{
	for (size_t i = 0; i < editor->wants.count; i++)
		if (editor->places[i] == NO_PLACE) {
			const char *text = editor->wants.items[i].text;

			put_word(editor, text, strlen(text), NULL, 0);
		}
}

static int put_words(struct editor *editor)
{
	size_t root = editor->places[editor->wants.count - 1];
	size_t missing = root != NO_PLACE ? root : editor->words.end;
	int error = 0;

	for (size_t i = 0; i < editor->words.count && error == 0; i++) {
		const struct word *word = &editor->words.items[i];
		/* The blanks before a first word that goes go with it. */
		size_t gap = editor->is_line_begun || i == 0 ? word->gap : 0;
		size_t want = find_want(editor, word);
		const char *text;

		if (i == missing)
			put_missing(editor);
		/* With a # at its beginning the line would be a comment. */
		if (want == editor->wants.count && !is_unwanted(word) &&
		    (editor->is_line_begun || word->start[0] != '#')) {
			put_word(editor, word->start, word->length,
				 word->start - word->gap, gap);
		} else if (want < editor->wants.count &&
			   editor->places[want] == i) {
			text = editor->wants.items[want].text;
			put_word(editor, text, strlen(text),
				 word->start - word->gap, gap);
		} else {
			error = note_dropped(editor, word->start, word->length);
		}
	}
	if (missing == editor->words.count)
		put_missing(editor);
	return error;
}

static int note_rest(struct editor *editor, const struct parts *parts)
{
	const char *rest = parts->rest;
	size_t left = parts->rest_length;
	struct prep_line line;
	int error = 0;

	while (error == 0 && prep_next_line(&rest, &left, &line))
		if (!prep_is_blank(line.start, line.length))
			error = note_dropped(editor, line.start, line.length);
	return error;
}

static int build(struct editor *editor, const struct parts *parts)
{
	const struct words *words = &editor->words;
	const char *end = parts->line + parts->line_length;
	const char *last = end;
	int error;

	if (words->count > 0)
		last = words->items[words->count - 1].start +
		       words->items[words->count - 1].length;
	error = prep_builder_start(&editor->out);
	if (error < 0)
		return error;
	prep_builder_add(&editor->out, parts->comments, parts->comments_length);
	if (parts->comments_length > 0 &&
	    parts->comments[parts->comments_length - 1] != '\n')
		prep_builder_add(&editor->out, "\n", 1);
	error = put_words(editor);
	if (error < 0)
		return error;
	prep_builder_add(&editor->out, last, (size_t)(end - last));
	prep_builder_add(&editor->out, parts->ending, parts->ending_length);
	error = note_rest(editor, parts);
	if (error < 0)
		return error;
	return prep_builder_finish(&editor->out, &editor->result.text);
}

static int edit(struct editor *editor, const struct parts *parts,
		const struct prep_nbd_root *root, struct pbf_reason *why)
{
	int error = split_words(parts, &editor->words, why);

	if (error < 0)
		return error;
	error = prep_nbd_root_parameters(root, &editor->wants);
	if (error < 0)
		return error;
	if (!root->ip)
		error = keep_ip(&editor->words, &editor->wants.items[0].text);
	if (error < 0)
		return error;
	find_places(editor);
	return build(editor, parts);
}

int prep_cmdline_edit(const char *text, size_t length,
		      const struct prep_nbd_root *root,
		      struct prep_cmdline *ret_cmdline, struct pbf_reason *why)
{
	struct editor editor = { 0 };
	struct parts parts;
	int error = prep_nbd_root_check(root, why);

	if (error < 0)
		return error;
	if (length > TEXT_BYTES_MAX)
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "it is longer than %u bytes, which no "
				  "kernel reads",
				  TEXT_BYTES_MAX);
	split_text(text, length, &parts);
	error = edit(&editor, &parts, root, why);
	if (error < 0)
		prep_cmdline_free(&editor.result);
	else
		*ret_cmdline = editor.result;
	prep_builder_free(&editor.out);
	prep_nbd_parameters_free(&editor.wants);
	free(editor.words.items);
	return error;
}

void prep_cmdline_free(struct prep_cmdline *cmdline)
{
	for (size_t i = 0; i < cmdline->dropped_count; i++)
		free(cmdline->dropped[i]);
	free(cmdline->dropped);
	prep_text_free(&cmdline->text);
	*cmdline = (struct prep_cmdline){ 0 };
}
