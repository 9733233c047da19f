/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_cmdline.h"

#include <errno.h>
#include <string.h>

#include "cmdline_words.h"

struct words {
	struct prep_word *items;
	size_t count;
	size_t end; /* how many are before a "--", after which init's begin */
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

static int split_words(struct prep_piece line, struct words *words,
		       struct pbf_reason *why)
{
	struct prep_word word;

	/* Two words need three bytes. */
	words->items = calloc(line.length / 2 + 1, sizeof(*words->items));
	if (!words->items)
		return -ENOMEM;
	words->end = SIZE_MAX;
	while (prep_next_word(&line, &word)) {
		if (word.is_unclosed)
			return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
					  "a quotation mark in it has no end");
		if (words->end == SIZE_MAX && prep_piece_is(word.piece, "--"))
			words->end = words->count;
		words->items[words->count++] = word;
	}
	if (words->end == SIZE_MAX)
		words->end = words->count;
	return 0;
}

static bool is_no_address(struct prep_piece value)
{
	return value.length == 0 || prep_piece_is(value, "off") ||
	       prep_piece_is(value, "none") ||
	       memchr(value.start, '\0', value.length);
}

/*
 * Makes the ip= that is there the one that is wanted, in its place: the last
 * one, as for the kernel and initramfs-tools.
 */
static int keep_ip(struct editor *editor)
{
	const struct prep_word *items = editor->words.items;
	char **text = &editor->wants.items[0].text;
	char *copy;

	for (size_t i = editor->words.end; i-- > 0;) {
		struct prep_piece value;

		if (!prep_word_value(&items[i], "ip=", &value) ||
		    is_no_address(value))
			continue;
		copy = strndup(items[i].piece.start, items[i].piece.length);
		if (!copy)
			return -ENOMEM;
		free(*text);
		*text = copy;
		/* Where it was said first, if it was said more than once. */
		while (!prep_piece_is(items[editor->places[0]].piece, copy))
			editor->places[0]++;
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
		       !prep_word_value(&editor->words.items[place], key, NULL))
			place++;
		editor->places[i] =
			place < editor->words.end ? place : NO_PLACE;
	}
}

/* Which of the wants this word is one of; their count for none. */
static size_t find_want(const struct editor *editor,
			const struct prep_word *word)
{
	size_t i = 0;

	while (i < editor->wants.count &&
	       !prep_word_value(word, editor->wants.items[i].key, NULL))
		i++;
	return i;
}

/*
 * What would contradict the root disk, or was for a card's first boot.  An
 * initrd's scripts look at all words of /proc/cmdline, also at those for init
 * (nbd-client 3.24, scripts/local-top/nbd), but a "resize" there is none of
 * theirs.
 */
static bool is_unwanted(const struct editor *editor, size_t index)
{
	static const char *const keys[] = { "nbdroot=", "netroot=", "nbddev=" };
	static const char resizer[] = "/init_resize.sh";
	const struct prep_word *word = &editor->words.items[index];
	struct prep_piece init;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (prep_word_value(word, keys[i], NULL))
			return true;
	if (prep_word_value(word, "init=", &init))
		return memmem(init.start, init.length, "firstboot",
			      strlen("firstboot")) ||
		       memmem(init.start, init.length, resizer,
			      strlen(resizer));
	return index < editor->words.end &&
	       prep_piece_is(word->piece, "resize");
}

static int note_dropped(struct editor *editor, struct prep_piece piece)
{
	struct prep_cmdline *result = &editor->result;
	char **dropped =
		reallocarray(result->dropped, result->dropped_count + 1,
			     sizeof(*result->dropped));
	char *copy;

	if (!dropped)
		return -ENOMEM;
	result->dropped = dropped;
	copy = strndup(piece.start, piece.length);
	if (!copy)
		return -ENOMEM;
	result->dropped[result->dropped_count++] = copy;
	return 0;
}

/* Adds a word to the line, with GAP_LENGTH blanks at GAP before it. */
static void put_word(struct editor *editor, struct prep_piece word,
		     const char *gap, size_t gap_length)
{
	if (editor->is_line_begun && gap_length == 0)
		prep_builder_add(&editor->out, " ", 1);
	else
		prep_builder_add(&editor->out, gap, gap_length);
	prep_builder_add(&editor->out, word.start, word.length);
	editor->is_line_begun = true;
}

static struct prep_piece want_at(const struct editor *editor, size_t index)
{
	const char *text = editor->wants.items[index].text;

	return (struct prep_piece){ text, strlen(text) };
}

static void put_missing(struct editor *editor)
{
	for (size_t i = 0; i < editor->wants.count; i++)
		if (editor->places[i] == NO_PLACE)
			put_word(editor, want_at(editor, i), NULL, 0);
}

static int put_words(struct editor *editor)
{
	size_t root = editor->places[editor->wants.count - 1];
	size_t missing = root != NO_PLACE ? root : editor->words.end;
	int error = 0;

	for (size_t i = 0; i < editor->words.count && error == 0; i++) {
		const struct prep_word *word = &editor->words.items[i];
		const char *start = word->piece.start;
		/* The blanks before a first word that goes go with it. */
		size_t gap = editor->is_line_begun || i == 0 ? word->gap : 0;
		size_t want = find_want(editor, word);

		if (i == missing)
			put_missing(editor);
		/* With a # at its beginning the line would be a comment. */
		if (want == editor->wants.count && !is_unwanted(editor, i) &&
		    (editor->is_line_begun || start[0] != '#'))
			put_word(editor, word->piece, start - word->gap, gap);
		else if (want < editor->wants.count &&
			 editor->places[want] == i)
			put_word(editor, want_at(editor, want),
				 start - word->gap, gap);
		else
			error = note_dropped(editor, word->piece);
	}
	if (missing == editor->words.count)
		put_missing(editor);
	return error;
}

static int note_rest(struct editor *editor, struct prep_piece rest)
{
	struct prep_line line;
	int error = 0;

	while (error == 0 && prep_next_line(&rest.start, &rest.length, &line))
		if (!prep_is_blank(line.start, line.length))
			error = note_dropped(
				editor,
				(struct prep_piece){ line.start, line.length });
	return error;
}

static void put_piece(struct editor *editor, struct prep_piece piece)
{
	prep_builder_add(&editor->out, piece.start, piece.length);
}

static int build(struct editor *editor, const struct prep_cmdline_parts *parts)
{
	const struct words *words = &editor->words;
	struct prep_piece blanks = parts->line;
	int error = prep_builder_start(&editor->out);

	if (error < 0)
		return error;
	put_piece(editor, parts->comments);
	prep_end_last_line(&editor->out, parts->comments.start,
			   parts->comments.length);
	error = put_words(editor);
	if (error < 0)
		return error;
	if (words->count > 0) {
		const struct prep_piece *last =
			&words->items[words->count - 1].piece;

		blanks.start = last->start + last->length;
		blanks.length -= (size_t)(blanks.start - parts->line.start);
	} else {
		blanks.length = 0;
	}
	put_piece(editor, blanks);
	put_piece(editor, parts->ending);
	error = note_rest(editor, parts->rest);
	if (error < 0)
		return error;
	return prep_builder_finish(&editor->out, &editor->result.text);
}

static int edit(struct editor *editor, const struct prep_cmdline_parts *parts,
		const struct prep_nbd_root *root, struct pbf_reason *why)
{
	int error = split_words(parts->line, &editor->words, why);

	if (error < 0)
		return error;
	error = prep_nbd_root_parameters(root, &editor->wants);
	if (error < 0)
		return error;
	find_places(editor);
	if (!root->ip)
		error = keep_ip(editor);
	return error < 0 ? error : build(editor, parts);
}

int prep_cmdline_edit(const char *text, size_t length,
		      const struct prep_nbd_root *root,
		      struct prep_cmdline *ret_cmdline, struct pbf_reason *why)
{
	struct editor editor = { 0 };
	struct prep_cmdline_parts parts;
	int error = prep_nbd_root_check(root, why);

	if (error < 0)
		return error;
	if (length > PREP_CMDLINE_BYTES_MAX)
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "it is longer than %u bytes, which no "
				  "kernel reads",
				  PREP_CMDLINE_BYTES_MAX);
	prep_cmdline_split(text, length, &parts);
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
