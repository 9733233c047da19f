/* SPDX-License-Identifier: BSD-2-Clause */
#include "initrd_cpio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "packed.h"
#include "unit.h"

/* What was visited: "NAME:CONTENT " for each member. */
static char visited[20000];
static size_t stop_after; /* members; 0: never */

static int visit_member(void *context, const struct prep_cpio_member *member)
{
	size_t *members = context;

	if (++*members == stop_after)
		return -ECANCELED;
	snprintf(visited + strlen(visited), sizeof(visited) - strlen(visited),
		 "%s%s:", *members > 1 ? " " : "", member->name);
	return 0;
}

static void visit_content(void *context, const unsigned char *bytes,
			  size_t length)
{
	(void)context;
	snprintf(visited + strlen(visited), sizeof(visited) - strlen(visited),
		 "%.*s", (int)length, (const char *)bytes);
}

struct outcome {
	int error;
	size_t taken, members;
	bool is_complete;
	struct pbf_reason why;
};

/* Hands it out in pieces of that length. */
static struct outcome take(const struct packed *packed, size_t piece)
{
	struct outcome outcome = { .why = { .text = "" } };
	struct prep_cpio cpio = {
		.visitor = { .member = visit_member,
			     .content = visit_content,
			     .context = &outcome.members },
	};
	size_t taken, length = piece;

	visited[0] = '\0';
	do {
		if (length > packed->length - outcome.taken)
			length = packed->length - outcome.taken;
		taken = 0;
		outcome.error =
			prep_cpio_take(&cpio, packed->bytes + outcome.taken,
				       length, &taken, &outcome.why);
		outcome.taken += taken;
	} while (outcome.error == 0 && taken == piece);
	outcome.is_complete = prep_cpio_is_complete(&cpio);
	return outcome;
}

static void assert_visited(const struct packed *packed, const char *expected)
{
	const size_t pieces[] = { 1, 3, 109, 110, 111, 512, 100000 };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct outcome outcome = take(packed, pieces[i]);

		assert_int_equal(outcome.error, 0);
		assert_string_equal(visited, expected);
		assert_int_equal(outcome.taken, packed->length);
		assert_true(outcome.is_complete);
	}
}

/* An archive of one file, whose header begins with byte 0. */
static struct packed one_file(const char *name, const char *content)
{
	struct packed packed = { 0 };

	packed_cpio(&packed, name, S_IFREG | 0644, content);
	packed_cpio_end(&packed);
	return packed;
}

static void assert_refused(const struct packed *packed, uint64_t offset,
			   const char *words)
{
	const size_t pieces[] = { 1, 100000 };

	for (size_t i = 0; i < 2; i++) {
		struct outcome outcome = take(packed, pieces[i]);

		assert_int_equal(outcome.error, -EUCLEAN);
		assert_reason(outcome.why, offset, words);
	}
}

TEST(members_are_visited_with_their_contents_in_pieces_of_any_length)
{
	_cleanup_packed_ struct packed packed = { 0 };

	/* Names and contents of all lengths, as to what is padded. */
	packed_cpio(&packed, "a", S_IFREG, "");
	packed_cpio(&packed, "bb", S_IFREG, "1");
	packed_cpio(&packed, "ccc", S_IFREG, "22");
	packed_cpio(&packed, "dddd", S_IFREG, "333");
	packed_cpio(&packed, "eeeee", S_IFREG, "4444");
	packed_cpio_end(&packed);
	assert_visited(&packed, "a: bb:1 ccc:22 dddd:333 eeeee:4444");
}

TEST(archives_follow_each_other_with_zeroes_in_between)
{
	const size_t gaps[] = { 0, 4, 512, 5000 };

	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		_cleanup_packed_ struct packed packed = one_file("a", "1");
		_cleanup_packed_ struct packed second = one_file("b", "2");

		packed_add_zeroes(&packed, gaps[i]);
		packed_add(&packed, second.bytes, second.length);
		packed_add_zeroes(&packed, gaps[i]);
		assert_visited(&packed, "a:1 b:2");
	}
}

TEST(archives_with_checksums_are_archives)
{
	_cleanup_packed_ struct packed packed = one_file("a", "1");

	packed.bytes[5] = '2';
	assert_visited(&packed, "a:1");
}

TEST(something_else_behind_an_archive_is_left_alone)
{
	const size_t pieces[] = { 1, 7, 100000 };
	_cleanup_packed_ struct packed packed = one_file("a", "1");
	size_t length = packed.length + 12;

	packed_add_zeroes(&packed, 12);
	packed_add(&packed, "\x1f\x8b\x08 and more", 12);
	for (size_t i = 0; i < 3; i++) {
		struct outcome outcome = take(&packed, pieces[i]);

		assert_int_equal(outcome.error, 0);
		assert_int_equal(outcome.taken, length);
		assert_true(outcome.is_complete);
	}
}

TEST(an_archive_that_is_cut_off_is_not_complete)
{
	_cleanup_packed_ struct packed packed = one_file("name", "content");
	size_t whole = packed.length;

	for (packed.length = 1; packed.length < whole; packed.length++) {
		struct outcome outcome = take(&packed, 100000);

		assert_int_equal(outcome.error, 0);
		assert_false(outcome.is_complete);
	}
}

TEST(something_else_than_a_header_is_malformed)
{
	_cleanup_packed_ struct packed packed = one_file("a", "1");

	packed.bytes[5] = '7'; /* the old format, in octal */
	assert_refused(&packed, 0, "should be a cpio header");
	packed.bytes[5] = '1';
	/* The second header, behind "a", its NUL and "1". */
	packed.bytes[116] = 'x';
	assert_refused(&packed, 116, "should be a cpio header");
}

TEST(numbers_are_hexadecimal_digits_of_either_case)
{
	_cleanup_packed_ struct packed packed = { 0 };

	packed_cpio(&packed, "long", S_IFREG, "012345678901");
	packed_cpio_end(&packed);
	assert_int_equal(packed.bytes[61], 'c');
	packed.bytes[61] = 'C';
	assert_visited(&packed, "long:012345678901");
	packed.bytes[61] = 'g';
	assert_refused(&packed, 0, "something else than hex digits");
	packed.bytes[61] = ' ';
	assert_refused(&packed, 0, "something else than hex digits");
}

static void set_number(struct packed *packed, size_t index, uint32_t value)
{
	char digits[9];

	snprintf(digits, sizeof(digits), "%08x", value);
	memcpy(packed->bytes + 6 + 8 * index, digits, 8);
}

TEST(names_are_as_long_as_linux_takes_them)
{
	_cleanup_packed_ struct packed packed = one_file("a", "1");
	char name[PREP_CPIO_NAME_BYTES + 1] = "", expected[5000];

	set_number(&packed, 11, 0);
	assert_refused(&packed, 0, "a name of 0 bytes");
	set_number(&packed, 11, 0xffffffff);
	assert_refused(&packed, 0, "a name of 4294967295 bytes");
	packed_free(&packed);
	memset(name, 'n', PREP_CPIO_NAME_BYTES);
	packed = one_file(name, "1");
	assert_refused(&packed, 0, "a name of 4097 bytes");
	packed_free(&packed);
	name[PREP_CPIO_NAME_BYTES - 1] = '\0';
	packed = one_file(name, "1");
	snprintf(expected, sizeof(expected), "%s:1", name);
	assert_visited(&packed, expected);
}

TEST(a_name_without_an_end_is_malformed)
{
	_cleanup_packed_ struct packed packed = one_file("abc", "1");

	packed.bytes[113] = 'd';
	assert_refused(&packed, 110, "does not end");
}

/* "TR" is no end of an archive. */
TEST(a_beginning_of_the_last_name_is_not_the_last_name)
{
	_cleanup_packed_ struct packed packed = one_file("TR", "");
	_cleanup_packed_ struct packed longer = one_file("TRAILER!!!x", "");

	assert_visited(&packed, "TR:");
	assert_visited(&longer, "TRAILER!!!x:");
	set_number(&packed, 11, 2);
	assert_refused(&packed, 110, "does not end");
}

TEST(a_content_may_be_said_to_be_as_long_as_there_are_numbers)
{
	_cleanup_packed_ struct packed packed = one_file("a", "1");
	struct outcome outcome;

	set_number(&packed, 6, 0xffffffff);
	outcome = take(&packed, 100000);
	assert_int_equal(outcome.error, 0);
	assert_int_equal(outcome.members, 1);
	assert_false(outcome.is_complete);
}

TEST(a_visitor_can_end_it)
{
	_cleanup_packed_ struct packed packed = { 0 };
	struct outcome outcome;

	packed_cpio(&packed, "a", S_IFREG, "1");
	packed_cpio(&packed, "b", S_IFREG, "2");
	packed_cpio(&packed, "c", S_IFREG, "3");
	stop_after = 2;
	outcome = take(&packed, 100000);
	stop_after = 0;
	assert_int_equal(outcome.error, -ECANCELED);
	assert_string_equal(visited, "a:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			members_are_visited_with_their_contents_in_pieces_of_any_length),
		cmocka_unit_test(
			archives_follow_each_other_with_zeroes_in_between),
		cmocka_unit_test(archives_with_checksums_are_archives),
		cmocka_unit_test(
			something_else_behind_an_archive_is_left_alone),
		cmocka_unit_test(an_archive_that_is_cut_off_is_not_complete),
		cmocka_unit_test(something_else_than_a_header_is_malformed),
		cmocka_unit_test(numbers_are_hexadecimal_digits_of_either_case),
		cmocka_unit_test(names_are_as_long_as_linux_takes_them),
		cmocka_unit_test(a_name_without_an_end_is_malformed),
		cmocka_unit_test(
			a_beginning_of_the_last_name_is_not_the_last_name),
		cmocka_unit_test(
			a_content_may_be_said_to_be_as_long_as_there_are_numbers),
		cmocka_unit_test(a_visitor_can_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
