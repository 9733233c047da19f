/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of the process: check, fork, mount, serve, unmount.
 *
 * Threads: the main thread runs libfuse's loop.  Signals are blocked in all
 * threads and taken by one that waits for them.
 */
#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "daemonize.h"
#include "log.h"
#include "mountpoint.h"
#include "operations.h"
#include "options.h"
#include "server.h"
#include "standard_fds.h"

/* How long the loop may take to end after a signal. */
#define LEAVE_TRIES 20
#define LEAVE_TRY_MS 100

/*
 * What libfuse said last on this thread: for the one that mounts, part of our
 * own message when that fails.
 */
static _Thread_local char libfuse_message[256];

__attribute__((format(printf, 2, 0))) static void
keep_libfuse_message(enum fuse_log_level level, const char *format,
		     va_list args)
{
	char text[sizeof(libfuse_message)];

	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	memcpy(libfuse_message, text, sizeof(text));
	log_message(level >= FUSE_LOG_DEBUG ? LOG_DEBUG : LOG_INFO, "%s", text);
}

struct process {
	const struct options *options;
	char images[PATH_MAX];
	char mountpoint[PATH_MAX];
	struct server *server;
	struct fuse_session *session;
	pthread_t main_thread;
	pthread_t signal_thread;
	atomic_bool left; /* the loop has ended */
};

static void tell_ready(void *context)
{
	const struct process *process = context;

	sd_notifyf(0, "READY=1\nSTATUS=Serving %s at %s", process->images,
		   process->mountpoint);
	daemonize_ready();
}

/* --- Signals --- */

static void end_signals(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGTERM);
	sigaddset(ret_set, SIGINT);
	sigaddset(ret_set, SIGHUP);
}

/* Interrupts a system call of the main thread; there is nothing else to do. */
static void nudge(int signal)
{
	(void)signal;
}

/* Waits for a signal, then sees to it that the loop ends. */
static void *wait_for_signal(void *context)
{
	struct process *process = context;
	const struct timespec pause = {
		.tv_nsec = LEAVE_TRY_MS * 1000000L,
	};
	sigset_t set;
	int signal;

	end_signals(&set);
	if (sigwait(&set, &signal) != 0)
		return NULL;
	sd_notify(0, "STOPPING=1");
	fuse_session_exit(process->session);
	/* The loop waits for its threads; it may be about to when nudged. */
	for (int i = 0; i < LEAVE_TRIES && !atomic_load(&process->left); i++) {
		pthread_kill(process->main_thread, SIGUSR1);
		nanosleep(&pause, NULL);
	}
	if (!atomic_load(&process->left)) {
		fuse_session_unmount(process->session);
		_exit(0);
	}
	return NULL;
}

/* Before there are threads, which inherit it. */
static void block_signals(void)
{
	const struct sigaction nudged = { .sa_handler = nudge };
	const struct sigaction ignored = { .sa_handler = SIG_IGN };
	sigset_t set;

	end_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGUSR1, &nudged, NULL);
	sigaction(SIGPIPE, &ignored, NULL);
}

static int start_signal_thread(struct process *process)
{
	process->main_thread = pthread_self();
	return pthread_create(&process->signal_thread, NULL, wait_for_signal,
			      process);
}

/* --- Mounting and serving --- */

static bool make_arguments(const struct process *process,
			   struct fuse_args *arguments)
{
	const struct options *options = process->options;
	char *fsname = NULL;
	bool named = strstr(options->mount_options, ",fsname=") != NULL;
	bool made;

	made = fuse_opt_add_arg(arguments, "pibootfs") == 0 &&
	       fuse_opt_add_arg(arguments, "-o") == 0 &&
	       fuse_opt_add_arg(arguments, options->mount_options) == 0 &&
	       fuse_opt_add_arg(arguments, "-osubtype=pibootfs") == 0;
	if (made && options->allow_other)
		made = fuse_opt_add_arg(arguments, "-oallow_other") == 0;
	if (made && options->server.default_permissions)
		made = fuse_opt_add_arg(arguments, "-odefault_permissions") ==
		       0;
	if (made && options->debug)
		made = fuse_opt_add_arg(arguments, "-d") == 0;
	if (made && !named) {
		char *escaped = NULL;

		made = asprintf(&fsname, "fsname=%s", process->images) > 0 &&
		       fuse_opt_add_opt_escaped(&escaped, fsname) == 0 &&
		       fuse_opt_add_arg(arguments, "-o") == 0 &&
		       fuse_opt_add_arg(arguments, escaped) == 0;
		free(escaped);
	}
	free(fsname);
	return made;
}

static bool open_session(struct process *process)
{
	struct fuse_args arguments = FUSE_ARGS_INIT(0, NULL);

	if (make_arguments(process, &arguments))
		process->session =
			fuse_session_new(&arguments, &operations,
					 sizeof(operations), process->server);
	fuse_opt_free_args(&arguments);
	if (!process->session)
		log_message(LOG_ERR, "cannot start libfuse: %s",
			    libfuse_message);
	return process->session;
}

static bool mount_session(struct process *process)
{
	dev_t device;

	libfuse_message[0] = '\0';
	errno = 0;
	if (fuse_session_mount(process->session, process->mountpoint) < 0) {
		log_message(LOG_ERR, "mount point %s: mounting failed: %s",
			    process->mountpoint,
			    libfuse_message[0] ? libfuse_message :
			    errno	       ? strerror(errno) :
						 "permission denied");
		return false;
	}
	device = mountpoint_device(process->mountpoint);
	pbf_catalog_exclude(process->server->catalog, device);
	return true;
}

static bool serve(struct process *process)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int result;

	if (!config)
		return false;
	result = fuse_session_loop_mt(process->session, config);
	atomic_store(&process->left, true);
	fuse_loop_cfg_destroy(config);
	/* Positive: a signal; 0: unmounted; negative: /dev/fuse failed. */
	if (result < 0)
		log_message(LOG_ERR, "serving ended: %s", strerror(-result));
	return result >= 0;
}

/* Makes everything, mounts, serves, and takes it down again. */
static bool run(struct process *process)
{
	const struct options *options = process->options;
	bool good = false;
	int error;

	if (!mountpoint_prepare(options->server.images, options->mountpoint,
				process->images, process->mountpoint))
		return false;
	block_signals();
	error = server_new(&options->server, &process->server);
	if (error < 0) {
		log_message(LOG_ERR, "image directory %s: %s",
			    options->server.images, strerror(-error));
		return false;
	}
	process->server->ready = tell_ready;
	process->server->ready_context = process;
	if (open_session(process)) {
		if (mount_session(process)) {
			good = start_signal_thread(process) == 0 &&
			       serve(process);
			server_drain(process->server);
			fuse_session_unmount(process->session);
			pthread_cancel(process->signal_thread);
			pthread_join(process->signal_thread, NULL);
		}
		/* What waits for hung storage still uses session and server. */
		if (!process->server->drained)
			_exit(good ? 0 : EXIT_START);
		fuse_session_destroy(process->session);
	}
	server_free(process->server);
	return good;
}

static void choose_log_target(void)
{
	log_set_target(log_stderr_is_journal() ? LOG_TO_JOURNAL :
						 LOG_TO_STDERR);
}

int main(int argc, char **argv)
{
	struct process process = { 0 };
	struct options options;
	int status;

	if (!pbf_standard_fds_open())
		return EXIT_START;
	if (!options_parse(argc, argv, &options, &status))
		return status;
	choose_log_target();
	if (options.debug)
		log_set_threshold(LOG_DEBUG);
	fuse_set_log_func(keep_libfuse_message);
	process.options = &options;
	status = options.as_mount_helper ? EXIT_MOUNT_HELPER : EXIT_START;
	if (options.nothing_to_do) {
		options_release(&options);
		return 0;
	}
	/* That is the service that called mount(8), which waits for an end. */
	if (options.as_mount_helper)
		unsetenv("NOTIFY_SOCKET");
	/* A service manager waits for READY=1 from the process it started. */
	if (!options.foreground && !getenv("NOTIFY_SOCKET") &&
	    daemonize_fork(status) < 0)
		log_message(LOG_ERR, "cannot become a daemon: %s",
			    strerror(errno));
	else if (run(&process))
		status = 0;
	options_release(&options);
	return status;
}
