/* SPDX-License-Identifier: BSD-2-Clause */
#include "deny.h"

#include <errno.h>
#include <string.h>

#include "utf.h"

#define NAME_CHARACTERS_MAX 255u

/* What is wrong with the pattern that TEXT begins with; NULL for nothing. */
static const char *fault_of(const char *text)
{
	size_t length = strcspn(text, ":");
	const char *backslash = memchr(text, '\\', length);

	if (length == 0)
		return "an empty pattern";
	if (memchr(text, '/', length))
		return "a pattern with \"/\": it is for one name of a path";
	if (backslash && backslash[1] != ',')
		return "a backslash with no comma behind it";
	return NULL;
}

int pbf_deny_add(struct pbf_deny *deny, const char *text,
		 struct pbf_reason *why)
{
	size_t length = deny->length;
	const char *pattern = text, *fault;

	do {
		fault = fault_of(pattern);
		if (fault)
			return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
					  "%s", fault);
		pattern += strcspn(pattern, ":");
	} while (*pattern++ == ':');
	for (;;) {
		uint32_t character = pbf_utf8_next(&text);

		if (length == PBF_DENY_CHARACTERS_MAX)
			return pbf_refuse(why, -E2BIG, PBF_REASON_NO_OFFSET,
					  "more than %u characters in all",
					  PBF_DENY_CHARACTERS_MAX - 1);
		if (character == '\\')
			continue;
		deny->patterns[length++] =
			character == ':' ? 0 : pbf_fold_case(character);
		if (character == 0)
			break;
	}
	deny->length = length;
	return 0;
}

/*
 * Whether all of NAME fits PATTERN, both ended by 0.  Only the last "*" is
 * tried again: what an earlier one could do, it can do as well.
 */
static bool fits(const uint32_t *pattern, const uint32_t *name)
{
	const uint32_t *after_star = NULL, *retry = NULL;

	while (*name) {
		if (*pattern == '*') {
			after_star = ++pattern;
			retry = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (after_star) {
			pattern = after_star;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == 0;
}

static bool fits_any(const struct pbf_deny *deny, const uint32_t *name)
{
	for (size_t i = 0; i < deny->length; i++)
		if ((i == 0 || deny->patterns[i - 1] == 0) &&
		    fits(&deny->patterns[i], name))
			return true;
	return false;
}

static bool has_name(const struct pbf_deny *deny, const char *name)
{
	uint32_t folded[NAME_CHARACTERS_MAX + 1];
	size_t length = 0, all;

	while (*name && length < NAME_CHARACTERS_MAX)
		folded[length++] = pbf_fold_case(pbf_utf8_next(&name));
	folded[length] = 0;
	if (fits_any(deny, folded))
		return true;
	all = length;
	while (length > 0 &&
	       (folded[length - 1] == '.' || folded[length - 1] == ' '))
		folded[--length] = 0;
	return length > 0 && length < all && fits_any(deny, folded);
}

bool pbf_deny_has(const struct pbf_deny *deny, const char *name,
		  const char *alias)
{
	return deny && deny->length > 0 &&
	       (has_name(deny, name) || has_name(deny, alias));
}
