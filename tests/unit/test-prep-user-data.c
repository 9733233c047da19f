/* SPDX-License-Identifier: BSD-2-Clause */
#include "user_data.h"

#include <errno.h>
#include <yaml.h>

#include "unit.h"

static const char *const wanted[] = { "nbd-client",
				      "linux-modules-extra-raspi" };

#define WANTED_LINES "- nbd-client\n- linux-modules-extra-raspi\n"
#define WANTED_FLOW "nbd-client, linux-modules-extra-raspi"
#define NEW_KEYS "package_update: true\npackages:\n" WANTED_LINES

/* Writes what a node of a YAML document says, as JSON would. */
static void describe(yaml_document_t *document, int index, FILE *out)
{
	yaml_node_t *node = yaml_document_get_node(document, index);

	if (node->type == YAML_SCALAR_NODE) {
		fprintf(out, "'%s' ", (char *)node->data.scalar.value);
	} else if (node->type == YAML_SEQUENCE_NODE) {
		fprintf(out, "[");
		for (yaml_node_item_t *item = node->data.sequence.items.start;
		     item < node->data.sequence.items.top; item++)
			describe(document, *item, out);
		fprintf(out, "] ");
	} else {
		fprintf(out, "{");
		for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		     pair < node->data.mapping.pairs.top; pair++) {
			describe(document, pair->key, out);
			describe(document, pair->value, out);
		}
		fprintf(out, "} ");
	}
}

static bool is_key(yaml_document_t *document, int index, const char *key)
{
	yaml_node_t *node = yaml_document_get_node(document, index);

	return node->type == YAML_SCALAR_NODE &&
	       strcmp((char *)node->data.scalar.value, key) == 0;
}

/* What a user-data says: of packages and updates, and of everything else. */
struct said {
	char update[64];
	char packages[1024];
	char rest[4096];
};

static FILE *open_memory(char *buffer, size_t size)
{
	FILE *stream = fmemopen(buffer, size, "w");

	assert_non_null(stream);
	buffer[0] = '\0';
	return stream;
}

static struct said read_yaml(const char *text, size_t length)
{
	struct said said = { .update = "" };
	FILE *rest = open_memory(said.rest, sizeof(said.rest));
	yaml_document_t document;
	yaml_parser_t parser;
	yaml_node_t *root;

	assert_true(yaml_parser_initialize(&parser));
	yaml_parser_set_input_string(&parser, (const unsigned char *)text,
				     length);
	assert_true(yaml_parser_load(&parser, &document));
	root = yaml_document_get_root_node(&document);
	for (yaml_node_pair_t *pair = root && root->type == YAML_MAPPING_NODE ?
					      root->data.mapping.pairs.start :
					      NULL;
	     pair && pair < root->data.mapping.pairs.top; pair++) {
		FILE *out = rest;

		if (is_key(&document, pair->key, "package_update"))
			out = open_memory(said.update, sizeof(said.update));
		else if (is_key(&document, pair->key, "packages"))
			out = open_memory(said.packages, sizeof(said.packages));
		else
			describe(&document, pair->key, out);
		describe(&document, pair->value, out);
		if (out != rest)
			fclose(out);
	}
	fclose(rest);
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	return said;
}

static struct prep_text edit(const char *text, size_t length)
{
	struct prep_text result;
	struct pbf_reason why = { .text = "" };

	if (prep_user_data_edit(text, length, wanted, 2, &result, &why) != 0)
		fail_msg("\"%s\" is refused: %s", text, why.text);
	return result;
}

/* That BEFORE becomes AFTER, and that AFTER stays as it is. */
static void assert_edit(const char *before, const char *after)
{
	struct said said_before = read_yaml(before, strlen(before));
	struct said said_after = read_yaml(after, strlen(after));
	struct prep_text text = edit(before, strlen(before));

	assert_string_equal(text.bytes, after);
	assert_int_equal(text.length, strlen(after));
	prep_text_free(&text);
	text = edit(after, strlen(after));
	assert_string_equal(text.bytes, after);
	prep_text_free(&text);
	assert_string_equal(said_after.rest, said_before.rest);
	assert_non_null(strstr(said_after.packages, "'nbd-client'"));
	assert_non_null(
		strstr(said_after.packages, "'linux-modules-extra-raspi'"));
}

static void assert_refused_bytes(const char *text, size_t length,
				 const char *words)
{
	struct prep_text result = { .length = 77 };
	struct pbf_reason why;

	if (prep_user_data_edit(text, length, wanted, 2, &result, &why) !=
	    -EUCLEAN)
		fail_msg("\"%s\" becomes \"%s\"", text, result.bytes);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
	assert_int_equal(result.length, 77);
}

static void assert_refused(const char *text, const char *words)
{
	assert_refused_bytes(text, strlen(text), words);
}

TEST(a_missing_file_is_made)
{
	assert_edit("", "#cloud-config\n" NEW_KEYS);
	assert_edit(" \n", "#cloud-config\n" NEW_KEYS);
}

#define STOCK                                                           \
	"#cloud-config\n\n# This is the user-data configuration file\n" \
	"# for cloud-init.\n\n# On first boot, set a password\n"        \
	"chpasswd:\n  expire: true\n  users:\n  - name: ubuntu\n"       \
	"    password: ubuntu\n    type: text\n\nssh_pwauth: false\n\n" \
	"#runcmd:\n#- [ ls, -l, / ]\n"

TEST(comments_and_everything_else_stay)
{
	assert_edit(STOCK, STOCK NEW_KEYS);
	assert_edit("#cloud-config\n", "#cloud-config\n" NEW_KEYS);
	assert_edit("#cloud-config\n---\na: b\n",
		    "#cloud-config\n---\na: b\n" NEW_KEYS);
	assert_edit("#cloud-config\n---\n", "#cloud-config\n---\n" NEW_KEYS);
	assert_edit("#cloud-config\na: b\n...\n# end\n",
		    "#cloud-config\na: b\n" NEW_KEYS "...\n# end\n");
}

TEST(a_list_of_lines_gets_more_lines)
{
	assert_edit("#cloud-config\npackages:\n- avahi-daemon\n# b\n- git # c\n"
		    "\n# d\nruncmd: [a]\npackage_update: true\n",
		    "#cloud-config\npackages:\n- avahi-daemon\n# b\n- git # "
		    "c\n" WANTED_LINES
		    "\n# d\nruncmd: [a]\npackage_update: true\n");
	assert_edit("#cloud-config\npackage_update: true\npackages:\n    - a\n",
		    "#cloud-config\npackage_update: true\npackages:\n    - a\n"
		    "    - nbd-client\n    - linux-modules-extra-raspi\n");
	assert_edit("#cloud-config\npackage_update: true\npackages:\n"
		    "- nbd-client\n",
		    "#cloud-config\n" NEW_KEYS);
	assert_edit("#cloud-config\npackage_update: true\n"
		    "? packages\n: - a\n  - b\n",
		    "#cloud-config\npackage_update: true\n"
		    "? packages\n: - a\n  - b\n"
		    "  - nbd-client\n  - linux-modules-extra-raspi\n");
}

TEST(items_may_be_of_any_kind)
{
	static const char *const items[] = {
		"- [a, 1.0]\n",	    "- [a,\n   1.0] # c\n",
		"- - a\n  - 1.0\n", "- \"a\"\n",
		"- \"a\n  b\"\n",   "- 'a' # '\n",
		"- a\n  b\n",	    "- snap:\n  - a\n  - [b, c]\n",
		"- snap:\n",	    "- snap: [a]\n\n",
		"- {snap: [a]}\n",  "- &x a\n- *x\n",
		"- !!str a\n",	    "- \xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\x93\n",
	};
	char before[512], after[512];

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		size_t blank = items[i][strlen(items[i]) - 2] == '\n';

		snprintf(before, sizeof(before),
			 "#cloud-config\npackage_update: true\npackages:\n"
			 "%s# d\n\nx: y\n",
			 items[i]);
		snprintf(after, sizeof(after),
			 "#cloud-config\npackage_update: true\npackages:\n"
			 "%.*s" WANTED_LINES "%s# d\n\nx: y\n",
			 (int)(strlen(items[i]) - blank), items[i],
			 blank ? "\n" : "");
		assert_edit(before, after);
	}
}

/* libyaml says of a value that is not there that it is where the next is. */
TEST(items_that_are_not_there_do_not_lead_astray)
{
	assert_edit("#cloud-config\npackage_update: true\npackages:\n- ? a\n\n"
		    "x: y\n",
		    "#cloud-config\npackage_update: true\npackages:\n- ? "
		    "a\n" WANTED_LINES "\nx: y\n");
	assert_edit("#cloud-config\npackage_update: true\npackages:\n- a\n- ?\n"
		    "\nx: y\n",
		    "#cloud-config\npackage_update: true\npackages:\n- a\n"
		    "- ?\n" WANTED_LINES "\nx: y\n");
	assert_edit("#cloud-config\npackage_update: true\npackages:\n- a\n-\n\n"
		    "x: y\n",
		    "#cloud-config\npackage_update: true\npackages:\n- a\n"
		    "-\n" WANTED_LINES "\nx: y\n");
	assert_edit("#cloud-config\npackage_update: true\npackages:\n- a:\n"
		    "- - # b",
		    "#cloud-config\npackage_update: true\npackages:\n- a:\n"
		    "- - # b\n- nbd-client\n- linux-modules-extra-raspi");
	assert_edit("#cloud-config\npackage_update: true\npackages:\n-",
		    "#cloud-config\npackage_update: true\npackages:\n-\n"
		    "- nbd-client\n- linux-modules-extra-raspi");
	assert_edit("#cloud-config\npackage_update: true\npackages:\n-\n",
		    "#cloud-config\npackage_update: "
		    "true\npackages:\n-\n" WANTED_LINES);
}

TEST(a_list_in_brackets_gets_more_items)
{
	static const char *const lists[][2] = {
		{ "[a]", "[a, " WANTED_FLOW "]" },
		{ "[ a, b ]  # c", "[ a, b, " WANTED_FLOW " ]  # c" },
		{ "[a, # c\n  b # d\n  ]",
		  "[a, # c\n  b, " WANTED_FLOW " # d\n  ]" },
		{ "[a,]", "[a, " WANTED_FLOW ",]" },
		{ "[]", "[" WANTED_FLOW "]" },
		{ "[ ]", "[" WANTED_FLOW " ]" },
		{ "[# c\n ]", "[" WANTED_FLOW " # c\n ]" },
		{ "['a'# c\n ]", "['a', " WANTED_FLOW " # c\n ]" },
		{ "[[a, 1.0]]", "[[a, 1.0], " WANTED_FLOW "]" },
		{ "[{snap: [a]}]", "[{snap: [a]}, " WANTED_FLOW "]" },
		{ "[snap: [a] ]", "[snap: [a] , " WANTED_FLOW "]" },
		{ "&p [a]", "&p [a, " WANTED_FLOW "]" },
		{ "[nbd-client]", "[nbd-client, linux-modules-extra-raspi]" },
	};
	char before[256], after[256];

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		static const char form[] = "#cloud-config\n# \xc3\xa4\n"
					   "package_update: true\n"
					   "packages: %s\nx: y\n";

		snprintf(before, sizeof(before), form, lists[i][0]);
		snprintf(after, sizeof(after), form, lists[i][1]);
		assert_edit(before, after);
	}
}

TEST(a_key_without_a_list_gets_one)
{
	assert_edit("#cloud-config\npackages:\npackage_update: yes\n",
		    "#cloud-config\npackages: [" WANTED_FLOW "]\n"
		    "package_update: yes\n");
	assert_edit("#cloud-config\npackages: # none\npackage_update: yes\n",
		    "#cloud-config\npackages: [" WANTED_FLOW "] # none\n"
		    "package_update: yes\n");
	assert_edit("#cloud-config\npackages: ~\npackage_update: yes",
		    "#cloud-config\npackages: [" WANTED_FLOW "]\n"
		    "package_update: yes");
	assert_edit("#cloud-config\npackage_update: yes\n"
		    "\"packages\": null  # none",
		    "#cloud-config\npackage_update: yes\n"
		    "\"packages\": [" WANTED_FLOW "]  # none");
	assert_refused("#cloud-config\n? packages\n", "packages: is no list");
	assert_refused("#cloud-config\npackages: nbd\n", "is no list");
	assert_refused("#cloud-config\npackages: 'null'\n", "is no list");
	assert_refused("#cloud-config\npackages: &p\n", "is no list");
	assert_refused("#cloud-config\npackages: {a: b}\n", "is no list");
	assert_refused("#cloud-config\npackages: >\n  a\n", "is no list");
}

#define WANTED_ITEMS "packages: [" WANTED_FLOW "]\n"

TEST(what_updates_already_stays)
{
	static const char *const values[] = { "true",	 "True",       "yes",
					      "on",	 "\"true\"",   "'1'",
					      "&a true", "!!bool true" };
	char text[256];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text),
			 "#cloud-config\npackage_update: %s # c\n" WANTED_ITEMS,
			 values[i]);
		assert_edit(text, text);
	}
}

TEST(what_does_not_update_does_then)
{
	static const char *const values[][2] = {
		{ " false", " true" },
		{ " no # c", " true # c" },
		{ " \"false\"", " true" },
		{ " 'no'# c", " true # c" },
		{ "", " true" },
		{ " # c", " true # c" },
		{ " ~", " true" },
		{ "   0", "   true" },
		{ "\n  false", "\n  true" },
	};
	char before[256], after[256];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		static const char form[] =
			"#cloud-config\npackage_update:%s\n" WANTED_ITEMS;

		snprintf(before, sizeof(before), form, values[i][0]);
		snprintf(after, sizeof(after), form, values[i][1]);
		assert_edit(before, after);
		assert_string_equal(read_yaml(after, strlen(after)).update,
				    "'true' ");
	}
}

TEST(an_update_that_is_no_word_is_refused)
{
	static const char *const values[] = { "&a false",   "*a",
					      "[false]",    "{}",
					      "|\n  false", "!!bool false" };
	char text[256];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text),
			 "#cloud-config\na: &a b\npackage_update: %s\n",
			 values[i]);
		assert_refused(text, "of package_update is more than a word");
	}
	assert_refused("#cloud-config\n? package_update\n", "more than a word");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_file_is_made),
		cmocka_unit_test(comments_and_everything_else_stay),
		cmocka_unit_test(a_list_of_lines_gets_more_lines),
		cmocka_unit_test(items_may_be_of_any_kind),
		cmocka_unit_test(items_that_are_not_there_do_not_lead_astray),
		cmocka_unit_test(a_list_in_brackets_gets_more_items),
		cmocka_unit_test(a_key_without_a_list_gets_one),
		cmocka_unit_test(what_updates_already_stays),
		cmocka_unit_test(what_does_not_update_does_then),
		cmocka_unit_test(an_update_that_is_no_word_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
