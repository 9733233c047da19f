/* SPDX-License-Identifier: BSD-2-Clause */
#include "board_index.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fake-time.h"
#include "scratch.h"
#include "unit.h"

static struct scratch scratch;
static struct pbf_board_index *board_index;

static int setup(void **state)
{
	(void)state;
	fake_time_reset();
	scratch_make(&scratch);
	return pbf_board_index_new(&board_index);
}

static int teardown(void **state)
{
	(void)state;
	pbf_board_index_free(board_index);
	scratch_remove(&scratch);
	return 0;
}

/* The names that were offered, and what each is answered with. */
struct offers {
	char names[256];
	int answer;
};

static int take(void *context, const char *directory)
{
	struct offers *offers = context;

	strcat(strcat(offers->names, directory), " ");
	return offers->answer;
}

static int find(const char *key, struct offers *offers)
{
	offers->names[0] = '\0';
	return pbf_board_index_find(board_index, scratch.fd, PBF_ANYWHERE, key,
				    take, offers);
}

static void assert_offered(const char *key, const char *names)
{
	struct offers offers = { .answer = 0 };

	assert_int_equal(find(key, &offers), 0);
	assert_string_equal(offers.names, names);
}

static void assert_not_offered(const char *key)
{
	struct offers offers = { .answer = 0 };

	assert_int_equal(find(key, &offers), -ENOENT);
	assert_string_equal(offers.names, "");
}

TEST(a_serial_of_16_digits_stands_for_its_board)
{
	scratch_link(&scratch, "x", "1000000089025d75");
	assert_offered("89025d75", "1000000089025d75 ");
	assert_not_offered("89025d76");
}

TEST(upper_case_stands_for_its_board)
{
	scratch_link(&scratch, "x", "89025D75");
	scratch_link(&scratch, "x", "DC-A6-32-01-36-C2");
	assert_offered("89025d75", "89025D75 ");
	assert_offered("dc-a6-32-01-36-c2", "DC-A6-32-01-36-C2 ");
}

TEST(the_suffix_of_an_image_does_not_count)
{
	scratch_touch(&scratch, "1000000089025d75.img");
	assert_offered("89025d75", "1000000089025d75 ");
}

TEST(what_boards_ask_for_themselves_is_not_indexed)
{
	scratch_link(&scratch, "x", "89025d75");
	scratch_touch(&scratch, "89025d76.img");
	scratch_link(&scratch, "x", "lab3");
	assert_not_offered("89025d75");
	assert_not_offered("89025d76");
}

TEST(an_entry_that_is_not_wanted_is_followed_by_the_next)
{
	struct offers offers = { .answer = -ENOENT };

	scratch_link(&scratch, "x", "1000000089025d75");
	scratch_link(&scratch, "x", "2000000089025d75");
	assert_int_equal(find("89025d75", &offers), -ENOENT);
	assert_int_equal(strlen(offers.names), 2 * 17);
	offers.answer = -EACCES;
	assert_int_equal(find("89025d75", &offers), -EACCES);
	assert_int_equal(strlen(offers.names), 17);
}

TEST(a_change_is_seen_at_the_next_look)
{
	fake_time_set_honest(true);
	assert_not_offered("89025d75");
	scratch_link(&scratch, "x", "1000000089025d75");
	assert_offered("89025d75", "1000000089025d75 ");
	scratch_unlink(&scratch, "1000000089025d75");
	assert_not_offered("89025d75");
}

TEST(a_change_is_seen_even_long_after_the_last_one)
{
	scratch_link(&scratch, "x", "1000000089025d75");
	fake_time_set_honest(true);
	fake_time_set_age(10);
	assert_offered("89025d75", "1000000089025d75 ");
	assert_offered("89025d75", "1000000089025d75 ");
	fake_time_next_tick();
	scratch_unlink(&scratch, "1000000089025d75");
	assert_not_offered("89025d75");
}

TEST(a_directory_that_cannot_be_read_is_an_error)
{
	struct offers offers = { .answer = 0 };
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(pbf_board_index_find(board_index, fd, PBF_ANYWHERE,
					      "89025d75", take, &offers),
			 -EIO);
	assert_int_equal(pbf_board_index_find(board_index, -1, PBF_ANYWHERE,
					      "89025d75", take, &offers),
			 -EIO);
	close(fd);
	assert_not_offered("89025d75");
}

TEST(a_thousand_entries_are_indexed)
{
	char name[] = "0000000000000000.img";

	for (int i = 0; i < 1000; i++) {
		name[0] = 'F';
		name[13] = (char)('0' + i / 100);
		name[14] = (char)('0' + i / 10 % 10);
		name[15] = (char)('0' + i % 10);
		scratch_touch(&scratch, name);
	}
	assert_offered("00000000", "F000000000000000 ");
	assert_offered("00000999", "F000000000000999 ");
	assert_not_offered("00001000");
}

TEST(freeing_nothing_is_allowed)
{
	pbf_board_index_free(NULL);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_serial_of_16_digits_stands_for_its_board),
		CLAIM(upper_case_stands_for_its_board),
		CLAIM(the_suffix_of_an_image_does_not_count),
		CLAIM(what_boards_ask_for_themselves_is_not_indexed),
		CLAIM(an_entry_that_is_not_wanted_is_followed_by_the_next),
		CLAIM(a_change_is_seen_at_the_next_look),
		CLAIM(a_change_is_seen_even_long_after_the_last_one),
		CLAIM(a_directory_that_cannot_be_read_is_an_error),
		CLAIM(a_thousand_entries_are_indexed),
		CLAIM(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
