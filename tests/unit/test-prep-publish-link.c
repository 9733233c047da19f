/* SPDX-License-Identifier: BSD-2-Clause */
#include "publish_link.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "scratch.h"
#include "unit.h"

static struct scratch scratch;

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	scratch_touch(&scratch, "one.img");
	scratch_touch(&scratch, "two.img");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static void assert_linked(const char *name, const char *target, bool may_move,
			  enum prep_link_outcome expected)
{
	enum prep_link_outcome outcome;

	assert_int_equal(prep_publish_link(scratch.fd, name, target, may_move,
					   &outcome, NULL),
			 0);
	assert_int_equal(outcome, expected);
}

static void assert_not_linked(const char *name, const char *target,
			      bool may_move, int error, const char *words)
{
	struct pbf_reason why = { .text = "" };
	enum prep_link_outcome outcome;

	assert_int_equal(prep_publish_link(scratch.fd, name, target, may_move,
					   &outcome, &why),
			 error);
	assert_reason(why, PBF_REASON_NO_OFFSET, words);
}

static void assert_leads_to(const char *name, const char *expected)
{
	char target[PATH_MAX] = "";

	assert_true(readlinkat(scratch.fd, name, target, PATH_MAX - 1) > 0);
	assert_string_equal(target, expected);
}

static void assert_names(unsigned int expected)
{
	DIR *stream = opendir(scratch.path);
	unsigned int count = 0;

	while (readdir(stream))
		count++;
	closedir(stream);
	assert_int_equal(count, expected + 2);
}

TEST(a_link_is_made)
{
	assert_linked("89025d75", "one.img", false, PREP_LINK_MADE);
	assert_leads_to("89025d75", "one.img");
	assert_names(3);
}

TEST(a_link_may_lead_to_what_is_not_there_yet)
{
	assert_linked("89025d75", "later.img", false, PREP_LINK_MADE);
	assert_leads_to("89025d75", "later.img");
}

TEST(a_link_that_is_there_is_kept)
{
	scratch_link(&scratch, "one.img", "89025d75");
	assert_linked("89025d75", "one.img", false, PREP_LINK_KEPT);
	assert_linked("89025d75", "one.img", true, PREP_LINK_KEPT);
	scratch_link(&scratch, "later.img", "12345678");
	assert_linked("12345678", "later.img", false, PREP_LINK_KEPT);
}

TEST(a_link_that_leads_to_the_same_in_other_words_is_kept)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/one.img", scratch.path);
	scratch_link(&scratch, path, "89025d75");
	assert_linked("89025d75", "one.img", false, PREP_LINK_KEPT);
	assert_leads_to("89025d75", path);
}

TEST(a_link_that_leads_elsewhere_is_moved_only_when_told)
{
	scratch_link(&scratch, "one.img", "89025d75");
	assert_not_linked("89025d75", "two.img", false, -EEXIST,
			  "leads to one.img already");
	assert_leads_to("89025d75", "one.img");
	assert_linked("89025d75", "two.img", true, PREP_LINK_MOVED);
	assert_leads_to("89025d75", "two.img");
	assert_names(3);
}

TEST(what_is_no_link_is_never_replaced)
{
	assert_not_linked("one.img", "two.img", false, -EEXIST, "is no link");
	assert_not_linked("one.img", "two.img", true, -EEXIST, "is no link");
	assert_names(2);
}

TEST(what_cannot_be_made_says_why)
{
	assert_not_linked("none/89025d75", "one.img", false, -ENOENT,
			  "cannot be made");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_link_is_made),
		CLAIM(a_link_may_lead_to_what_is_not_there_yet),
		CLAIM(a_link_that_is_there_is_kept),
		CLAIM(a_link_that_leads_to_the_same_in_other_words_is_kept),
		CLAIM(a_link_that_leads_elsewhere_is_moved_only_when_told),
		CLAIM(what_is_no_link_is_never_replaced),
		CLAIM(what_cannot_be_made_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
