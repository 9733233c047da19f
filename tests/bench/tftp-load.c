/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many boards that load their files by TFTP at once, to see how much a server
 * can do and whether what it serves is right.  One thread and one epoll
 * instance for all, so that the server is what is measured.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "arguments.h"
#include "cleanup.h"
#include "script.h"
#include "tally.h"
#include "tftp-client.h"

#define EXIT_UNEXPECTED 1
#define EXIT_USAGE 2

/* How often clients look at their timers, of a second and more. */
#define TICK_MS 100
#define EVENTS_AT_ONCE 128
/*
 * To be woken takes longer than a server takes for a block, by far on a virtual
 * machine, and then that is what is measured.  So wait awake for this long.
 */
#define AWAKE_NS INT64_C(200000)
#define CLIENTS_MAX 10000
#define SECONDS_MAX 3600
/* Standard streams, epoll and what the C library may want. */
#define OTHER_DESCRIPTORS 16

static const char help_text[] =
	"Usage: tftp-load [-h] [-b BLKSIZE] [-c CLIENTS] [-t SECONDS]\n"
	"                 [-B BOARDS] -r REFERENCE_DIR SERVER[:PORT] SCRIPT\n"
	"\n"
	"CLIENTS boards go through SCRIPT at the same time, each once, and\n"
	"load from the TFTP server at the IPv4 address SERVER.  Prints the\n"
	"result as JSON.\n"
	"\n"
	"  -b BLKSIZE        block size, 8 to 65464; the server must grant "
	"it;\n"
	"                    default 1468\n"
	"  -c CLIENTS        1 to 10000; default 1\n"
	"  -t SECONDS        how long a client waits for progress, 1 to 3600;\n"
	"                    default 30\n"
	"  -B BOARDS         file with a board's name in each line; client i\n"
	"                    has line i, from the first again after the last\n"
	"  -r REFERENCE_DIR  holds the files as they should arrive\n"
	"  -h                print this and exit\n"
	"\n"
	"Each line of SCRIPT is a step; a % in PATH is the board's name:\n"
	"\n"
	"  get PATH          load the file; it must be the one in\n"
	"                    REFERENCE_DIR, there without a leading %/\n"
	"  probe PATH        ask for its size only (\"Early terminate\")\n"
	"  miss PATH         ask for a file that must not be there\n"
	"  # ...             a comment\n"
	"\n"
	"A client ends with its first fault; the result is of what was right.\n"
	"Exit status: 0 all was as expected, 1 it was not, 2 nothing was run\n";

struct options {
	unsigned int blksize;
	unsigned int clients;
	unsigned int patience_seconds;
	const char *boards_file;
	const char *reference_dir;
	const char *script_file;
	struct sockaddr_in server;
	bool help;
};

/* --- The command line --- */

static bool take_option(struct options *options, int option)
{
	switch (option) {
	case 'b':
		return argument_number(optarg, TFTP_BLKSIZE_MIN,
				       TFTP_BLKSIZE_MAX, &options->blksize);
	case 'c':
		return argument_number(optarg, 1, CLIENTS_MAX,
				       &options->clients);
	case 't':
		return argument_number(optarg, 1, SECONDS_MAX,
				       &options->patience_seconds);
	case 'B':
		options->boards_file = optarg;
		return true;
	case 'r':
		options->reference_dir = optarg;
		return true;
	case 'h':
		options->help = true;
		return true;
	default:
		/* getopt() has named the option. */
		fputs("tftp-load: see \"tftp-load -h\"\n", stderr);
		return false;
	}
}

static bool options_parse(int argc, char **argv, struct options *options)
{
	int option;

	while ((option = getopt(argc, argv, "b:c:t:B:r:h")) >= 0) {
		if (!take_option(options, option))
			return false;
		if (options->help)
			return true;
	}
	if (!options->reference_dir)
		return argument_refuse("the reference directory is missing",
				       "-r");
	if (argc - optind != 2)
		return argument_refuse("not a server and a script", "operands");
	options->script_file = argv[optind + 1];
	return argument_server(argv[optind], &options->server);
}

/* --- The run --- */

static bool say_errno(const char *what)
{
	fprintf(stderr, "tftp-load: %s: %s\n", what, strerror(errno));
	return false;
}

/* Each client has a socket, and the usual limit is 1024. */
static bool raise_descriptor_limit(unsigned int clients)
{
	rlim_t needed = (rlim_t)clients + OTHER_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return say_errno("limit of open files");
	if (limit.rlim_cur >= needed)
		return true;
	if (limit.rlim_max < needed) {
		fputs("tftp-load: too many clients for the limit of open "
		      "files\n",
		      stderr);
		return false;
	}
	limit.rlim_cur = needed;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return say_errno("limit of open files");
	return true;
}

static bool run_clients(struct load *load, struct client *clients,
			unsigned int count)
{
	const int64_t tick_ns = TICK_MS * INT64_C(1000000);
	struct epoll_event events[EVENTS_AT_ONCE];
	int64_t now_ns = monotonic_ns();
	int64_t active_ns = now_ns;
	int64_t next_tick_ns = now_ns + tick_ns;

	for (unsigned int i = 0; i < count; i++)
		client_start(&clients[i], load, i);
	while (load->running > 0) {
		bool awake = now_ns - active_ns < AWAKE_NS;
		int ready = epoll_wait(load->epoll_fd, events, EVENTS_AT_ONCE,
				       awake ? 0 : TICK_MS);

		if (ready < 0 && errno != EINTR)
			return say_errno("epoll_wait");
		for (int i = 0; i < ready; i++)
			client_receive(events[i].data.ptr);
		now_ns = monotonic_ns();
		if (ready > 0)
			active_ns = now_ns;
		if (now_ns < next_tick_ns)
			continue;
		for (unsigned int i = 0; i < count; i++)
			client_tick(&clients[i], now_ns);
		next_tick_ns = now_ns + tick_ns;
	}
	return true;
}

static int report(struct tally *tally, const struct options *options)
{
	tally_print(tally, options->clients, options->blksize, stdout);
	tally_print_faults(tally, stderr);
	if (fflush(stdout) != 0) {
		say_errno("standard output");
		return EXIT_UNEXPECTED;
	}
	return tally_has_faults(tally) ? EXIT_UNEXPECTED : EXIT_SUCCESS;
}

static int run(const struct options *options, const struct boards *boards,
	       const struct script *script)
{
	struct load load = {
		.script = script,
		.boards = boards,
		.server = options->server,
		.blksize = options->blksize,
		.patience_ns = options->patience_seconds * INT64_C(1000000000),
	};
	_cleanup_close_ int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	_cleanup_free_ struct client *clients =
		calloc(options->clients, sizeof(*clients));
	int status = EXIT_USAGE;

	load.epoll_fd = epoll_fd;
	load.tally = tally_new(options->clients * script->step_count);
	if (epoll_fd < 0 || !clients || !load.tally)
		say_errno("cannot start");
	else if (raise_descriptor_limit(options->clients) &&
		 run_clients(&load, clients, options->clients))
		status = report(load.tally, options);
	tally_free(load.tally);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {
		.blksize = 1468,
		.clients = 1,
		.patience_seconds = 30,
	};
	_cleanup_(boards_free) struct boards boards = { .names = NULL };
	_cleanup_(script_free) struct script script = { .steps = NULL };

	if (!options_parse(argc, argv, &options))
		return EXIT_USAGE;
	if (options.help)
		return fputs(help_text, stdout) < 0 || fflush(stdout) != 0;
	if (options.boards_file && !boards_load(options.boards_file, &boards))
		return EXIT_USAGE;
	if (!script_load(options.script_file, options.reference_dir, &boards,
			 &script))
		return EXIT_USAGE;
	return run(&options, &boards, &script);
}
