/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd_io.h"

#define TEMPORARY_TRIES 100

/* Signals that end the program; not those that nohup(1), say, has it ignore. */
static void end_signals(sigset_t *ret_set)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action;

	sigemptyset(ret_set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN)
			sigaddset(ret_set, signals[i]);
}

static bool is_interrupted(void)
{
	sigset_t ours, pending;

	end_signals(&ours);
	sigpending(&pending);
	return sigandset(&pending, &pending, &ours) == 0 &&
	       !sigisemptyset(&pending);
}

/* Whether the name is free, or may be made so. */
static int check_name(int directory_fd, const char *name, bool force)
{
	struct stat st;

	if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	/* Never put a file in the place of a device, a link or a directory. */
	return force && S_ISREG(st.st_mode) ? 0 : -EEXIST;
}

/* Makes the temporary file; -EEXIST only when that seems hopeless. */
static int make_temporary(struct image_output *output)
{
	for (int i = 0; i < TEMPORARY_TRIES; i++) {
		snprintf(output->temporary, sizeof(output->temporary),
			 ".pibootfs-image-%ld-%d", (long)getpid(), i);
		output->fd = openat(output->directory_fd, output->temporary,
				    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
					    O_NOFOLLOW,
				    0666);
		if (output->fd >= 0 || errno != EEXIST)
			break;
	}
	return output->fd < 0 ? -errno : 0;
}

int image_output_begin(int directory_fd, const char *name, bool force,
		       struct image_output *ret_output)
{
	struct image_output output = {
		.directory_fd = directory_fd,
		.name = name,
		.force = force,
		.fd = -1,
	};
	sigset_t ours;
	int error = check_name(directory_fd, name, force);

	if (error < 0)
		return error;
	end_signals(&ours);
	sigprocmask(SIG_BLOCK, &ours, &output.signals_before);
	error = make_temporary(&output);
	if (error < 0) {
		sigprocmask(SIG_SETMASK, &output.signals_before, NULL);
		return error;
	}
	*ret_output = output;
	return 0;
}

int image_output_write(const struct image_output *output, const void *bytes,
		       size_t length)
{
	if (is_interrupted())
		return -EINTR;
	return fd_write_all(output->fd, bytes, length);
}

/* Moves the file to its name, which is free unless it may be replaced. */
static int publish(const struct image_output *output)
{
	int fd = output->directory_fd;
	int result;

	if (output->force)
		return renameat(fd, output->temporary, fd, output->name) < 0 ?
			       -errno :
			       0;
	result = renameat2(fd, output->temporary, fd, output->name,
			   RENAME_NOREPLACE);
	if (result == 0 || errno != EINVAL)
		return result < 0 ? -errno : 0;
	/* Not every file system can; but a link replaces nothing either. */
	if (linkat(fd, output->temporary, fd, output->name, 0) < 0)
		return -errno;
	return unlinkat(fd, output->temporary, 0) < 0 ? -errno : 0;
}

int image_output_end(struct image_output *output, struct timespec modified,
		     int result)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, modified };

	if (result == 0 && futimens(output->fd, times) < 0)
		result = -errno;
	/* Some file systems tell of a full disk only now. */
	if (close(output->fd) < 0 && result == 0)
		result = -errno;
	if (result == 0)
		result = publish(output);
	if (result != 0)
		unlinkat(output->directory_fd, output->temporary, 0);
	output->fd = -1;
	sigprocmask(SIG_SETMASK, &output->signals_before, NULL);
	return result;
}
