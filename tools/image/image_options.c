/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "image_conf.h"
#include "program_version.h"
#include "say.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static const char help_text[] =
	"Usage: pibootfs-image info [-J] IMAGE\n"
	"       pibootfs-image ls [-lR] IMAGE [PATH]\n"
	"       pibootfs-image cat IMAGE PATH\n"
	"       pibootfs-image cp [-f] IMAGE PATH OUT\n"
	"\n"
	"Looks into the boot partition of a disk image as pibootfs would, but\n"
	"without mounting and without root.  The image is only read.\n"
	"\n"
	"  info  partitions, which one a board boots from and why, its health\n"
	"  ls    list a directory\n"
	"  cat   print a file\n"
	"  cp    copy a file, or a directory with all that is in it, to OUT;\n"
	"        a file also to standard output, which is -\n"
	"\n"
	"  -f, --force         cp: replace files that exist\n"
	"  -h, --help          print this and exit\n"
	"  -J, --json          info: print JSON\n"
	"  -l, --long          ls: show sizes and times, too\n"
	"  -p, --partition N   use partition N, not the one boards boot from\n"
	"  -R, --recursive     ls: list all directories below as well\n"
	"  -V, --version       print the version and exit\n"
	"  --codepage PAGE     of short names: 437 or 850; default 437\n"
	"\n"
	"Exit status: 0 all is well; 1 wrong command line; 2 something could\n"
	"not be read or written; 3 info has found faults in the volume.\n";

enum {
	OPTION_CODE_PAGE = 256
};

static const char program_options[] = ":fhJlp:RV";
static const struct option long_options[] = {
	{ "force", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, 'J' },
	{ "long", no_argument, NULL, 'l' },
	{ "partition", required_argument, NULL, 'p' },
	{ "recursive", no_argument, NULL, 'R' },
	{ "version", no_argument, NULL, 'V' },
	{ "codepage", required_argument, NULL, OPTION_CODE_PAGE },
	{ NULL, 0, NULL, 0 },
};

/* What each command takes, after its own name. */
static const struct {
	const char *name;
	enum image_command command;
	int operands_min, operands_max;
	const char *usage;
} commands[] = {
	{ "info", IMAGE_INFO, 1, 1, "info [-J] IMAGE" },
	{ "ls", IMAGE_LS, 1, 2, "ls [-lR] IMAGE [PATH]" },
	{ "cat", IMAGE_CAT, 2, 2, "cat IMAGE PATH" },
	{ "cp", IMAGE_CP, 3, 3, "cp [-f] IMAGE PATH OUT" },
};

enum outcome {
	GO_ON,
	DONE,
	WRONG
};

static enum outcome take_partition(struct image_options *options)
{
	if (pbf_parse_partition(optarg, &options->partition))
		return GO_ON;
	say("partition \"%s\" is not a number from 1 to 9999", optarg);
	return WRONG;
}

static enum outcome take_code_page(struct image_options *options)
{
	options->has_code_page = true;
	if (pbf_parse_code_page(optarg, &options->code_page))
		return GO_ON;
	say("codepage \"%s\" is neither 437 nor 850", optarg);
	return WRONG;
}

static enum outcome take_option(struct image_options *options, int option)
{
	switch (option) {
	case 'f':
		options->force = true;
		return GO_ON;
	case 'h':
		fputs(help_text, stdout);
		return DONE;
	case 'J':
		options->json = true;
		return GO_ON;
	case 'l':
		options->long_listing = true;
		return GO_ON;
	case 'p':
		return take_partition(options);
	case 'R':
		options->recursive = true;
		return GO_ON;
	case 'V':
		puts("pibootfs-image " PIBOOTFS_VERSION);
		return DONE;
	case OPTION_CODE_PAGE:
		return take_code_page(options);
	default:
		return WRONG;
	}
}

/* An option that the command does not have is a mistake, not a wish. */
static bool check_options(const struct image_options *options)
{
	const struct {
		const char *option;
		enum image_command command;
		bool given;
	} owned[] = {
		{ "force", IMAGE_CP, options->force },
		{ "json", IMAGE_INFO, options->json },
		{ "long", IMAGE_LS, options->long_listing },
		{ "recursive", IMAGE_LS, options->recursive },
	};

	for (size_t i = 0; i < ARRAY_SIZE(owned); i++) {
		if (!owned[i].given || owned[i].command == options->command)
			continue;
		say("option --%s is for \"%s\" only; see \"pibootfs-image "
		    "--help\"",
		    owned[i].option, commands[owned[i].command].name);
		return false;
	}
	return true;
}

static bool take_operands(struct image_options *options, int count,
			  char **operands)
{
	size_t i = 0;

	if (count == 0) {
		say("command missing; see \"pibootfs-image --help\"");
		return false;
	}
	while (i < ARRAY_SIZE(commands) &&
	       strcmp(operands[0], commands[i].name) != 0)
		i++;
	if (i == ARRAY_SIZE(commands)) {
		say("\"%s\" is not a command: there are info, ls, cat and cp",
		    operands[0]);
		return false;
	}
	count--;
	if (count < commands[i].operands_min ||
	    count > commands[i].operands_max) {
		say("%s; usage: pibootfs-image %s",
		    count < commands[i].operands_min ?
			    "an argument is missing" :
			    "too many arguments",
		    commands[i].usage);
		return false;
	}
	options->command = commands[i].command;
	options->image = operands[1];
	options->path = count > 1 ? operands[2] : "";
	options->output = count > 2 ? operands[3] : NULL;
	return check_options(options);
}

bool image_options_parse(int argc, char **argv,
			 struct image_options *ret_options, int *ret_status)
{
	struct image_options options = { .code_page = PBF_CODE_PAGE_437 };
	enum outcome outcome = GO_ON;

	while (outcome == GO_ON) {
		int option = getopt_long(argc, argv, program_options,
					 long_options, NULL);

		if (option < 0)
			break;
		outcome = take_option(&options, option);
		if (option == '?' || option == ':')
			say_bad_option(argv, long_options, option);
	}
	if (outcome == GO_ON &&
	    !take_operands(&options, argc - optind, argv + optind))
		outcome = WRONG;
	if (outcome != GO_ON) {
		*ret_status = EXIT_USAGE;
		if (outcome == DONE)
			*ret_status = say_end_of_output() ? 0 : EXIT_UNREADABLE;
		return false;
	}
	*ret_options = options;
	return true;
}
