/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-256 sums: made of bytes as they pass, read from hex digits, and looked
 * up in the SHA256SUMS file that lies beside a download.
 */
#ifndef PREP_FETCH_SUM_H
#define PREP_FETCH_SUM_H

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"
#include "reason.h"

#define PREP_SUM_BYTES 32u
#define PREP_SUM_DIGITS (2 * PREP_SUM_BYTES)

struct prep_sum {
	unsigned char bytes[PREP_SUM_BYTES];
};

bool prep_sum_equal(const struct prep_sum *a, const struct prep_sum *b);

/* Writes 64 lower-case hex digits and a NUL. */
void prep_sum_format(const struct prep_sum *sum,
		     char ret_text[PREP_SUM_DIGITS + 1]);

/*
 * Reads a string of 64 hex digits of either case, blanks and line breaks
 * around them allowed.  -EINVAL for anything else.
 */
int prep_sum_parse(const char *string, struct prep_sum *ret_sum,
		   struct pbf_reason *why);

/*
 * Looks NAME up in the text of a SHA256SUMS file: lines `SUM  NAME`,
 * `SUM *NAME` or `SHA256 (NAME) = SUM` with either line break.  NAME may have
 * a leading "./"; if it is not there, one in whatever directory is meant.
 * Comments, PGP armour and all that has no such form are passed over.
 * -ENOENT when NAME is not listed, -EUCLEAN when it is listed with two
 * different sums, or with something that is no SHA-256 sum; WHY has the offset
 * of the line in the text.
 */
int prep_find_sum(const char *text, size_t length, const char *name,
		  struct prep_sum *ret_sum, struct pbf_reason *why);

/* A sum being made. */
struct prep_hasher;

/* NULL without memory.  The caller frees it. */
struct prep_hasher *prep_hasher_new(void);
void prep_hasher_free(struct prep_hasher *hasher);
void prep_hasher_add(struct prep_hasher *hasher, const void *bytes,
		     size_t length);
/* The sum of all that was added; nothing can be added afterwards. */
void prep_hasher_finish(struct prep_hasher *hasher, struct prep_sum *ret_sum);

static inline void prep_hasher_free_pointer(struct prep_hasher **hasher)
{
	prep_hasher_free(*hasher);
}
#define _cleanup_hasher_ _cleanup_(prep_hasher_free_pointer)

#endif
