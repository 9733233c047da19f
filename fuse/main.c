/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of the process: check, fork, mount, serve, unmount.
 *
 * Threads: the main thread makes the others and then waits for signals, which
 * are blocked in all.
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
#include <unistd.h>

#include "daemonize.h"
#include "log.h"
#include "mountpoint.h"
#include "operations.h"
#include "options.h"
#include "receivers.h"
#include "server.h"
#include "standard_fds.h"

/* How long requests that are being answered may hold up the end. */
#define LEAVE_MS 2000

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
	atomic_bool ready; /* the kernel and the daemon have agreed */
};

static void tell_ready(void *context)
{
	struct process *process = context;

	atomic_store(&process->ready, true);
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
	sigaddset(ret_set, RECEIVERS_ENDED);
}

/* Before there are threads, which inherit it. */
static void block_signals(void)
{
	const struct sigaction ignored = { .sa_handler = SIG_IGN };
	sigset_t set;

	end_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGPIPE, &ignored, NULL);
}

/* Whether a signal asks for the end, rather than that it has come. */
static bool wait_for_end(struct fuse_session *session)
{
	sigset_t set;
	int signal = 0;

	end_signals(&set);
	do
		sigwait(&set, &signal);
	while (signal == RECEIVERS_ENDED && !fuse_session_exited(session));
	return signal != RECEIVERS_ENDED;
}

/* --- Mounting and serving --- */

static void log_cannot_start(int error)
{
	log_message(LOG_ERR,
		    "cannot start serving: %s; is there a limit of threads or "
		    "memory?",
		    strerror(-error));
}

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

/* Once there is no request left; ret_stopped tells whether that is so. */
static bool serve(struct process *process, bool *ret_stopped)
{
	struct receivers *receivers;
	int error = receivers_start(process->session, &receivers);
	bool asked;

	*ret_stopped = true;
	if (error < 0) {
		log_cannot_start(error);
		return false;
	}
	asked = wait_for_end(process->session);
	if (asked)
		sd_notify(0, "STOPPING=1");
	error = receivers_error(receivers);
	*ret_stopped = receivers_stop(receivers, LEAVE_MS);
	if (error < 0)
		log_message(LOG_ERR, "serving ended: %s", strerror(-error));
	else if (!asked && !atomic_load(&process->ready))
		log_message(LOG_ERR, "serving ended before it began");
	else
		return true;
	return false;
}

/* Makes everything, mounts, serves, and takes it down again. */
static bool run(struct process *process)
{
	const struct options *options = process->options;
	bool good = false, stopped;
	int error;

	if (!mountpoint_prepare(options->server.images, options->mountpoint,
				process->images, process->mountpoint))
		return false;
	block_signals();
	error = log_start();
	if (error == 0)
		error = server_new(&options->server, &process->server);
	if (error == -EAGAIN || error == -ENOMEM) {
		log_cannot_start(error);
		return false;
	}
	if (error < 0) {
		log_message(LOG_ERR, "image directory %s: %s",
			    options->server.images, strerror(-error));
		return false;
	}
	process->server->ready = tell_ready;
	process->server->ready_context = process;
	if (open_session(process)) {
		if (mount_session(process)) {
			daemonize_leave_group();
			good = serve(process, &stopped);
			if (stopped)
				server_drain(process->server);
			else
				process->server->drained = false;
			fuse_session_unmount(process->session);
		}
		/* What waits for hung storage still uses session and server. */
		if (!process->server->drained) {
			log_stop();
			_exit(good ? 0 : EXIT_START);
		}
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
	log_stop();
	options_release(&options);
	return status;
}
