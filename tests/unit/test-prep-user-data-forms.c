/* SPDX-License-Identifier: BSD-2-Clause */
/* Which texts are a cloud-config that can be written into, and how. */
#include "user_data.h"

#include <errno.h>
#include <stdlib.h>

#include "unit.h"

static const char *const nbd_client[] = { "nbd-client" };

#define NEW_KEYS "package_update: true\npackages:\n- nbd-client\n"

static void assert_bytes(const char *before, size_t before_length,
			 const char *after, size_t after_length)
{
	struct prep_text text;
	struct pbf_reason why = { .text = "" };

	if (prep_user_data_edit(before, before_length, nbd_client, 1, &text,
				&why) != 0)
		fail_msg("\"%s\" is refused: %s", before, why.text);
	if (text.length != after_length ||
	    memcmp(text.bytes, after, after_length) != 0)
		fail_msg("\"%s\" becomes \"%s\"", before, text.bytes);
	assert_int_equal(text.bytes[text.length], '\0');
	prep_text_free(&text);
}

/* That BEFORE becomes AFTER, and that AFTER stays as it is. */
static void assert_edit(const char *before, const char *after)
{
	assert_bytes(before, strlen(before), after, strlen(after));
	assert_bytes(after, strlen(after), after, strlen(after));
}

static void assert_stays(const char *text)
{
	assert_edit(text, text);
}

static void assert_refused_bytes(const char *text, size_t length,
				 const char *words)
{
	struct prep_text result = { .length = 77 };
	struct pbf_reason why;

	if (prep_user_data_edit(text, length, nbd_client, 1, &result, &why) !=
	    -EUCLEAN)
		fail_msg("\"%s\" becomes \"%s\"", text, result.bytes);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
	assert_int_equal(result.length, 77);
}

static void assert_refused(const char *text, const char *words)
{
	assert_refused_bytes(text, strlen(text), words);
}

TEST(the_first_line_says_that_it_is_a_cloud_config)
{
	assert_edit("\n #Cloud-Config: mine\n",
		    "\n #Cloud-Config: mine\n" NEW_KEYS);
	assert_refused("packages: [a]\n",
		       "first line is not \"#cloud-config\"");
	assert_refused("# cloud-config\n", "first line is not");
	assert_refused("#!/bin/sh\n", "first line is not");
	assert_refused("\xef\xbb\xbf#cloud-config\n", "first line is not");
	assert_refused("#cloud-confi", "first line is not");
	assert_refused_bytes("#cloud-config", 12, "first line is not");
}

TEST(other_kinds_of_user_data_are_refused_by_name)
{
	assert_refused("Content-Type: multipart/mixed\n", "MIME parts");
	assert_refused("#cloud-config\nMIME-Version: 1.0\n", "MIME parts");
	assert_refused("mime-version: 1.0\n#cloud-config\n", "MIME parts");
	assert_refused("## template: jinja\n#cloud-config\n", "a template");
	assert_refused("#cloud-config-archive\n- a\n", "archive");
	assert_refused("#cloud-config-jsonp\n[]\n", "archive or a patch");
	assert_edit("#cloud-config\n## template: jinja\n# Content-Type: x\n",
		    "#cloud-config\n## template: jinja\n# Content-Type: "
		    "x\n" NEW_KEYS);
}

TEST(lines_end_as_they_did)
{
	assert_edit("#cloud-config\r\na: b\r\n",
		    "#cloud-config\r\na: b\r\npackage_update: true\r\n"
		    "packages:\r\n- nbd-client\r\n");
	assert_edit("#cloud-config\r\npackage_update: no\r\npackages:\r\n"
		    "- a # c\r\n# d\r\n",
		    "#cloud-config\r\npackage_update: true\r\npackages:\r\n"
		    "- a # c\r\n- nbd-client\r\n# d\r\n");
	assert_edit("#cloud-config\rpackage_update: on\rpackages:\r- a\rx: y\r",
		    "#cloud-config\rpackage_update: on\rpackages:\r- a\r"
		    "- nbd-client\r\nx: y\r");
	assert_edit("#cloud-config\npackage_update: on\npackages:\n"
		    "- a\xe2\x80\xa8"
		    "x: y\n",
		    "#cloud-config\npackage_update: on\npackages:\n"
		    "- a\xe2\x80\xa8- nbd-client\n"
		    "x: y\n");
}

TEST(a_last_line_without_an_end_stays_without)
{
	assert_edit("#cloud-config", "#cloud-config\npackage_update: true\n"
				     "packages:\n- nbd-client");
	assert_edit("#cloud-config\na: b",
		    "#cloud-config\na: b\npackage_update: true\n"
		    "packages:\n- nbd-client");
	assert_edit("#cloud-config\npackages:\n- a # b",
		    "#cloud-config\npackages:\n- a # b\n- nbd-client\n"
		    "package_update: true");
	assert_edit("#cloud-config\na: b\xe2\x80\xa9",
		    "#cloud-config\na: b\xe2\x80\xa9" NEW_KEYS);
	assert_edit("#cloud-config\na: b\xc2\x85",
		    "#cloud-config\na: b\xc2\x85" NEW_KEYS);
}

/* A line break behind it would become part of the text. */
TEST(a_text_without_an_end_at_the_end_stays_as_it_is)
{
	assert_edit("#cloud-config\na: |\n  b",
		    "#cloud-config\n" NEW_KEYS "a: |\n  b");
	assert_edit("#cloud-config\n  a: >+\n    b\n   ",
		    "#cloud-config\n  package_update: true\n  packages:\n"
		    "  - nbd-client\n  a: >+\n    b\n   ");
	assert_edit("#cloud-config\n? |\n  b",
		    "#cloud-config\n" NEW_KEYS "? |\n  b");
	assert_edit("#cloud-config\na: |\n  b\n",
		    "#cloud-config\na: |\n  b\n" NEW_KEYS);
}

TEST(keys_may_be_indented)
{
	assert_edit("#cloud-config\n  a: b\n",
		    "#cloud-config\n  a: b\n  package_update: true\n"
		    "  packages:\n  - nbd-client\n");
	assert_edit("#cloud-config\n  packages:\n    - a\n",
		    "#cloud-config\n  packages:\n    - a\n    - nbd-client\n"
		    "  package_update: true\n");
}

TEST(keys_may_be_in_braces)
{
	assert_edit("#cloud-config\n{\"a\": \"b\"}\n",
		    "#cloud-config\n{package_update: true, "
		    "packages: [nbd-client], \"a\": \"b\"}\n");
	assert_edit("#cloud-config\n{}",
		    "#cloud-config\n{package_update: true, "
		    "packages: [nbd-client]}");
	assert_edit("#cloud-config\n{# c\n}",
		    "#cloud-config\n{package_update: true, "
		    "packages: [nbd-client] # c\n}");
	assert_edit("#cloud-config\n{\"package_update\":false,"
		    "\"packages\":null}\n",
		    "#cloud-config\n{\"package_update\":true,"
		    "\"packages\":[nbd-client]}\n");
	assert_edit("#cloud-config\n{packages: [a], package_update: on}\n",
		    "#cloud-config\n{packages: [a, nbd-client], "
		    "package_update: on}\n");
	assert_edit("#cloud-config\n{packages: [a]}\n",
		    "#cloud-config\n{package_update: true, "
		    "packages: [a, nbd-client]}\n");
	assert_edit("#cloud-config\n{package_update: on}\n",
		    "#cloud-config\n{packages: [nbd-client], "
		    "package_update: on}\n");
}

TEST(a_package_that_is_there_is_not_added_again)
{
	assert_stays("#cloud-config\npackage_update: true\n"
		     "packages: ['nbd-client']\n");
	assert_stays("#cloud-config\npackage_update: true\n"
		     "packages:\n- [nbd-client, '1:3.24']\n- a\n");
	assert_stays("#cloud-config\npackage_update: true\n"
		     "packages:\n- apt:\n  - a\n  - [nbd-client, 1.0]\n");
	assert_stays("#cloud-config\npackage_update: true\n"
		     "packages: [{apt: [nbd-client]}]\n");
}

TEST(a_package_of_that_name_elsewhere_does_not_count)
{
	assert_edit("#cloud-config\npackage_update: true\npackages:\n"
		    "- snap: [nbd-client]\n- [a, nbd-client]\n"
		    "- nbd-client: a\n- a: {apt: [nbd-client]}\n- x: [apt]\n"
		    "- [[nbd-client]]\n- apt: nbd-client\n",
		    "#cloud-config\npackage_update: true\npackages:\n"
		    "- snap: [nbd-client]\n- [a, nbd-client]\n"
		    "- nbd-client: a\n- a: {apt: [nbd-client]}\n- x: [apt]\n"
		    "- [[nbd-client]]\n- apt: nbd-client\n- nbd-client\n");
	assert_edit("#cloud-config\npackage_update: true\npackages:\n"
		    "- \"nbd-client\\0\"\n",
		    "#cloud-config\npackage_update: true\npackages:\n"
		    "- \"nbd-client\\0\"\n- nbd-client\n");
}

TEST(keys_further_in_do_not_count)
{
	assert_edit("#cloud-config\na:\n  packages: [x]\n"
		    "  package_update: no\n  <<: {}\n[packages]: y\n",
		    "#cloud-config\na:\n  packages: [x]\n"
		    "  package_update: no\n  <<: {}\n[packages]: y\n" NEW_KEYS);
}

TEST(a_key_that_is_there_twice_is_refused)
{
	assert_refused("#cloud-config\npackages: [a]\na: b\n'packages': [b]\n",
		       "line 4: a second \"packages\"");
	assert_refused("#cloud-config\npackage_update: on\n"
		       "package_update: on\n",
		       "line 3: a second \"package_update\"");
	assert_edit("#cloud-config\na: b\na: b\n",
		    "#cloud-config\na: b\na: b\n" NEW_KEYS);
}

TEST(a_second_document_is_refused)
{
	assert_edit("#cloud-config\na: b\n...\n",
		    "#cloud-config\na: b\n" NEW_KEYS "...\n");
	assert_refused("#cloud-config\na: b\n---\nc: d\n",
		       "line 3: a second document");
}

TEST(what_is_no_mapping_is_refused)
{
	assert_refused("#cloud-config\n- a\n", "line 2: not a mapping");
	assert_refused("#cloud-config\na\n", "line 2: not a mapping");
	assert_refused("#cloud-config\n--- ~\n", "not a mapping");
}

TEST(what_is_no_yaml_is_refused)
{
	assert_refused("#cloud-config\na: [b\n", "not YAML: line ");
	assert_refused("#cloud-config\na: b\n\tc: d\n", "not YAML: line 3");
	assert_refused("#cloud-config\na: *b c\n", "not YAML: line 2");
	assert_refused("#cloud-config\na: \xff\n", "not YAML: byte 17");
	assert_refused_bytes("#cloud-config\na: \0\n", 19, "not YAML: byte 17");
}

TEST(anchors_and_aliases_are_left_alone)
{
	assert_edit("#cloud-config\na: &x [b]\nc: *x\n",
		    "#cloud-config\na: &x [b]\nc: *x\n" NEW_KEYS);
	assert_edit("#cloud-config\npackages: &p\n- a\npackage_update: on\n",
		    "#cloud-config\npackages: &p\n- a\n- nbd-client\n"
		    "package_update: on\n");
	assert_refused("#cloud-config\npackages: &p [a]\nb: *p\n",
		       "its list of packages has an alias");
	assert_refused("#cloud-config\na: &p [b]\npackages: *p\n",
		       "packages: is no list");
	assert_stays("#cloud-config\npackages: &p [nbd-client]\nb: *p\n"
		     "package_update: on\n");
}

TEST(a_block_of_text_among_packages_is_refused)
{
	assert_refused("#cloud-config\npackages:\n- |\n  a\n",
		       "a block of text");
	assert_stays("#cloud-config\npackages:\n- |\n  a\n- nbd-client\n"
		     "package_update: on\n");
}

TEST(keys_from_elsewhere_are_refused_where_they_matter)
{
	assert_refused("#cloud-config\na: &x {packages: [b]}\n<<: *x\n",
		       "takes keys from elsewhere with \"<<\"");
	assert_edit("#cloud-config\na: &x {b: c}\n<<: *x\npackages: [d]\n"
		    "package_update: no\n",
		    "#cloud-config\na: &x {b: c}\n<<: *x\n"
		    "packages: [d, nbd-client]\npackage_update: true\n");
}

TEST(deep_nesting_is_refused)
{
	char text[128] = "#cloud-config\na: ";
	size_t length = strlen(text);

	memset(text + length, '[', 63);
	assert_refused(text, "not YAML"); /* nothing closes them */
	memset(text + length, '[', 64);
	assert_refused(text, "line 2: nested too deeply");
}

TEST(a_text_may_have_a_mebibyte)
{
	size_t length = PREP_USER_DATA_BYTES_MAX;
	char *text = malloc(length + 1);

	assert_non_null(text);
	memset(text, '#', length + 1);
	memcpy(text, "#cloud-config\n", 14);
	text[length - 1] = '\n';
	assert_refused_bytes(text, length + 1, "longer than a mebibyte");
	memcpy(text + length - sizeof(NEW_KEYS), "\n" NEW_KEYS,
	       sizeof(NEW_KEYS));
	assert_bytes(text, length, text, length);
	free(text);
}

static void assert_names(const char *const *names, size_t count,
			 const char *after)
{
	static const char before[] = "#cloud-config\npackage_update: on\n"
				     "packages:\n";
	struct prep_text text;

	assert_int_equal(prep_user_data_edit(before, strlen(before), names,
					     count, &text, NULL),
			 0);
	assert_string_equal(text.bytes, after);
	prep_text_free(&text);
}

TEST(a_name_that_yaml_takes_for_something_else_is_quoted)
{
	static const char *const names[] = { "on",   "7zip", "null", "g++",
					     "1e10", "on-x", "apt",  "zsh" };

	assert_names(names, 8,
		     "#cloud-config\npackage_update: on\npackages: [\"on\", "
		     "\"7zip\", \"null\", g++, \"1e10\", on-x, apt, zsh]\n");
}

TEST(no_packages_mean_no_list)
{
	assert_names(NULL, 0, "#cloud-config\npackage_update: on\npackages:\n");
}

TEST(what_is_no_name_of_a_package_is_refused)
{
	static const char *const names[] = { "",    "a",    "A1",  "a b",
					     "-ab", "a:b",  "a_b", "a\nb",
					     "a#b", "[ab]", ".ab", "\xc3\xa4" };
	struct prep_text text;
	struct pbf_reason why;

	assert_true(prep_package_name_is_valid("linux-modules-5.15.0-1034+x"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(
			prep_user_data_edit("", 0, names + i, 1, &text, &why),
			-EINVAL);
		assert_reason(why, PBF_REASON_NO_OFFSET,
			      "is no name of a package");
	}
}

TEST(more_than_64_packages_are_refused)
{
	const char *names[PREP_USER_DATA_PACKAGES_MAX + 1];
	char spelled[PREP_USER_DATA_PACKAGES_MAX + 1][8];
	struct prep_text text;
	struct pbf_reason why;

	for (size_t i = 0; i <= PREP_USER_DATA_PACKAGES_MAX; i++) {
		snprintf(spelled[i], sizeof(spelled[i]), "p%zu", i);
		names[i] = spelled[i];
	}
	assert_int_equal(prep_user_data_edit("", 0, names, 65, &text, &why),
			 -EINVAL);
	assert_reason(why, PBF_REASON_NO_OFFSET, "more than 64 packages");
	assert_int_equal(prep_user_data_edit("", 0, names, 64, &text, &why), 0);
	assert_non_null(strstr(text.bytes, "- p63\n"));
	prep_text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_says_that_it_is_a_cloud_config),
		cmocka_unit_test(other_kinds_of_user_data_are_refused_by_name),
		cmocka_unit_test(lines_end_as_they_did),
		cmocka_unit_test(a_last_line_without_an_end_stays_without),
		cmocka_unit_test(
			a_text_without_an_end_at_the_end_stays_as_it_is),
		cmocka_unit_test(keys_may_be_indented),
		cmocka_unit_test(keys_may_be_in_braces),
		cmocka_unit_test(a_package_that_is_there_is_not_added_again),
		cmocka_unit_test(
			a_package_of_that_name_elsewhere_does_not_count),
		cmocka_unit_test(keys_further_in_do_not_count),
		cmocka_unit_test(a_key_that_is_there_twice_is_refused),
		cmocka_unit_test(a_second_document_is_refused),
		cmocka_unit_test(what_is_no_mapping_is_refused),
		cmocka_unit_test(what_is_no_yaml_is_refused),
		cmocka_unit_test(anchors_and_aliases_are_left_alone),
		cmocka_unit_test(a_block_of_text_among_packages_is_refused),
		cmocka_unit_test(
			keys_from_elsewhere_are_refused_where_they_matter),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(a_text_may_have_a_mebibyte),
		cmocka_unit_test(
			a_name_that_yaml_takes_for_something_else_is_quoted),
		cmocka_unit_test(no_packages_mean_no_list),
		cmocka_unit_test(what_is_no_name_of_a_package_is_refused),
		cmocka_unit_test(more_than_64_packages_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
