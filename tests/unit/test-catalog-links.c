/* SPDX-License-Identifier: BSD-2-Clause */
/* Links in the image directory, and where images lie. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog.h"
#include "scratch.h"
#include "unit.h"

static struct scratch scratch, outside;
static struct pbf_catalog *catalog;

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	scratch_make(&outside);
	scratch_write(&scratch, "jammy.img", "jammy", 5);
	scratch_write(&outside, "image", "outside", 7);
	return pbf_catalog_open(scratch.path, (struct pbf_image_conf){ 0 },
				&catalog);
}

static int teardown(void **state)
{
	(void)state;
	pbf_catalog_free(catalog);
	scratch_remove(&scratch);
	scratch_remove(&outside);
	return 0;
}

static struct pbf_board find(const char *name)
{
	struct pbf_board board;

	assert_int_equal(pbf_catalog_find(catalog, name, PBF_ANYWHERE, &board),
			 0);
	assert_string_equal(board.directory, name);
	return board;
}

static void assert_not_found(const char *name)
{
	struct pbf_board board;

	assert_int_equal(pbf_catalog_find(catalog, name, PBF_ANYWHERE, &board),
			 -ENOENT);
}

/* Links NAME to the entry TARGET of a scratch directory, by its full path. */
static void link_to(const char *name, const struct scratch *where,
		    const char *target)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", where->path, target);
	scratch_link(&scratch, path, name);
}

TEST(a_link_has_the_source_that_it_leads_to)
{
	struct pbf_board board;

	scratch_link(&scratch, "jammy.img", "89025d75");
	board = find("89025d75");
	assert_string_equal(board.entry, "89025d75");
	assert_string_equal(board.source, "jammy.img");
	assert_false(board.leads_outside);
}

TEST(a_link_in_another_spelling_leads_to_the_same_source)
{
	scratch_link(&scratch, "./././jammy.img", "dots");
	link_to("absolute", &scratch, "jammy.img");
	link_to("slashes", &scratch, "//jammy.img");
	assert_string_equal(find("dots").source, "jammy.img");
	assert_string_equal(find("absolute").source, "jammy.img");
	assert_string_equal(find("slashes").source, "jammy.img");
}

TEST(a_link_to_a_link_leads_to_the_image)
{
	scratch_link(&scratch, "jammy.img", "one");
	scratch_link(&scratch, "one", "two");
	scratch_link(&scratch, "two", "three");
	assert_string_equal(find("three").source, "jammy.img");
}

TEST(a_link_may_lead_to_a_file_of_any_name)
{
	scratch_touch(&scratch, "notes.txt");
	scratch_link(&scratch, "notes.txt", "lab3");
	assert_string_equal(find("lab3").source, "notes.txt");
}

TEST(a_link_to_outside_is_its_own_source)
{
	struct pbf_board board;

	link_to("lab3", &outside, "image");
	board = find("lab3");
	assert_string_equal(board.source, "lab3");
	assert_true(board.leads_outside);
	scratch_link(&scratch, "lab3", "89025d75");
	board = find("89025d75");
	assert_string_equal(board.source, "lab3");
	assert_true(board.leads_outside);
}

/* NAME.conf is the source's, so settings hold through all of these. */
TEST(a_link_has_its_source_through_whatever_leads_back_into_the_directory)
{
	char path[192];

	snprintf(path, sizeof(path), "../%s/jammy.img",
		 strrchr(scratch.path, '/') + 1);
	scratch_link(&scratch, path, "parent");
	snprintf(path, sizeof(path), "/proc/self/fd/%d/jammy.img", scratch.fd);
	scratch_link(&scratch, path, "proc");
	scratch_link(&outside, scratch.path, "images");
	link_to("through", &outside, "images/jammy.img");
	scratch_link(&outside, "images/jammy.img", "board");
	link_to("hop", &outside, "board");
	assert_string_equal(find("parent").source, "jammy.img");
	assert_string_equal(find("through").source, "jammy.img");
	assert_string_equal(find("hop").source, "jammy.img");
	assert_string_equal(find("proc").source, "jammy.img");
	assert_false(find("hop").leads_outside);
}

static void assert_lame(const char *name)
{
	struct pbf_board board;

	assert_int_equal(pbf_catalog_find(catalog, name, PBF_ANYWHERE, &board),
			 -ENOENT);
	assert_string_equal(board.entry, name);
}

TEST(a_link_to_outside_that_leads_to_no_image_is_told_of)
{
	struct pbf_board board;

	link_to("none", &outside, "none");
	link_to("directory", &outside, "");
	scratch_link(&scratch, "/dev/null", "device");
	assert_lame("none");
	assert_lame("directory");
	assert_lame("device");
	assert_int_equal(
		pbf_catalog_find(catalog, "nothing", PBF_ANYWHERE, &board),
		-ENOENT);
	assert_string_equal(board.entry, "");
}

TEST(what_leads_to_another_file_system_is_not_looked_at_from_near)
{
	struct pbf_board board;

	scratch_link(&scratch, "/proc/version", "proc");
	assert_int_equal(pbf_catalog_find(catalog, "proc", PBF_NEAR, &board),
			 -EAGAIN);
	assert_string_equal(board.entry, "proc");
	assert_true(board.leads_outside);
	assert_int_equal(
		pbf_catalog_find(catalog, "proc", PBF_ANYWHERE, &board), 0);
	assert_int_equal(pbf_catalog_find(catalog, "jammy", PBF_NEAR, &board),
			 0);
}

TEST(a_dangling_link_within_is_no_board)
{
	scratch_link(&scratch, "none.img", "dangling");
	assert_not_found("dangling");
	scratch_touch(&scratch, "none.img");
	find("dangling");
}

TEST(a_link_to_a_directory_within_is_no_board)
{
	scratch_mkdir(&scratch, "directory");
	scratch_link(&scratch, "directory", "lab3");
	assert_not_found("lab3");
}

TEST(links_that_loop_are_no_board)
{
	scratch_link(&scratch, "loop", "loop");
	scratch_link(&scratch, "b", "a");
	scratch_link(&scratch, "a", "b");
	assert_not_found("loop");
	assert_not_found("a");
}

TEST(links_are_followed_40_times)
{
	char name[16], next[16] = "jammy.img";

	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "link%d", i);
		scratch_link(&scratch, next, name);
		memcpy(next, name, sizeof(next));
	}
	find("link40");
	assert_not_found("link41");
}

TEST(a_link_that_is_changed_is_followed_anew)
{
	scratch_link(&scratch, "jammy.img", "89025d75");
	assert_string_equal(find("89025d75").source, "jammy.img");
	scratch_unlink(&scratch, "89025d75");
	assert_not_found("89025d75");
	scratch_touch(&scratch, "noble.img");
	scratch_link(&scratch, "noble.img", "89025d75");
	assert_string_equal(find("89025d75").source, "noble.img");
}

static void assert_content(const char *source, const char *content)
{
	_cleanup_image_ struct pbf_image *image = NULL;
	char buffer[16] = "";

	assert_int_equal(pbf_catalog_open_image(catalog, source, &image, NULL),
			 0);
	assert_int_equal(pbf_image_size_bytes(image), strlen(content));
	assert_int_equal(
		pbf_image_read(image, 0, buffer, strlen(content), NULL), 0);
	assert_string_equal(buffer, content);
}

TEST(the_image_of_a_source_is_opened)
{
	struct pbf_image *image;

	link_to("lab3", &outside, "image");
	assert_content("jammy.img", "jammy");
	assert_content("lab3", "outside");
	assert_int_equal(pbf_catalog_open_image(catalog, "none", &image, NULL),
			 -ENOENT);
}

TEST(the_stamp_of_a_source_is_that_of_its_image)
{
	struct pbf_stamp stamp;
	struct stat st;

	link_to("lab3", &outside, "image");
	assert_int_equal(
		pbf_catalog_stamp(catalog, "lab3", PBF_ANYWHERE, &stamp), 0);
	assert_int_equal(fstatat(outside.fd, "image", &st, 0), 0);
	assert_int_equal(stamp.inode, st.st_ino);
	assert_int_equal(stamp.size_bytes, 7);
}

static void assert_excluded(const char *source)
{
	struct pbf_image *image;
	struct pbf_reason why = { .text = "" };

	assert_int_equal(pbf_catalog_open_image(catalog, source, &image, &why),
			 -ELOOP);
	assert_reason(why, PBF_REASON_NO_OFFSET, "inside the mount point");
}

TEST(an_image_on_the_excluded_file_system_is_refused)
{
	struct stat st;

	assert_int_equal(fstatat(scratch.fd, "jammy.img", &st, 0), 0);
	pbf_catalog_exclude(catalog, st.st_dev + 1);
	assert_content("jammy.img", "jammy");
	pbf_catalog_exclude(catalog, st.st_dev);
	assert_excluded("jammy.img");
}

TEST(a_link_into_the_excluded_file_system_is_not_followed_there)
{
	struct stat st;

	scratch_link(&scratch, "/proc/none", "in");
	assert_not_found("in");
	assert_int_equal(stat("/proc", &st), 0);
	pbf_catalog_exclude(catalog, st.st_dev);
	/* What is not there cannot have been asked for. */
	find("in");
	assert_excluded("in");
	assert_content("jammy.img", "jammy");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_link_has_the_source_that_it_leads_to),
		CLAIM(a_link_in_another_spelling_leads_to_the_same_source),
		CLAIM(a_link_to_a_link_leads_to_the_image),
		CLAIM(a_link_may_lead_to_a_file_of_any_name),
		CLAIM(a_link_to_outside_is_its_own_source),
		CLAIM(a_link_has_its_source_through_whatever_leads_back_into_the_directory),
		CLAIM(a_link_to_outside_that_leads_to_no_image_is_told_of),
		CLAIM(what_leads_to_another_file_system_is_not_looked_at_from_near),
		CLAIM(a_dangling_link_within_is_no_board),
		CLAIM(a_link_to_a_directory_within_is_no_board),
		CLAIM(links_that_loop_are_no_board),
		CLAIM(links_are_followed_40_times),
		CLAIM(a_link_that_is_changed_is_followed_anew),
		CLAIM(the_image_of_a_source_is_opened),
		CLAIM(the_stamp_of_a_source_is_that_of_its_image),
		CLAIM(an_image_on_the_excluded_file_system_is_refused),
		CLAIM(a_link_into_the_excluded_file_system_is_not_followed_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
