/* SPDX-License-Identifier: BSD-2-Clause */
#include "reason.h"

#include <errno.h>

#include "unit.h"

TEST(a_refusal_returns_the_error_and_fills_in_the_reason)
{
	struct pbf_reason why = { 0 };

	assert_int_equal(pbf_refuse(&why, -EUCLEAN, 0x1fe, "byte %d", 7),
			 -EUCLEAN);
	assert_int_equal(why.offset_bytes, 0x1fe);
	assert_string_equal(why.text, "byte 7");
}

TEST(nobody_has_to_ask_for_the_reason)
{
	assert_int_equal(pbf_refuse(NULL, -EIO, 0, "x"), -EIO);
}

TEST(a_long_sentence_is_cut_and_stays_a_string)
{
	struct pbf_reason why;
	char name[sizeof(why.text) + 1];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	pbf_refuse(&why, -EIO, PBF_REASON_NO_OFFSET, "%s", name);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	assert_int_equal(why.offset_bytes, UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_refusal_returns_the_error_and_fills_in_the_reason),
		cmocka_unit_test(nobody_has_to_ask_for_the_reason),
		cmocka_unit_test(a_long_sentence_is_cut_and_stays_a_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
