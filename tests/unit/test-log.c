/* SPDX-License-Identifier: BSD-2-Clause */
/* There is no other thread: messages are written at once, to a pipe. */
#include "log.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "fake-time.h"
#include "log_limit.h"
#include "unit.h"

static int stderr_before, ends[2];
static char text[65536];

static int setup(void **state)
{
	(void)state;
	fake_time_reset();
	stderr_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	return dup2(ends[1], STDERR_FILENO) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	dup2(stderr_before, STDERR_FILENO);
	close(stderr_before);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* What was written since the last time. */
static const char *written(void)
{
	ssize_t length = read(ends[0], text, sizeof(text) - 1);

	text[length > 0 ? length : 0] = '\0';
	return text;
}

static void pass_ms(int64_t milliseconds)
{
	const struct timespec pause = { .tv_sec = milliseconds / 1000 };

	nanosleep(&pause, NULL);
}

static void refuse(const char *image, unsigned long long byte)
{
	struct pbf_reason why = { .offset_bytes = byte, .text = "bad" };

	log_refusal(LOG_WARNING, image, "path", &why, "leaving it out");
}

TEST(a_fault_is_told_once_whatever_the_path)
{
	refuse("once.img", 1);
	assert_string_equal(written(), "pibootfs: once.img: path: byte 0x1: "
				       "bad; leaving it out\n");
	refuse("once.img", 1);
	assert_string_equal(written(), "");
}

TEST(a_flood_of_faults_is_cut_and_its_number_told_in_the_end)
{
	for (unsigned long long byte = 0; byte < 1000; byte++)
		refuse("flood.img", byte);
	assert_non_null(strstr(written(), "byte 0x13: "));
	assert_null(strstr(text, "byte 0x14: "));
	log_stop();
	assert_string_equal(written(),
			    "pibootfs: flood.img: and 980 more like it\n");
}

TEST(a_fault_that_was_held_back_is_told_when_it_comes_again)
{
	for (unsigned long long byte = 0; byte < LOG_LIMIT_BURST; byte++)
		refuse("again.img", byte);
	refuse("again.img", 0x100);
	assert_null(strstr(written(), "0x100"));
	pass_ms(LOG_LIMIT_INTERVAL_MS);
	refuse("again.img", 0x100);
	assert_string_equal(written(),
			    "pibootfs: again.img: and 1 more like it\n"
			    "pibootfs: again.img: path: byte 0x100: bad; "
			    "leaving it out\n");
}

TEST(messages_of_one_format_without_a_subject_have_one_bound)
{
	for (int i = 0; i < 1000; i++)
		log_once(LOG_NOTICE, "board %d asks", i);
	assert_non_null(strstr(written(), "board 19 asks"));
	assert_null(strstr(text, "board 20 asks"));
	log_stop();
	assert_string_equal(written(),
			    "pibootfs: board 20 asks: and 980 more like it\n");
}

TEST(debug_messages_have_no_bound)
{
	log_set_threshold(LOG_DEBUG);
	for (int i = 0; i < 1000; i++)
		log_message(LOG_DEBUG, "request %d", i);
	assert_non_null(strstr(written(), "request 999\n"));
	log_set_threshold(LOG_INFO);
}

TEST(a_subject_may_not_hide_behind_what_a_terminal_obeys)
{
	for (unsigned long long byte = 0; byte <= LOG_LIMIT_BURST; byte++)
		refuse("\x1b[m.img", byte);
	log_stop();
	assert_null(strchr(written(), '\x1b'));
	assert_non_null(strstr(text, "?[m.img: and 1 more like it"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_fault_is_told_once_whatever_the_path, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_flood_of_faults_is_cut_and_its_number_told_in_the_end,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_fault_that_was_held_back_is_told_when_it_comes_again,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			messages_of_one_format_without_a_subject_have_one_bound,
			setup, teardown),
		cmocka_unit_test_setup_teardown(debug_messages_have_no_bound,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_subject_may_not_hide_behind_what_a_terminal_obeys,
			setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
