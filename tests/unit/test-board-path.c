/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "board_path.h"
#include "scratch.h"
#include "unit.h"

static struct scratch scratch;
static struct pbf_catalog *catalog;

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	scratch_touch(&scratch, "jammy.img");
	return pbf_catalog_open(scratch.path, (struct pbf_image_conf){ 0 },
				&catalog);
}

static int teardown(void **state)
{
	(void)state;
	pbf_catalog_free(catalog);
	scratch_remove(&scratch);
	return 0;
}

TEST(what_follows_the_board_is_a_path_in_its_volume)
{
	assert_string_equal(board_path_in_volume("jammy"), "");
	assert_string_equal(board_path_in_volume("jammy/overlays"), "overlays");
	assert_string_equal(board_path_in_volume("jammy/a/b"), "a/b");
	assert_string_equal(board_path_in_volume(""), "");
}

TEST(the_board_of_a_path_is_found)
{
	struct pbf_board board;

	assert_int_equal(
		board_path_find(catalog, "jammy", PBF_ANYWHERE, &board), 0);
	assert_string_equal(board.entry, "jammy.img");
	assert_int_equal(
		board_path_find(catalog, "jammy/a/b", PBF_ANYWHERE, &board), 0);
	assert_string_equal(board.entry, "jammy.img");
	assert_int_equal(
		board_path_find(catalog, "noble/a", PBF_ANYWHERE, &board),
		-ENOENT);
	assert_int_equal(board_path_find(catalog, "", PBF_ANYWHERE, &board),
			 -ENOENT);
}

TEST(a_board_with_a_name_too_long_is_not_found)
{
	struct pbf_board board;
	char path[PBF_ENTRY_BYTES + 8];

	memset(path, 'n', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(board_path_find(catalog, path, PBF_ANYWHERE, &board),
			 -ENOENT);
	path[PBF_ENTRY_BYTES] = '/';
	assert_int_equal(board_path_find(catalog, path, PBF_ANYWHERE, &board),
			 -ENOENT);
	path[PBF_ENTRY_BYTES - 1] = '/';
	assert_int_equal(board_path_find(catalog, path, PBF_ANYWHERE, &board),
			 -ENOENT);
}

static void assert_joined(const char *path, const char *name,
			  const char *expected)
{
	char *joined = board_path_join(path, name);

	assert_string_equal(joined, expected);
	free(joined);
}

TEST(a_name_is_joined_to_a_path)
{
	assert_joined("", "jammy", "jammy");
	assert_joined("jammy", "overlays", "jammy/overlays");
	assert_joined("jammy/a", "b", "jammy/a/b");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(what_follows_the_board_is_a_path_in_its_volume),
		CLAIM(the_board_of_a_path_is_found),
		CLAIM(a_board_with_a_name_too_long_is_not_found),
		CLAIM(a_name_is_joined_to_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
