/* SPDX-License-Identifier: BSD-2-Clause */
#include "board_id.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* /proc/cpuinfo of a machine with a thousand processors fits. */
#define TEXT_BYTES_MAX (4u << 20)
#define WORD_BYTES 24u

#define LABEL "Serial"

/* The text as a string with no white space around it; false if it is long. */
static bool copy_word(const char *text, size_t length,
		      char ret_word[WORD_BYTES])
{
	while (length > 0 && prep_is_blank(text, 1)) {
		text++;
		length--;
	}
	while (length > 0 && prep_is_blank(text + length - 1, 1))
		length--;
	if (length >= WORD_BYTES || memchr(text, '\0', length))
		return false;
	memcpy(ret_word, text, length);
	ret_word[length] = '\0';
	return true;
}

/* Digits after 0x are a number, so that its leading zeroes may be missing. */
static bool pad_number(char word[WORD_BYTES])
{
	const char *digits = word + 2;
	size_t count;
	unsigned long long number;

	if (word[0] != '0' || (word[1] != 'x' && word[1] != 'X'))
		return false;
	count = strspn(digits, "0123456789abcdefABCDEF");
	if (count < 1 || count > 16 || digits[count] != '\0')
		return false;
	number = strtoull(digits, NULL, 16);
	snprintf(word, WORD_BYTES, "%016llx", number);
	return true;
}

static bool parse_serial(const char *text, size_t length,
			 char ret_key[PBF_BOARD_KEY_BYTES])
{
	char word[WORD_BYTES];

	if (!copy_word(text, length, word))
		return false;
	/* A hardware address is a board's name too, but no serial number. */
	return (pad_number(word) || !strchr(word, '-')) &&
	       pbf_board_key(word, ret_key);
}

/* Not taken for what it could be: a digit that was missed is more likely. */
static bool is_short(const char *word, size_t *ret_digits)
{
	*ret_digits = strspn(word, "0123456789abcdefABCDEF");
	return *ret_digits > 0 && *ret_digits < 8 && word[*ret_digits] == '\0';
}

/* The part of a "Serial : ..." line after its colon; false for others. */
static bool find_value(const struct prep_line *line, const char **ret_value,
		       size_t *ret_length)
{
	const char *p = line->start, *end = line->start + line->length;

	p += prep_blanks(p, line->length);
	if (!prep_starts_with(p, (size_t)(end - p), LABEL))
		return false;
	p += strlen(LABEL);
	p += prep_blanks(p, (size_t)(end - p));
	if (p == end || *p != ':')
		return false;
	*ret_value = p + 1;
	*ret_length = (size_t)(end - p - 1);
	return true;
}

static int search_lines(const char *text, size_t length,
			char ret_key[PBF_BOARD_KEY_BYTES],
			struct pbf_reason *why)
{
	char key[PBF_BOARD_KEY_BYTES] = "", found[PBF_BOARD_KEY_BYTES] = "";
	struct prep_line line;
	const char *value;
	size_t value_length;

	while (prep_next_line(&text, &length, &line)) {
		if (!find_value(&line, &value, &value_length))
			continue;
		if (!parse_serial(value, value_length, key))
			return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
					  "what follows \"" LABEL
					  "\" is not 8 or 16 hex digits");
		if (found[0] != '\0' && strcmp(found, key) != 0)
			return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
					  "it names two boards, %s and %s",
					  found, key);
		memcpy(found, key, sizeof(found));
	}
	if (found[0] == '\0')
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "neither a serial number of 8 or 16 hex "
				  "digits, nor a line \"" LABEL
				  " : ...\" as in "
				  "/proc/cpuinfo, nor a file with one");
	memcpy(ret_key, found, sizeof(found));
	return 0;
}

int prep_board_from_serial(const char *text, size_t length,
			   char ret_key[PBF_BOARD_KEY_BYTES],
			   struct pbf_reason *why)
{
	char word[WORD_BYTES];
	size_t digits;

	if (length > TEXT_BYTES_MAX)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "too long to be a serial number");
	if (parse_serial(text, length, ret_key))
		return 0;
	if (copy_word(text, length, word) && is_short(word, &digits))
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "a serial number has 8 or 16 hex digits, and "
				  "not %zu: if zeroes in front are missing, it "
				  "is %08llx",
				  digits, strtoull(word, NULL, 16));
	return search_lines(text, length, ret_key, why);
}

int prep_board_from_mac(const char *text, char ret_key[PBF_BOARD_KEY_BYTES],
			struct pbf_reason *why)
{
	char word[WORD_BYTES];
	bool has_colons = strchr(text, ':'), has_dashes = strchr(text, '-');

	if (copy_word(text, strlen(text), word) && has_colons != has_dashes) {
		for (char *p = word; *p; p++)
			if (*p == ':')
				*p = '-';
		if (pbf_board_key(word, ret_key))
			return 0;
	}
	return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
			  "a hardware address is written as dc:a6:32:01:36:c2");
}
