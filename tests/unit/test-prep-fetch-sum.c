/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch_sum.h"

#include <errno.h>

#include "unit.h"

/* Of nothing, and of "abc": FIPS 180-2, appendix B.1. */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void assert_sum(const struct prep_sum *sum, const char *expected)
{
	char text[PREP_SUM_DIGITS + 1];

	prep_sum_format(sum, text);
	assert_string_equal(text, expected);
}

TEST(bytes_have_their_sum_in_whatever_pieces_they_come)
{
	_cleanup_hasher_ struct prep_hasher *nothing = prep_hasher_new();
	_cleanup_hasher_ struct prep_hasher *pieces = prep_hasher_new();
	struct prep_sum sum;

	prep_hasher_finish(nothing, &sum);
	assert_sum(&sum, EMPTY);
	prep_hasher_add(pieces, "a", 1);
	prep_hasher_add(pieces, "", 0);
	prep_hasher_add(pieces, "bc", 2);
	prep_hasher_finish(pieces, &sum);
	assert_sum(&sum, ABC);
}

TEST(a_sum_is_read_in_either_case_with_blanks_around_it)
{
	struct prep_sum sum;

	assert_int_equal(prep_sum_parse(ABC, &sum, NULL), 0);
	assert_sum(&sum, ABC);
	assert_int_equal(
		prep_sum_parse("  BA7816BF8F01CFEA414140DE5DAE2223B00361A39617"
			       "7A9CB410FF61F20015AD\r\n",
			       &sum, NULL),
		0);
	assert_sum(&sum, ABC);
}

static void assert_no_sum(const char *text)
{
	struct pbf_reason why;
	struct prep_sum sum;

	assert_int_equal(prep_sum_parse(text, &sum, &why), -EINVAL);
	assert_reason(why, PBF_REASON_NO_OFFSET, "64 hex digits");
}

TEST(what_has_not_64_digits_is_no_sum)
{
	assert_no_sum("");
	assert_no_sum(&ABC[1]);
	assert_no_sum(ABC "0");
	assert_no_sum(ABC "  image.xz");
	assert_no_sum("ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff"
		      "61f20015ad");
}

TEST(equal_sums_are_equal)
{
	struct prep_sum a, b;

	assert_int_equal(prep_sum_parse(ABC, &a, NULL), 0);
	assert_int_equal(prep_sum_parse(ABC, &b, NULL), 0);
	assert_true(prep_sum_equal(&a, &b));
	b.bytes[31] ^= 1;
	assert_false(prep_sum_equal(&a, &b));
}

static void assert_found(const char *text, const char *name,
			 const char *expected)
{
	struct prep_sum sum;

	assert_int_equal(prep_find_sum(text, strlen(text), name, &sum, NULL),
			 0);
	assert_sum(&sum, expected);
}

static void assert_not_found(const char *text, const char *name, int error,
			     uint64_t offset, const char *words)
{
	struct pbf_reason why;
	struct prep_sum sum;

	assert_int_equal(prep_find_sum(text, strlen(text), name, &sum, &why),
			 error);
	assert_reason(why, offset, words);
}

TEST(a_name_is_found_in_text_and_binary_lines)
{
	static const char text[] = EMPTY "  one.img\n" ABC " *two.img.xz\n";

	assert_found(text, "one.img", EMPTY);
	assert_found(text, "two.img.xz", ABC);
}

TEST(a_name_is_found_whatever_the_line_breaks)
{
	assert_found(EMPTY "  a\r\n" ABC "  b\r\n", "b", ABC);
	assert_found(EMPTY "  a\n" ABC "  b", "b", ABC);
}

TEST(a_name_is_found_in_the_current_directory)
{
	assert_found(ABC "  ./a\n", "a", ABC);
}

TEST(a_name_is_found_in_tagged_lines)
{
	static const char text[] = "SHA512 (a) = " ABC ABC "\n"
				   "SHA256 (a) = " ABC "\r\n"
				   "SHA256 (./b (1).img) = " EMPTY "\n"
				   "SHA256 (c) = d) = " ABC;

	assert_found(text, "a", ABC);
	assert_found(text, "b (1).img", EMPTY);
	assert_found(text, "c) = d", ABC);
	assert_not_found(text, "c", -ENOENT, PBF_REASON_NO_OFFSET,
			 "not listed");
}

TEST(tagged_lines_that_are_cut_off_are_refused_or_passed_over)
{
	assert_not_found("SHA256 (a) = ba78\n", "a", -EUCLEAN, 0,
			 "a sum of 4 hex digits");
	assert_not_found("SHA256 (a) = \n", "a", -EUCLEAN, 0,
			 "a sum of 0 hex digits");
	assert_not_found("SHA256 (a) =\nSHA256 (\nSHA256 (a", "a", -ENOENT,
			 PBF_REASON_NO_OFFSET, "not listed");
}

TEST(a_name_is_found_whatever_its_directory)
{
	assert_found(ABC " *images/a\n", "a", ABC);
	assert_found("SHA256 (/srv/images/a) = " ABC "\n", "a", ABC);
	assert_not_found(ABC " *images-a\n" ABC "  a/b\n", "a", -ENOENT,
			 PBF_REASON_NO_OFFSET, "not listed");
}

TEST(a_name_that_is_there_goes_before_one_in_another_directory)
{
	assert_found(ABC " *old/a\n" EMPTY " *a\n", "a", EMPTY);
	assert_not_found(ABC " *old/a\n" EMPTY " *new/a\n", "a", -EUCLEAN, 72,
			 "two different sums; --sha256 says which");
}

TEST(a_name_may_have_blanks)
{
	assert_found(ABC "  a b  c\n", "a b  c", ABC);
}

TEST(lines_of_another_form_are_passed_over)
{
	assert_found(
		"-----BEGIN PGP SIGNED MESSAGE-----\n"
		"Hash: SHA512\n"
		"\n"
		"# the images of today\n" ABC "\n" ABC " a\n"
		"deadbeef\n" EMPTY "  a\n"
		"-----BEGIN PGP SIGNATURE-----\n"
		"\n"
		"iQIzBAEBCgAdFiEEhDk4e7/ATUJpQNV0ETpSgMwNpAgFAmabcd0ACgkQ\n"
		"-----END PGP SIGNATURE-----\n",
		"a", EMPTY);
}

TEST(only_the_whole_name_counts)
{
	static const char text[] = ABC "  image.img.xz\n";

	assert_found(text, "image.img.xz", ABC);
	assert_not_found(text, "image.img", -ENOENT, PBF_REASON_NO_OFFSET,
			 "image.img is not listed");
	assert_not_found(text, "mage.img.xz", -ENOENT, PBF_REASON_NO_OFFSET,
			 "not listed");
	assert_not_found("", "a", -ENOENT, PBF_REASON_NO_OFFSET, "not listed");
}

TEST(a_name_may_be_listed_twice_with_one_sum_only)
{
	assert_found(ABC "  a\n" ABC " *a\n", "a", ABC);
	assert_not_found(ABC "  a\n" EMPTY "  a\n", "a", -EUCLEAN, 68,
			 "two different sums");
}

TEST(a_sum_of_another_length_is_refused_for_the_name_asked_for)
{
	static const char text[] =
		"d41d8cd98f00b204e9800998ecf8427e  a\n" ABC "  b\n";

	assert_found(text, "b", ABC);
	assert_not_found(text, "a", -EUCLEAN, 0, "32 hex digits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			bytes_have_their_sum_in_whatever_pieces_they_come),
		cmocka_unit_test(
			a_sum_is_read_in_either_case_with_blanks_around_it),
		cmocka_unit_test(what_has_not_64_digits_is_no_sum),
		cmocka_unit_test(equal_sums_are_equal),
		cmocka_unit_test(a_name_is_found_in_text_and_binary_lines),
		cmocka_unit_test(a_name_is_found_whatever_the_line_breaks),
		cmocka_unit_test(a_name_is_found_in_the_current_directory),
		cmocka_unit_test(a_name_is_found_in_tagged_lines),
		cmocka_unit_test(
			tagged_lines_that_are_cut_off_are_refused_or_passed_over),
		cmocka_unit_test(a_name_is_found_whatever_its_directory),
		cmocka_unit_test(
			a_name_that_is_there_goes_before_one_in_another_directory),
		cmocka_unit_test(a_name_may_have_blanks),
		cmocka_unit_test(lines_of_another_form_are_passed_over),
		cmocka_unit_test(only_the_whole_name_counts),
		cmocka_unit_test(a_name_may_be_listed_twice_with_one_sum_only),
		cmocka_unit_test(
			a_sum_of_another_length_is_refused_for_the_name_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
