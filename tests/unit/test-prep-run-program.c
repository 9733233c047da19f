/* SPDX-License-Identifier: BSD-2-Clause */
#include "run_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "cleanup.h"
#include "scratch.h"
#include "unit.h"

#define SPAWNING "posix_spawn(3) says nothing of what exec(2) said"

/* What came of running a program; its output is valid until the next. */
struct outcome {
	int error, status;
	const char *output;
	struct pbf_reason why;
};

static char *last_output;

static struct outcome run(const struct prep_program *program)
{
	struct outcome outcome = { .status = -1 };

	free(last_output);
	last_output = NULL;
	outcome.error =
		prep_run(program, &last_output, &outcome.status, &outcome.why);
	outcome.output = last_output;
	return outcome;
}

static struct outcome run_shell(const char *script)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return run(&(struct prep_program){ .argv = argv, .fd = -1 });
}

static int teardown(void **state)
{
	(void)state;
	free(last_output);
	last_output = NULL;
	return 0;
}

static void assert_says(const struct outcome *outcome, const char *expected)
{
	assert_int_equal(outcome->error, 0);
	assert_string_equal(outcome->output, expected);
}

TEST(a_program_gives_its_output_and_status)
{
	struct outcome outcome = run_shell("echo out; echo err >&2; exit 3");

	assert_says(&outcome, "out\nerr\n");
	assert_int_equal(outcome.status, 3);
	outcome = run_shell("exit 0");
	assert_says(&outcome, "");
	assert_int_equal(outcome.status, 0);
}

TEST(a_program_is_given_its_input)
{
	static char input[3000000];
	const char *const argv[] = { "wc", "-c", NULL };
	struct outcome outcome = run(&(struct prep_program){
		.argv = argv,
		.input = input,
		.input_length = sizeof(input),
		.fd = -1,
	});

	assert_says(&outcome, "3000000\n");
	outcome = run(&(struct prep_program){ .argv = argv, .fd = -1 });
	assert_says(&outcome, "0\n");
}

TEST(a_program_finds_its_file_under_a_known_path)
{
	const char *const argv[] = { "sh", "-c",
				     "cat " PREP_FD_PATH
				     " && printf new >" PREP_FD_PATH,
				     NULL };
	_cleanup_close_ int fd =
		open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct outcome outcome;
	char content[4] = "";

	assert_int_equal(write(fd, "old", 3), 3);
	outcome = run(&(struct prep_program){ .argv = argv, .fd = fd });
	assert_says(&outcome, "old");
	assert_int_equal(pread(fd, content, 3, 0), 3);
	assert_string_equal(content, "new");
}

TEST(a_program_knows_nothing_of_the_environment)
{
	const char *const argv[] = { "env", NULL };
	struct outcome outcome;

	setenv("MTOOLSRC", "/etc/passwd", 1);
	outcome = run(&(struct prep_program){ .argv = argv, .fd = -1 });
	unsetenv("MTOOLSRC");
	assert_says(&outcome, "LC_ALL=C.UTF-8\nTZ=UTC\nMTOOLSRC=/dev/null\n"
			      "MTOOLS_SKIP_CHECK=1\n");
}

TEST(a_program_that_is_not_there_is_named)
{
	const char *const argv[] = { "no-such-program", NULL };
	struct outcome outcome;

	SKIP_WHERE_EMULATED(SPAWNING);
	outcome = run(&(struct prep_program){ .argv = argv, .fd = -1 });
	assert_int_equal(outcome.error, -ENOENT);
	assert_reason(outcome.why, PBF_REASON_NO_OFFSET,
		      "needs the program no-such-program");
	assert_null(outcome.output);
	assert_int_equal(outcome.status, -1);
}

TEST(a_program_that_cannot_be_run_is_named)
{
	const char *const argv[] = { "/etc/passwd", NULL };
	struct outcome outcome;

	SKIP_WHERE_EMULATED(SPAWNING);
	outcome = run(&(struct prep_program){ .argv = argv, .fd = -1 });
	assert_int_equal(outcome.error, -EACCES);
	assert_reason(outcome.why, PBF_REASON_NO_OFFSET,
		      "/etc/passwd cannot be run");
}

TEST(programs_of_root_are_found_by_everybody)
{
	const char *const argv[] = { "fsck.fat", "--help", NULL };
	_cleanup_free_ char *path = strdup(getenv("PATH") ?: "/usr/bin");
	struct outcome outcome;

	SKIP_WHERE_EMULATED(SPAWNING);
	setenv("PATH", "/usr/games", 1);
	outcome = run(&(struct prep_program){ .argv = argv, .fd = -1 });
	setenv("PATH", path, 1);
	assert_int_equal(outcome.error, 0);
	assert_non_null(strstr(outcome.output, "fsck.fat"));
}

TEST(a_program_that_is_killed_has_failed)
{
	struct outcome outcome = run_shell("echo some; kill -KILL $$");

	assert_int_equal(outcome.error, -EIO);
	assert_reason(outcome.why, PBF_REASON_NO_OFFSET,
		      "sh was killed by signal 9");
	assert_null(outcome.output);
}

/* All that has the other end of the pipe is gone when the pipe has ended. */
TEST(a_program_that_hangs_is_killed_with_all_it_started)
{
	const char *const argv[] = { "sh", "-c", "sleep 1000 & wait", NULL };
	struct outcome outcome;
	int ends[2];
	char byte;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	outcome = run(&(struct prep_program){
		.argv = argv, .fd = ends[1], .time_ms_max = 100 });
	close(ends[1]);
	assert_int_equal(outcome.error, -ETIMEDOUT);
	assert_reason(outcome.why, PBF_REASON_NO_OFFSET, "took too long");
	assert_int_equal(poll(&(struct pollfd){ .fd = ends[0] }, 1, 20000), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

TEST(a_program_that_says_too_much_is_killed)
{
	const char *const argv[] = { "yes", NULL };
	struct outcome outcome =
		run(&(struct prep_program){ .argv = argv, .fd = -1 });

	assert_int_equal(outcome.error, -EFBIG);
	assert_reason(outcome.why, PBF_REASON_NO_OFFSET,
		      "yes printed more than 262144 bytes");
}

TEST(a_program_may_say_much_but_no_more)
{
	struct outcome outcome = run_shell("yes | head -c 262144");

	assert_int_equal(outcome.error, 0);
	assert_int_equal(strlen(outcome.output), 262144);
	outcome = run_shell("yes | head -c 262145");
	assert_int_equal(outcome.error, -EFBIG);
}

TEST(a_program_has_signals_as_if_none_were_blocked_or_ignored)
{
	/* Not in a shell, which might unblock signals itself. */
	const char *const argv[] = { "grep", "-E", "^Sig(Blk|Ign)",
				     "/proc/self/status", NULL };
	const char *blocked_set, *ignored_set;
	sigset_t blocked, before;
	struct outcome outcome;

	SKIP_WHERE_EMULATED("the emulator keeps signals to itself");
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	outcome = run(&(struct prep_program){ .argv = argv, .fd = -1 });
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(outcome.error, 0);
	blocked_set = strstr(outcome.output, "SigBlk:");
	ignored_set = strstr(outcome.output, "SigIgn:");
	assert_true(blocked_set && ignored_set);
	assert_int_equal(strtoull(blocked_set + 7, NULL, 16), 0);
	/* 32 and 33 are the C library's own. */
	assert_int_equal(strtoull(ignored_set + 7, NULL, 16) & ~(3ull << 31),
			 0);
}

/* So a key on the terminal does not end it, and it can ask no questions. */
TEST(a_program_has_a_session_of_its_own)
{
	struct outcome outcome =
		run_shell("read -r pid name state parent group session rest "
			  "</proc/$$/stat\n"
			  "test $$ = $group && test $$ = $session");

	assert_int_equal(outcome.error, 0);
	assert_int_equal(outcome.status, 0);
}

static void ignore_alarm(int signal_number)
{
	(void)signal_number;
}

TEST(signals_do_not_end_the_waiting)
{
	const struct sigaction action = { .sa_handler = ignore_alarm };
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct outcome outcome;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	outcome = run_shell("sleep 0.2; echo done");
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
	assert_says(&outcome, "done\n");
}

TEST(a_status_that_nobody_keeps_is_an_error)
{
	struct outcome outcome;

	signal(SIGCHLD, SIG_IGN);
	outcome = run_shell("exit 0");
	signal(SIGCHLD, SIG_DFL);
	assert_int_equal(outcome.error, -ECHILD);
	assert_reason(outcome.why, PBF_REASON_NO_OFFSET,
		      "sh cannot be waited for");
}

#define CLAIM(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_program_gives_its_output_and_status),
		CLAIM(a_program_is_given_its_input),
		CLAIM(a_program_finds_its_file_under_a_known_path),
		CLAIM(a_program_knows_nothing_of_the_environment),
		CLAIM(a_program_that_is_not_there_is_named),
		CLAIM(a_program_that_cannot_be_run_is_named),
		CLAIM(programs_of_root_are_found_by_everybody),
		CLAIM(a_program_that_is_killed_has_failed),
		CLAIM(a_program_that_hangs_is_killed_with_all_it_started),
		CLAIM(a_program_that_says_too_much_is_killed),
		CLAIM(a_program_may_say_much_but_no_more),
		CLAIM(a_program_has_signals_as_if_none_were_blocked_or_ignored),
		CLAIM(a_program_has_a_session_of_its_own),
		CLAIM(signals_do_not_end_the_waiting),
		CLAIM(a_status_that_nobody_keeps_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
