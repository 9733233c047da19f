/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: the one under test only writes; everything is asserted on the
 * test's own thread.
 */
#include "log_writer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "unit.h"

static int stderr_before, ends[2];

static int64_t never(void)
{
	return INT64_MAX;
}

/* Standard error is a pipe. */
static int setup(void **state)
{
	(void)state;
	stderr_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (pipe2(ends, O_CLOEXEC) < 0)
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

/* All that is in the pipe, and comes while it is read; LIMIT - 1 at most. */
static void read_all(char *text, size_t limit)
{
	size_t used = 0;
	ssize_t length;

	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	while ((length = read(ends[0], text + used, limit - used - 1)) > 0)
		used += (size_t)length;
	text[used] = '\0';
}

TEST(without_a_thread_messages_are_written_at_once)
{
	char text[100];

	log_writer_put(LOG_ERR, "hello");
	read_all(text, sizeof(text));
	assert_string_equal(text, "pibootfs: hello\n");
}

TEST(what_is_queued_is_written_in_order_before_the_end)
{
	char text[100];

	assert_int_equal(log_writer_start(never), 0);
	log_writer_put(LOG_ERR, "1");
	log_writer_put(LOG_ERR, "2");
	log_writer_stop();
	log_writer_put(LOG_ERR, "3");
	read_all(text, sizeof(text));
	assert_string_equal(text, "pibootfs: 1\npibootfs: 2\npibootfs: 3\n");
}

TEST(what_is_queued_goes_to_the_target_that_was_set_then)
{
	char text[100];

	assert_int_equal(log_writer_start(never), 0);
	log_writer_put(LOG_ERR, "1");
	log_writer_set_target(LOG_TO_JOURNAL);
	log_writer_put(LOG_ERR, "2");
	log_writer_stop();
	log_writer_set_target(LOG_TO_STDERR);
	read_all(text, sizeof(text));
	assert_string_equal(text, "pibootfs: 1\n<3>2\n");
}

TEST(a_full_pipe_holds_nobody_up_and_the_number_lost_is_told)
{
	static char text[4096 * 2048];
	char message[1000];
	unsigned long lines = 0, lost;
	size_t used = 0;
	const char *told;

	memset(message, 'x', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	assert_int_equal(log_writer_start(never), 0);
	for (int i = 0; i < 4000; i++)
		log_writer_put(LOG_ERR, message);
	while (!strstr(text, "in time")) {
		usleep(1000);
		read_all(text + used, sizeof(text) - used);
		used += strlen(text + used);
	}
	log_writer_stop();
	told = strstr(text, " messages were lost");
	while (told > text && told[-1] != ' ')
		told--;
	lost = strtoul(told, NULL, 10);
	for (const char *at = text; (at = strstr(at, "xxx\n")); at++)
		lines++;
	assert_true(lost > 0);
	assert_int_equal(lines + lost, 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			without_a_thread_messages_are_written_at_once, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			what_is_queued_is_written_in_order_before_the_end,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_queued_goes_to_the_target_that_was_set_then,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_full_pipe_holds_nobody_up_and_the_number_lost_is_told,
			setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
