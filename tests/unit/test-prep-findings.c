/* SPDX-License-Identifier: BSD-2-Clause */
#include "findings.h"

#include "unit.h"

TEST(warnings_and_notes_are_kept_apart_and_in_order)
{
	_cleanup_findings_ struct prep_findings findings = { 0 };

	prep_warn(&findings, "%s is missing", "kernel8.img");
	prep_note(&findings, "%d models boot", 3);
	prep_warn(&findings, "second");
	assert_int_equal(findings.warnings.count, 2);
	assert_string_equal(findings.warnings.items[0],
			    "kernel8.img is missing");
	assert_string_equal(findings.warnings.items[1], "second");
	assert_int_equal(findings.notes.count, 1);
	assert_string_equal(findings.notes.items[0], "3 models boot");
	assert_false(findings.is_out_of_memory);
}

TEST(a_sentence_is_said_once)
{
	_cleanup_findings_ struct prep_findings findings = { 0 };

	prep_warn(&findings, "%s is missing", "a");
	prep_warn(&findings, "%s is missing", "b");
	prep_warn(&findings, "%s is missing", "a");
	prep_note(&findings, "%s is missing", "a");
	assert_int_equal(findings.warnings.count, 2);
	assert_int_equal(findings.notes.count, 1);
}

TEST(what_was_freed_can_be_used_again)
{
	struct prep_findings findings = { 0 };

	prep_warn(&findings, "one");
	prep_findings_free(&findings);
	assert_int_equal(findings.warnings.count, 0);
	prep_warn(&findings, "two");
	assert_int_equal(findings.warnings.count, 1);
	prep_findings_free(&findings);
	prep_findings_free(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			warnings_and_notes_are_kept_apart_and_in_order),
		cmocka_unit_test(a_sentence_is_said_once),
		cmocka_unit_test(what_was_freed_can_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
