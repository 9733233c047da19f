/* SPDX-License-Identifier: BSD-2-Clause */
#include "deny.h"

#include <errno.h>

#include "unit.h"

static bool denies(const char *patterns, const char *name)
{
	struct pbf_deny deny = { .length = 0 };

	assert_int_equal(pbf_deny_add(&deny, patterns, NULL), 0);
	return pbf_deny_has(&deny, name, "ALIAS~1.TXT");
}

#define assert_denied(patterns, name) assert_true(denies(patterns, name))
#define assert_served(patterns, name) assert_false(denies(patterns, name))

TEST(nothing_is_denied_at_first)
{
	const struct pbf_deny deny = { .length = 0 };

	assert_false(pbf_deny_has(NULL, "name", "NAME"));
	assert_false(pbf_deny_has(&deny, "name", "NAME"));
	assert_false(pbf_deny_has(&deny, "", ""));
}

TEST(a_pattern_without_wildcards_is_a_name)
{
	assert_denied("user-data", "user-data");
	assert_served("user-data", "user-dat");
	assert_served("user-data", "user-data2");
	assert_served("user-data", "my-user-data");
}

TEST(a_star_stands_for_any_characters)
{
	assert_denied("*", "a");
	assert_denied("*.key", "a.key");
	assert_denied("*.key", ".key");
	assert_denied("*.key", "a.key.key");
	assert_served("*.key", "a.keys");
	assert_served("*.key", "key");
	assert_denied("a*", "a");
	assert_denied("a**b", "ab");
	assert_denied("a*b*c", "a-b-b-c");
	assert_served("a*b*c", "a-c-b");
	assert_denied("*abac", "ababac");
	assert_denied("*a?c*", "aabcx");
}

TEST(a_question_mark_stands_for_one_character)
{
	assert_denied("a?c", "abc");
	assert_denied("a?c", "a\u20acc");
	assert_denied("a?c", "a\U0001f600c");
	assert_served("a?c", "ac");
	assert_served("a?c", "abbc");
	assert_served("abc?", "abc");
}

TEST(all_else_stands_for_itself)
{
	assert_denied("[a]{b}", "[a]{b}");
	assert_served("[a]", "a");
	assert_served("[!x]", "a");
}

TEST(case_does_not_count)
{
	assert_denied("User-Data", "uSER-dATA");
	assert_denied("\u00e9\u0436*", "\u00c9\u0416x");
	assert_denied("\u00c9\u0416*", "\u00e9\u0436x");
	assert_served("k", "\u212a"); /* the Kelvin sign, as on FAT */
}

TEST(the_alias_counts_as_well)
{
	assert_denied("alias~1.*", "a long name");
	assert_denied("ALIAS~1.TXT", "a long name");
}

TEST(dots_and_blanks_at_the_end_do_not_save_a_name)
{
	assert_denied("user-data", "user-data.");
	assert_denied("user-data", "user-data. . ");
	assert_denied("*.key", "a.key ");
	assert_denied("user-data.", "user-data.");
	assert_served("user-data", "user-data.x");
	assert_served("x", "...");
}

TEST(there_may_be_several_patterns)
{
	assert_denied("a:b:*.c", "a");
	assert_denied("a:b:*.c", "b");
	assert_denied("a:b:*.c", "x.c");
	assert_served("a:b:*.c", "c");
	assert_served("a:b", "ab");
}

TEST(patterns_can_be_added)
{
	struct pbf_deny deny = { .length = 0 };

	assert_int_equal(pbf_deny_add(&deny, "a", NULL), 0);
	assert_int_equal(pbf_deny_add(&deny, "b", NULL), 0);
	assert_true(pbf_deny_has(&deny, "a", "A"));
	assert_true(pbf_deny_has(&deny, "b", "B"));
	assert_false(pbf_deny_has(&deny, "c", "C"));
}

TEST(an_escaped_comma_is_a_comma)
{
	assert_denied("a\\,b", "a,b");
	assert_denied("a,b", "a,b");
	assert_denied("\\,\\,:x", ",,");
}

static void assert_refused(const char *text, int error, const char *words)
{
	struct pbf_deny deny = { .length = 0 };
	struct pbf_reason why = { .offset_bytes = 0 };

	assert_int_equal(pbf_deny_add(&deny, text, &why), error);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
	assert_int_equal(deny.length, 0);
}

TEST(what_can_be_no_pattern_is_refused)
{
	assert_refused("", -EINVAL, "empty");
	assert_refused(":", -EINVAL, "empty");
	assert_refused("a:", -EINVAL, "empty");
	assert_refused(":a", -EINVAL, "empty");
	assert_refused("a::b", -EINVAL, "empty");
	assert_refused("a:/b", -EINVAL, "\"/\"");
	assert_refused("a:b\\", -EINVAL, "backslash");
	assert_refused("\\*", -EINVAL, "backslash");
}

TEST(patterns_are_bounded)
{
	char text[PBF_DENY_CHARACTERS_MAX + 1] = { 0 };
	struct pbf_deny deny = { .length = 0 };

	memset(text, 'a', PBF_DENY_CHARACTERS_MAX);
	assert_refused(text, -E2BIG, "1023");
	text[PBF_DENY_CHARACTERS_MAX - 1] = '\0';
	assert_int_equal(pbf_deny_add(&deny, text, NULL), 0);
	assert_int_equal(pbf_deny_add(&deny, "b", NULL), -E2BIG);
	assert_false(pbf_deny_has(&deny, "b", "B"));
}

TEST(a_name_of_any_length_is_matched)
{
	char name[256];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_denied("*a", name);
	name[sizeof(name) - 2] = 'b';
	assert_denied("*b", name);
	assert_served("*c", name);
}

/* Trying every star again would take more steps than there is time. */
TEST(many_stars_are_no_trouble)
{
	char pattern[802], name[256];

	for (size_t i = 0; i < 800; i += 2)
		memcpy(pattern + i, "*a", 2);
	memcpy(pattern + 800, "b", 2);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_served(pattern, name);
	memcpy(pattern + 200, "b", 2);
	for (int i = 0; i < 100; i++)
		assert_served(pattern, name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_denied_at_first),
		cmocka_unit_test(a_pattern_without_wildcards_is_a_name),
		cmocka_unit_test(a_star_stands_for_any_characters),
		cmocka_unit_test(a_question_mark_stands_for_one_character),
		cmocka_unit_test(all_else_stands_for_itself),
		cmocka_unit_test(case_does_not_count),
		cmocka_unit_test(the_alias_counts_as_well),
		cmocka_unit_test(dots_and_blanks_at_the_end_do_not_save_a_name),
		cmocka_unit_test(there_may_be_several_patterns),
		cmocka_unit_test(patterns_can_be_added),
		cmocka_unit_test(an_escaped_comma_is_a_comma),
		cmocka_unit_test(what_can_be_no_pattern_is_refused),
		cmocka_unit_test(patterns_are_bounded),
		cmocka_unit_test(a_name_of_any_length_is_matched),
		cmocka_unit_test(many_stars_are_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
