/* SPDX-License-Identifier: BSD-2-Clause */
#include "path_walk.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "scratch.h"
#include "unit.h"

static struct scratch scratch;

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	scratch_touch(&scratch, "file");
	scratch_mkdir(&scratch, "directory");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static int walk(const char *path, enum pbf_reach reach, dev_t excluded)
{
	const struct pbf_walk walk = { .reach = reach, .excluded = excluded };
	_cleanup_place_ struct pbf_place place = { .directory_fd = -1 };

	return pbf_walk(&walk, scratch.fd, path, &place);
}

/* That PATH ends in what the kernel, too, finds there, by place and name. */
static void assert_ends_well(const char *path)
{
	const struct pbf_walk walk = { .reach = PBF_ANYWHERE };
	_cleanup_place_ struct pbf_place place = { .directory_fd = -1 };
	struct stat expected, st;

	assert_int_equal(fstatat(scratch.fd, path, &expected, 0), 0);
	assert_int_equal(pbf_walk(&walk, scratch.fd, path, &place), 0);
	assert_int_equal(place.stat.st_ino, expected.st_ino);
	assert_int_equal(fstatat(place.directory_fd, place.name, &st, 0), 0);
	assert_int_equal(st.st_ino, expected.st_ino);
}

TEST(a_path_leads_where_the_kernel_finds_it)
{
	static const char *const paths[] = {
		"file",	      "./file",	  "directory/../file", "directory//.",
		"directory/", "/",	  "/proc/self/status", "..",
		"link",	      "up/..//.", "absolute",	       "link/../file",
	};
	char target[128];

	snprintf(target, sizeof(target), "%s/file", scratch.path);
	scratch_link(&scratch, "directory", "link");
	scratch_link(&scratch, "..", "up");
	scratch_link(&scratch, target, "absolute");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_ends_well(paths[i]);
}

TEST(a_path_that_leads_nowhere_is_an_error_as_the_kernels)
{
	char name[NAME_MAX + 2];

	scratch_link(&scratch, "none", "dangling");
	scratch_link(&scratch, "loop", "loop");
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(walk("none", PBF_ANYWHERE, 0), -ENOENT);
	assert_int_equal(walk("dangling", PBF_ANYWHERE, 0), -ENOENT);
	assert_int_equal(walk("file/x", PBF_ANYWHERE, 0), -ENOTDIR);
	assert_int_equal(walk("loop", PBF_ANYWHERE, 0), -ELOOP);
	assert_int_equal(walk(name, PBF_ANYWHERE, 0), -ENAMETOOLONG);
}

TEST(another_file_system_is_entered_only_by_who_may_go_anywhere)
{
	scratch_link(&scratch, "/proc/version", "proc");
	assert_int_equal(walk("proc", PBF_ANYWHERE, 0), 0);
	assert_int_equal(walk("proc", PBF_NEAR, 0), -EAGAIN);
	assert_int_equal(walk("proc", PBF_AT_ONCE, 0), -EAGAIN);
	assert_int_equal(walk("file", PBF_NEAR, 0), 0);
	assert_int_equal(walk("file", PBF_AT_ONCE, 0), 0);
	assert_int_equal(walk("none", PBF_NEAR, 0), -ENOENT);
}

TEST(the_excluded_file_system_is_never_entered)
{
	struct stat st;

	assert_int_equal(stat("/proc", &st), 0);
	/* Which of these exist is not even asked. */
	assert_int_equal(walk("/proc/version", PBF_ANYWHERE, st.st_dev),
			 -EDEADLK);
	assert_int_equal(walk("/proc/none", PBF_ANYWHERE, st.st_dev), -EDEADLK);
	assert_int_equal(walk("/proc", PBF_ANYWHERE, st.st_dev), -EDEADLK);
	assert_int_equal(walk("file", PBF_ANYWHERE, st.st_dev), 0);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_path_leads_where_the_kernel_finds_it),
		CLAIM(a_path_that_leads_nowhere_is_an_error_as_the_kernels),
		CLAIM(another_file_system_is_entered_only_by_who_may_go_anywhere),
		CLAIM(the_excluded_file_system_is_never_entered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
