/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch_sum.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "text.h"

struct prep_hasher {
	EVP_MD_CTX *context;
};

bool prep_sum_equal(const struct prep_sum *a, const struct prep_sum *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void prep_sum_format(const struct prep_sum *sum,
		     char ret_text[PREP_SUM_DIGITS + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < PREP_SUM_BYTES; i++) {
		ret_text[2 * i] = digits[sum->bytes[i] >> 4];
		ret_text[2 * i + 1] = digits[sum->bytes[i] & 0xf];
	}
	ret_text[PREP_SUM_DIGITS] = '\0';
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* How many hex digits these bytes begin with. */
static size_t count_digits(const char *bytes, size_t length)
{
	size_t i = 0;

	while (i < length && digit_value(bytes[i]) >= 0)
		i++;
	return i;
}

static void decode(const char *digits, struct prep_sum *sum)
{
	for (size_t i = 0; i < PREP_SUM_BYTES; i++)
		sum->bytes[i] =
			(unsigned char)(digit_value(digits[2 * i]) * 16 +
					digit_value(digits[2 * i + 1]));
}

int prep_sum_parse(const char *string, struct prep_sum *ret_sum,
		   struct pbf_reason *why)
{
	const char *start = string + strspn(string, " \t\r\n");
	size_t count = count_digits(start, strlen(start));

	if (count != PREP_SUM_DIGITS ||
	    start[count + strspn(start + count, " \t\r\n")] != '\0')
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "is no SHA-256 sum, which has 64 hex digits");
	decode(start, ret_sum);
	return 0;
}

/*
 * Whether LINE lists NAME: digits, a blank, a blank or a star, the name.  The
 * digits may be too few, which only matters for a line that is asked for.
 */
static bool lists(const struct prep_line *line, const char *name,
		  size_t *ret_digits)
{
	size_t digits = count_digits(line->start, line->length);
	const char *listed = line->start + digits;
	size_t length = line->length - digits;

	if (digits == 0 || length < 3 || listed[0] != ' ' ||
	    (listed[1] != ' ' && listed[1] != '*'))
		return false;
	listed += 2;
	length -= 2;
	if (prep_starts_with(listed, length, "./")) {
		listed += 2;
		length -= 2;
	}
	*ret_digits = digits;
	return length == strlen(name) && memcmp(listed, name, length) == 0;
}

int prep_find_sum(const char *text, size_t length, const char *name,
		  struct prep_sum *ret_sum, struct pbf_reason *why)
{
	const char *rest = text;
	struct prep_sum found = { 0 };
	bool is_found = false;
	struct prep_line line;

	while (prep_next_line(&rest, &length, &line)) {
		uint64_t offset = (uint64_t)(line.start - text);
		struct prep_sum sum;
		size_t digits;

		if (!lists(&line, name, &digits))
			continue;
		if (digits != PREP_SUM_DIGITS)
			return pbf_refuse(why, -EUCLEAN, offset,
					  "%s has a sum of %zu hex digits; "
					  "SHA-256 sums have 64",
					  name, digits);
		decode(line.start, &sum);
		if (is_found && !prep_sum_equal(&sum, &found))
			return pbf_refuse(why, -EUCLEAN, offset,
					  "%s is listed with two different "
					  "sums",
					  name);
		found = sum;
		is_found = true;
	}
	if (!is_found)
		return pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
				  "%s is not listed", name);
	*ret_sum = found;
	return 0;
}

struct prep_hasher *prep_hasher_new(void)
{
	_cleanup_hasher_ struct prep_hasher *hasher =
		calloc(1, sizeof(*hasher));
	struct prep_hasher *made = hasher;

	if (!hasher)
		return NULL;
	hasher->context = EVP_MD_CTX_new();
	if (!hasher->context ||
	    EVP_DigestInit_ex(hasher->context, EVP_sha256(), NULL) != 1)
		return NULL;
	hasher = NULL;
	return made;
}

void prep_hasher_free(struct prep_hasher *hasher)
{
	if (!hasher)
		return;
	EVP_MD_CTX_free(hasher->context);
	free(hasher);
}

void prep_hasher_add(struct prep_hasher *hasher, const void *bytes,
		     size_t length)
{
	int done = EVP_DigestUpdate(hasher->context, bytes, length);

	assert(done == 1); /* nothing in SHA-256 can fail but our use of it */
	(void)done;
}

void prep_hasher_finish(struct prep_hasher *hasher, struct prep_sum *ret_sum)
{
	int done = EVP_DigestFinal_ex(hasher->context, ret_sum->bytes, NULL);

	assert(done == 1);
	(void)done;
}
