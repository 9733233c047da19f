/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mount_options.h"
#include "program_version.h"

#define DEFAULT_IO_TIMEOUT_MS 5000

static const char help_text[] =
	"Usage: pibootfs [-dfhV] [-o OPTION[,OPTION...]] IMAGES MOUNTPOINT\n"
	"\n"
	"Shows the boot partition of every disk image in the directory IMAGES\n"
	"as a live, read-only tree at MOUNTPOINT, for a TFTP server.\n"
	"\n"
	"  -d, --debug         print every request of the kernel; implies -f\n"
	"  -f, --foreground    do not become a daemon\n"
	"  -h, --help          print this and exit\n"
	"  -V, --version       print the version and exit\n"
	"  -o OPTIONS          mount options, with commas between them:\n"
	"\n"
	"  partition=N         serve partition N of every image\n"
	"  codepage=PAGE       of short names: 437 or 850; default 437\n"
	"  snapshot_memory=SIZE  memory for files being served, in bytes or\n"
	"                      with K, M, G, T or %; default 25% of the RAM\n"
	"  io_timeout=SECONDS  how long to wait for an image; default 5\n"
	"  tryboot_alias=WHEN  off, or auto (default): config.txt stands in\n"
	"                      for tryboot.txt if autoboot.txt says so\n"
	"  deny=GLOBS          names that are not served, with colons between\n"
	"                      them; user-data:network-config:*.key is wise\n"
	"  uid=USER, gid=GROUP  owner of everything; default the mounter\n"
	"  umask=MODE          permissions to take away, octal; default 000\n"
	"  allow_other         let other users in; default for root\n"
	"  default_permissions  let the kernel check permissions; set by "
	"umask\n"
	"  and what mount(8) knows: noexec, context=, fsname=, x-*, ...; the\n"
	"  mount is always ro, nodev and nosuid\n";

/* --- The command line --- */

static const struct option long_options[] = {
	{ "debug", no_argument, NULL, 'd' },
	{ "foreground", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* -f is "fake" to mount(8), and it hands over options of its own. */
static const char program_options[] = ":dfhVo:";
static const char helper_options[] = ":fnsvhVN:o:t:";

enum outcome {
	GO_ON,
	DONE,
	WRONG
};

static enum outcome take_option(struct options *options, int option)
{
	switch (option) {
	case 'd':
		options->debug = true;
		options->foreground = true;
		return GO_ON;
	case 'f':
		if (options->as_mount_helper)
			options->nothing_to_do = true;
		else
			options->foreground = true;
		return GO_ON;
	case 'h':
		fputs(help_text, stdout);
		return DONE;
	case 'V':
		puts("pibootfs " PIBOOTFS_VERSION);
		return DONE;
	case 'o':
		return mount_options_take(options, optarg) ? GO_ON : WRONG;
	case 'n':
	case 's':
	case 'v':
	case 'N':
	case 't':
		return GO_ON;
	default:
		return WRONG;
	}
}

/* What getopt_long() stumbled over; OPTION says how. */
static void refuse_option(char **argv, int option)
{
	const char *problem = option == ':' ? "needs a value" : "is unknown";

	if (optopt > ' ')
		fprintf(stderr,
			"pibootfs: option -%c %s; see \"pibootfs --help\"\n",
			optopt, problem);
	else
		fprintf(stderr,
			"pibootfs: option %s %s; see \"pibootfs --help\"\n",
			argv[optind - 1], problem);
}

static bool is_mount_helper(const char *program)
{
	const char *slash = strrchr(program, '/');

	return strncmp(slash ? slash + 1 : program, "mount.", 6) == 0;
}

static bool take_operands(struct options *options, int count, char **operands)
{
	if (count != 2) {
		fprintf(stderr,
			"pibootfs: %s; usage: pibootfs [-dfhV] [-o OPTIONS] "
			"IMAGES MOUNTPOINT\n",
			count < 2 ? "image directory or mount point missing" :
				    "too many arguments");
		return false;
	}
	options->server.images = operands[0];
	options->mountpoint = operands[1];
	return true;
}

/* Whether what was asked for could be printed. */
static int finish_output(void)
{
	if (fflush(stdout) == 0)
		return 0;
	perror("pibootfs: standard output");
	return EXIT_START;
}

bool options_parse(int argc, char **argv, struct options *ret_options,
		   int *ret_status)
{
	struct options options = {
		.as_mount_helper = is_mount_helper(argv[0]),
		.allow_other = geteuid() == 0,
		.mount_options = strdup("ro,nodev,nosuid"),
		.server = {
			.snapshot_memory_bytes = mount_options_ram_bytes() / 4,
			.io_timeout_ms = DEFAULT_IO_TIMEOUT_MS,
			.image.tryboot_alias = true,
			.uid = getuid(),
			.gid = getgid(),
		},
	};
	enum outcome outcome = options.mount_options ? GO_ON : WRONG;

	while (outcome == GO_ON) {
		int option =
			getopt_long(argc, argv,
				    options.as_mount_helper ? helper_options :
							      program_options,
				    long_options, NULL);

		if (option < 0)
			break;
		outcome = take_option(&options, option);
		if (option == '?' || option == ':')
			refuse_option(argv, option);
	}
	if (outcome == GO_ON &&
	    !take_operands(&options, argc - optind, argv + optind))
		outcome = WRONG;
	if (outcome != GO_ON) {
		options_release(&options);
		*ret_status = outcome == DONE ? finish_output() : EXIT_USAGE;
		return false;
	}
	*ret_options = options;
	return true;
}

void options_release(struct options *options)
{
	free(options->mount_options);
	options->mount_options = NULL;
}
