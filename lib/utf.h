/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text as FAT stores it and as Linux shows it: UTF-16 and a code page of
 * DOS on the disk, UTF-8 in names.  Case is folded one code point to one, as
 * the FAT up-case tables do; no letter outside ASCII folds to one inside it, so
 * that neither the Kelvin sign nor a dotless i can stand for a plain letter.
 */
#ifndef PBF_UTF_H
#define PBF_UTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest UTF-8 form of one code point. */
#define PBF_UTF8_MAX 4

/* Stands for what cannot be shown, such as half of a surrogate pair. */
#define PBF_REPLACEMENT_CHARACTER 0xfffdu

/* Writes CODE_POINT to OUT, without a terminating NUL; returns the length. */
size_t pbf_utf8_encode(uint32_t code_point, char out[PBF_UTF8_MAX]);

/*
 * Reads one code point from the NUL-terminated *TEXT and moves *TEXT past it.
 * Bytes that are not UTF-8 come back one by one as 0xdc80..0xdcff, so that
 * two different strings never read the same.  Returns 0 at the end.
 */
uint32_t pbf_utf8_next(const char **text);

/*
 * Turns UNIT_COUNT UTF-16 code units into NUL-terminated UTF-8.  Unpaired
 * surrogates become PBF_REPLACEMENT_CHARACTER.  OUT has room for
 * 3 * UNIT_COUNT + 1 bytes.
 */
void pbf_utf16_to_utf8(const uint16_t *units, size_t unit_count, char *out);

/*
 * The alphabets of short names.  Linux and Windows (in English) use 437 when
 * not told otherwise, Windows in western Europe 850.
 */
enum pbf_code_page {
	PBF_CODE_PAGE_437,
	PBF_CODE_PAGE_850,
};

/* A "437" or "850"; false for anything else. */
bool pbf_parse_code_page(const char *text, enum pbf_code_page *ret_page);

/* Bytes below 0x80 are ASCII in every page. */
uint32_t pbf_code_page_to_unicode(enum pbf_code_page page, unsigned char byte);

/*
 * Makes TEXT, which may come from an image, fit to be shown: each control
 * character (C0, DEL, C1), line separator, mark that changes the direction of
 * writing and byte that is not UTF-8 becomes a '?'.
 */
void pbf_utf_mask(char *text);

uint32_t pbf_fold_case(uint32_t code_point);
uint32_t pbf_lower_case(uint32_t code_point);

/* Whether two UTF-8 strings are equal when case is folded. */
bool pbf_equal_folded(const char *a, const char *b);

#endif
