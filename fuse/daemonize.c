/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemonize.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

/* The child's end of the pipe to its parent; -1: no parent waits. */
static int parent = -1;

/* What the parent does; the child's status is its own. */
static _Noreturn void wait_for_child(pid_t child, int pipe_end,
				     int crash_status)
{
	char ready;
	ssize_t length;
	int status;

	do
		length = read(pipe_end, &ready, 1);
	while (length < 0 && errno == EINTR);
	if (length == 1)
		_exit(0);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		log_message(LOG_ERR, "the daemon was killed by signal %d",
			    WTERMSIG(status));
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ?
		      WEXITSTATUS(status) :
		      crash_status);
}

int daemonize_fork(int crash_status)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	child = fork();
	if (child < 0) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (child > 0) {
		close(ends[1]);
		wait_for_child(child, ends[0], crash_status);
	}
	close(ends[0]);
	parent = ends[1];
	return 0;
}

void daemonize_leave_group(void)
{
	if (parent >= 0)
		setsid();
}

static bool stderr_is_a_log(void)
{
	struct stat st;

	return fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
}

void daemonize_ready(void)
{
	int null;

	if (parent < 0)
		return;
	if (chdir("/") < 0)
		log_message(LOG_WARNING, "cannot leave the working directory");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	if (!log_stderr_is_journal() && !stderr_is_a_log()) {
		if (access(_PATH_LOG, W_OK) < 0)
			log_message(LOG_NOTICE,
				    "%s: %s: what there is to say from now on "
				    "is lost; -f or 2>FILE would keep it",
				    _PATH_LOG, strerror(errno));
		log_set_target(LOG_TO_SYSLOG);
		if (null >= 0)
			dup2(null, STDERR_FILENO);
	}
	if (null >= 0)
		close(null);
	if (write(parent, "", 1) < 0)
		log_message(LOG_WARNING, "cannot tell the parent process");
	close(parent);
	parent = -1;
}
