/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_directory.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "scratch.h"
#include "unit.h"

static struct scratch scratch;
static struct pbf_image_directory *directory;
static char path[128];

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	scratch_mkdir(&scratch, "images");
	scratch_mkdir(&scratch, "others");
	snprintf(path, sizeof(path), "%s/images", scratch.path);
	return pbf_image_directory_open(path, &directory);
}

static int teardown(void **state)
{
	(void)state;
	pbf_image_directory_free(directory);
	scratch_remove(&scratch);
	return 0;
}

/* That the path leads to NAME now, and REACH suffices to see that. */
static void assert_enters(const char *name, enum pbf_reach reach)
{
	struct pbf_directory *entered;
	struct stat st;

	assert_int_equal(fstatat(scratch.fd, name, &st, 0), 0);
	assert_int_equal(pbf_image_directory_enter(directory, reach, &entered),
			 0);
	assert_int_equal(entered->inode, st.st_ino);
	assert_int_equal(fstat(entered->fd, &st), 0);
	assert_int_equal(entered->inode, st.st_ino);
	pbf_image_directory_leave(directory, entered);
}

static void assert_not_at_once(void)
{
	struct pbf_directory *entered;

	assert_int_equal(
		pbf_image_directory_enter(directory, PBF_AT_ONCE, &entered),
		-EAGAIN);
}

TEST(the_directory_of_the_last_look_is_entered_at_once)
{
	assert_enters("images", PBF_AT_ONCE);
	/* What happens in it does not matter; beside it something might. */
	scratch_touch(&scratch, "images/jammy.img");
	assert_enters("images", PBF_AT_ONCE);
	scratch_touch(&scratch, "beside");
	assert_not_at_once();
	assert_enters("images", PBF_NEAR);
	assert_enters("images", PBF_AT_ONCE);
	scratch_unlink(&scratch, "images/jammy.img");
}

/* /proc tells no changes. */
TEST(a_directory_on_other_than_local_storage_is_never_entered_at_once)
{
	struct pbf_image_directory *other;
	struct pbf_directory *entered;

	assert_int_equal(pbf_image_directory_open("/proc/self", &other), 0);
	assert_int_equal(
		pbf_image_directory_enter(other, PBF_AT_ONCE, &entered),
		-EAGAIN);
	assert_int_equal(
		pbf_image_directory_enter(other, PBF_ANYWHERE, &entered), 0);
	pbf_image_directory_leave(other, entered);
	pbf_image_directory_free(other);
}

TEST(another_directory_in_its_place_is_followed)
{
	scratch_rename(&scratch, "images", "old");
	scratch_rename(&scratch, "others", "images");
	assert_not_at_once();
	assert_enters("images", PBF_NEAR);
	assert_enters("images", PBF_AT_ONCE);
}

TEST(a_link_in_its_place_is_followed)
{
	scratch_rename(&scratch, "images", "old");
	scratch_link(&scratch, "others", "images");
	assert_enters("others", PBF_ANYWHERE);
	scratch_unlink(&scratch, "images");
	scratch_link(&scratch, "old", "images");
	assert_not_at_once();
	assert_enters("old", PBF_ANYWHERE);
}

TEST(a_directory_that_is_gone_is_an_error_until_it_is_back)
{
	struct pbf_directory *entered;

	scratch_rename(&scratch, "images", "old");
	assert_int_equal(
		pbf_image_directory_enter(directory, PBF_ANYWHERE, &entered),
		-ENOENT);
	scratch_touch(&scratch, "images");
	assert_int_equal(
		pbf_image_directory_enter(directory, PBF_ANYWHERE, &entered),
		-ENOTDIR);
	scratch_unlink(&scratch, "images");
	scratch_rename(&scratch, "old", "images");
	assert_enters("images", PBF_ANYWHERE);
}

TEST(a_directory_in_use_outlives_its_replacement)
{
	struct pbf_directory *entered;
	struct stat st;

	assert_int_equal(
		pbf_image_directory_enter(directory, PBF_ANYWHERE, &entered),
		0);
	scratch_rename(&scratch, "images", "old");
	scratch_rename(&scratch, "others", "images");
	assert_enters("images", PBF_ANYWHERE);
	assert_int_equal(fstat(entered->fd, &st), 0);
	assert_int_equal(st.st_ino, entered->inode);
	pbf_image_directory_leave(directory, entered);
}

TEST(a_path_that_leads_into_the_daemons_own_mount_is_not_followed)
{
	struct stat st;

	assert_int_equal(stat("/proc", &st), 0);
	pbf_image_directory_exclude(directory, st.st_dev);
	assert_false(pbf_image_directory_is_inside(directory));
	scratch_rename(&scratch, "images", "old");
	scratch_link(&scratch, "/proc/self/net", "images");
	assert_enters("old", PBF_ANYWHERE);
	assert_true(pbf_image_directory_is_inside(directory));
	scratch_unlink(&scratch, "images");
	scratch_link(&scratch, "others", "images");
	assert_enters("others", PBF_ANYWHERE);
	assert_false(pbf_image_directory_is_inside(directory));
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(the_directory_of_the_last_look_is_entered_at_once),
		CLAIM(a_directory_on_other_than_local_storage_is_never_entered_at_once),
		CLAIM(another_directory_in_its_place_is_followed),
		CLAIM(a_link_in_its_place_is_followed),
		CLAIM(a_directory_that_is_gone_is_an_error_until_it_is_back),
		CLAIM(a_directory_in_use_outlives_its_replacement),
		CLAIM(a_path_that_leads_into_the_daemons_own_mount_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
