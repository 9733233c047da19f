/* SPDX-License-Identifier: BSD-2-Clause */
#include "run_program.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "fd_io.h"
#include "image.h"

#define PROGRAM_FD 3
#define ARGUMENTS_MAX 16u
/* How often to look whether a program says too much. */
#define LOOK_MS 50

/*
 * What programs need to know, and no more: mtools would read the user's
 * configuration, and write local time.
 */
static char *const environment[] = {
	(char[]){ "LC_ALL=C.UTF-8" },
	(char[]){ "TZ=UTC" },
	(char[]){ "MTOOLSRC=/dev/null" },
	(char[]){ "MTOOLS_SKIP_CHECK=1" },
	NULL,
};

/* Files and no pipes: nothing can block half-way. */
static int make_file(const char *name, const void *content, size_t length)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	int error;

	if (fd < 0)
		return -errno;
	/* It stands at its beginning after that, for the program to read. */
	error = fd_write_at(fd, 0, content, length);
	if (error < 0) {
		close(fd);
		return error;
	}
	return fd;
}

static size_t output_length(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : (size_t)st.st_size;
}

static int read_output(int fd, char **ret_output)
{
	size_t length = output_length(fd);
	char *output = malloc(length + 1);
	ssize_t n;

	if (!output)
		return -ENOMEM;
	n = pread(fd, output, length, 0);
	if (n < 0) {
		free(output);
		return -EIO;
	}
	output[n] = '\0';
	*ret_output = output;
	return 0;
}

static int set_actions(posix_spawn_file_actions_t *actions,
		       const struct prep_program *program, int input,
		       int output)
{
	int error = posix_spawn_file_actions_adddup2(actions, input, 0);

	if (error == 0)
		error = posix_spawn_file_actions_adddup2(actions, output, 1);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(actions, output, 2);
	if (error == 0 && program->fd >= 0)
		error = posix_spawn_file_actions_adddup2(actions, program->fd,
							 PROGRAM_FD);
	return error;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	error = posix_spawnattr_setsigmask(attributes, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &all);
	if (error == 0)
		error = posix_spawnattr_setflags(attributes,
						 POSIX_SPAWN_SETSIGMASK |
							 POSIX_SPAWN_SETSIGDEF |
							 POSIX_SPAWN_SETSID);
	return error;
}

static int start(const struct prep_program *program,
		 const posix_spawn_file_actions_t *actions,
		 const posix_spawnattr_t *attributes, pid_t *ret_pid)
{
	/* Copied as posix_spawn(3) takes no const, although it changes none. */
	char *argv[ARGUMENTS_MAX + 1] = { NULL };
	char path[64];
	int error;

	for (size_t i = 0; program->argv[i]; i++) {
		assert(i < ARGUMENTS_MAX);
		memcpy(&argv[i], &program->argv[i], sizeof(argv[i]));
	}
	assert(argv[0]);
	error = posix_spawnp(ret_pid, argv[0], actions, attributes, argv,
			     environment);
	if ((error != ENOENT && error != EACCES) || strchr(argv[0], '/'))
		return -error;
	/* fsck.fat is not in every user's PATH. */
	snprintf(path, sizeof(path), "/usr/sbin/%s", argv[0]);
	return -posix_spawn(ret_pid, path, actions, attributes, argv,
			    environment);
}

static int spawn(const struct prep_program *program, int input, int output,
		 pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error = -posix_spawn_file_actions_init(&actions);

	if (error < 0)
		return error;
	error = -posix_spawnattr_init(&attributes);
	if (error == 0) {
		error = -set_actions(&actions, program, input, output);
		if (error == 0)
			error = -set_attributes(&attributes);
		if (error == 0)
			error = start(program, &actions, &attributes, ret_pid);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Waits for its end; -ETIMEDOUT or -EFBIG when it had to be killed. */
static int await(const struct prep_program *program, pid_t pid, int output,
		 int *ret_status)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int64_t time_ms_max = program->time_ms_max;
	int64_t give_up_at_ms;
	int error = 0;

	if (time_ms_max == 0)
		time_ms_max = PREP_PROGRAM_TIME_MS_MAX;
	give_up_at_ms = pbf_monotonic_ms() + time_ms_max;
	while (pidfd >= 0 && error == 0) {
		struct pollfd ended = { .fd = pidfd, .events = POLLIN };

		if (poll(&ended, 1, LOOK_MS) > 0)
			break;
		if (output_length(output) > PREP_PROGRAM_OUTPUT_MAX)
			error = -EFBIG;
		else if (pbf_monotonic_ms() >= give_up_at_ms)
			error = -ETIMEDOUT;
	}
	if (error < 0) {
		kill(-pid, SIGKILL); /* and what it started */
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, ret_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (error == 0 && output_length(output) > PREP_PROGRAM_OUTPUT_MAX)
		error = -EFBIG;
	return error;
}

/* All that is run but one is mtools. */
static const char *package_of(const char *name)
{
	return strcmp(name, "fsck.fat") == 0 ? "dosfstools" : "mtools";
}

static int refuse_start(const char *name, int error, struct pbf_reason *why)
{
	if (error == -ENOENT)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "needs the program %s, which is not "
				  "installed: install the package %s",
				  name, package_of(name));
	return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
			  "%s cannot be run: %s", name, strerror(-error));
}

static int refuse_end(const char *name, int error, int status,
		      struct pbf_reason *why)
{
	if (error == -ETIMEDOUT)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "%s was killed: it took too long", name);
	if (error == -EFBIG)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "%s printed more than %u bytes", name,
				  PREP_PROGRAM_OUTPUT_MAX);
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "%s cannot be waited for: %s", name,
				  strerror(-error));
	return pbf_refuse(why, -EIO, PBF_REASON_NO_OFFSET,
			  "%s was killed by signal %d", name, WTERMSIG(status));
}

int prep_run(const struct prep_program *program, char **ret_output,
	     int *ret_status, struct pbf_reason *why)
{
	_cleanup_close_ int input = -1, output = -1;
	const char *name = program->argv[0];
	int status = 0, error;
	pid_t pid = 0;

	input = make_file("input", program->input, program->input_length);
	output = make_file("output", NULL, 0);
	error = input < 0 ? input : output < 0 ? output : 0;
	if (error == 0)
		error = spawn(program, input, output, &pid);
	if (error < 0)
		return refuse_start(name, error, why);
	assert(pid > 0);
	error = await(program, pid, output, &status);
	if (error < 0 || !WIFEXITED(status))
		return refuse_end(name, error, status, why);
	error = read_output(output, ret_output);
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "the output of %s cannot be read: %s", name,
				  strerror(-error));
	*ret_status = WEXITSTATUS(status);
	return 0;
}
