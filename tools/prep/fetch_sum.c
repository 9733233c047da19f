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

/* A line of SHA256SUMS. */
struct listing {
	const char *sum, *name;
	size_t digits; /* may be too few, or none */
	size_t name_length;
};

/* SUM, a blank, a blank or a star, the name. */
static bool read_plain(const struct prep_line *line, struct listing *listing)
{
	size_t digits = count_digits(line->start, line->length);
	const char *rest = line->start + digits;
	size_t length = line->length - digits;

	if (digits == 0 || length < 3 || rest[0] != ' ' ||
	    (rest[1] != ' ' && rest[1] != '*'))
		return false;
	*listing =
		(struct listing){ line->start, rest + 2, digits, length - 2 };
	return true;
}

#define TAG "SHA256 ("
#define TAG_END ") = "

/* What sha256sum --tag and BSD write: "SHA256 (name) = SUM". */
static bool read_tagged(const struct prep_line *line, struct listing *listing)
{
	const char *name = line->start + strlen(TAG), *sum;
	const char *end = line->start + line->length;

	if (!prep_starts_with(line->start, line->length, TAG))
		return false;
	/* The last one, as a name may have it too. */
	for (sum = end - strlen(TAG_END); sum >= name; sum--)
		if (memcmp(sum, TAG_END, strlen(TAG_END)) == 0)
			break;
	if (sum < name)
		return false;
	listing->name = name;
	listing->name_length = (size_t)(sum - name);
	listing->sum = sum + strlen(TAG_END);
	listing->digits =
		count_digits(listing->sum, (size_t)(end - listing->sum));
	return true;
}

/* Whether it lists NAME, or where ANYWHERE one of that name elsewhere. */
static bool lists(const struct listing *listing, const char *name,
		  bool anywhere)
{
	const char *listed = listing->name;
	size_t length = listing->name_length, wanted = strlen(name);

	if (prep_starts_with(listed, length, "./")) {
		listed += 2;
		length -= 2;
	}
	if (anywhere && length > wanted && listed[length - wanted - 1] == '/') {
		listed += length - wanted;
		length = wanted;
	}
	return length == wanted && memcmp(listed, name, length) == 0;
}

/* 1 when it is found, 0 when not. */
static int search(const char *text, size_t length, const char *name,
		  bool anywhere, struct prep_sum *ret_sum,
		  struct pbf_reason *why)
{
	const char *rest = text;
	struct prep_sum found = { 0 };
	struct prep_line line;
	int count = 0;

	while (prep_next_line(&rest, &length, &line)) {
		uint64_t offset = (uint64_t)(line.start - text);
		struct listing listing;
		struct prep_sum sum;

		if ((!read_plain(&line, &listing) &&
		     !read_tagged(&line, &listing)) ||
		    !lists(&listing, name, anywhere))
			continue;
		if (listing.digits != PREP_SUM_DIGITS)
			return pbf_refuse(why, -EUCLEAN, offset,
					  "%s has a sum of %zu hex digits; "
					  "SHA-256 sums have 64",
					  name, listing.digits);
		decode(listing.sum, &sum);
		if (count > 0 && !prep_sum_equal(&sum, &found))
			return pbf_refuse(why, -EUCLEAN, offset,
					  "%s is listed with two different "
					  "sums; --sha256 says which",
					  name);
		found = sum;
		count = 1;
	}
	if (count > 0)
		*ret_sum = found;
	return count;
}

int prep_find_sum(const char *text, size_t length, const char *name,
		  struct prep_sum *ret_sum, struct pbf_reason *why)
{
	int result = search(text, length, name, false, ret_sum, why);

	if (result == 0)
		result = search(text, length, name, true, ret_sum, why);
	if (result == 0)
		return pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
				  "%s is not listed", name);
	return result < 0 ? result : 0;
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
