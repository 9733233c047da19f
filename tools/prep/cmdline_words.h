/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a cmdline.txt is read: which of its lines the firmware takes, and how
 * the kernel splits that into words (lib/cmdline.c of Linux, next_arg()).
 *
 * The firmware takes the first line and no other (the documentation wants all
 * in one line; users who had two found the second without effect).  Systems
 * that ship lines beginning with # ahead of it boot.
 */
#ifndef PREP_CMDLINE_WORDS_H
#define PREP_CMDLINE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* More is no kernel's command line. */
#define PREP_CMDLINE_BYTES_MAX 65536u

/* Bytes of a cmdline.txt; not a string. */
struct prep_piece {
	const char *start;
	size_t length;
};

/* A cmdline.txt, one part behind the other; they borrow it. */
struct prep_cmdline_parts {
	struct prep_piece comments; /* lines ahead, blank ones too */
	struct prep_piece line;	    /* the one that counts */
	struct prep_piece ending;   /* its line break, and blank lines behind */
	struct prep_piece rest;	    /* what the firmware does not read */
};

/*
 * With no parameter in any line, the line is an empty one where the comments
 * end.
 */
void prep_cmdline_split(const char *text, size_t length,
			struct prep_cmdline_parts *ret_parts);

/* A parameter as it is written. */
struct prep_word {
	struct prep_piece piece;
	size_t gap;	  /* how many blanks are before it */
	bool is_unclosed; /* a quotation mark in it has no end */
};

/*
 * Takes the next word off LINE; false when there is none.  Double quotes
 * protect blanks.
 */
bool prep_next_word(struct prep_piece *line, struct prep_word *ret_word);

/* Whether these bytes are just TEXT. */
bool prep_piece_is(struct prep_piece piece, const char *text);

/* Takes PREFIX off its beginning, if it is there. */
bool prep_piece_cut(struct prep_piece *piece, const char *prefix);

/*
 * Whether WORD is a "key=value", where KEY has its '='.  RET_VALUE, which may
 * be NULL, is the value without the quotes that are around it, or around all
 * of the word.
 */
bool prep_word_value(const struct prep_word *word, const char *key,
		     struct prep_piece *ret_value);

/*
 * The last value of KEY in a cmdline.txt, ahead of the "--" behind which are
 * init's words; false if there is none.
 */
bool prep_cmdline_value(const char *text, size_t length, const char *key,
			struct prep_piece *ret_value);

#endif
