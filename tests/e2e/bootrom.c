/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands for a Raspberry Pi that boots from the network: asks a TFTP server
 * for what the board's boot code would ask for, in that order, and writes down
 * what the kernel would be started with.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/arguments.h"
#include "board_name.h"
#include "rom_boot.h"
#include "rom_out.h"

#define EXIT_NO_BOOT 1
#define EXIT_USAGE 2

#define SECONDS_MAX 86400
/* RRQs of a Pi 4 without answer (rpi-eeprom issue 74). */
#define RETRANSMIT_MS 2000
#define MS_PER_SECOND 1000
#define SERIAL_DIGITS 8

static const char help_text[] =
	"Usage: bootrom -m MODEL -s SERIAL [OPTION]... SERVER[:PORT]\n"
	"\n"
	"Loads from the TFTP server at the IPv4 address SERVER what a\n"
	"Raspberry Pi would load to boot, as it would ask for it.  Each\n"
	"request is a line of output, \"PATH (OPTIONS): RESULT\"; lines with\n"
	"a \"# \" are remarks.\n"
	"\n"
	"  -m, --model MODEL       pi3, pi3+, cm3, pi4, pi400, cm4, cm4s,\n"
	"                          pi5, pi500, or another with Ethernet\n"
	"                          that config.txt has a filter for\n"
	"  -s, --serial SERIAL     8 or 16 hex digits\n"
	"      --mac MAC           look in a directory of this name, with\n"
	"                          dashes; not for Pi 3 (TFTP_PREFIX=2)\n"
	"      --prefix TEXT       look where TEXT, which should end with\n"
	"                          a slash, says; not for Pi 3\n"
	"                          (TFTP_PREFIX=1)\n"
	"      --blksize NUMBER    of a Pi 4: 1468 if not said, 1024\n"
	"                          before 2022-10-03\n"
	"      --old-block-limit   files end after 65535 blocks, as before\n"
	"                          2025-09-23; on a Pi 3 they always do\n"
	"  -o, --out DIR           write there kernel, initramfs, dtb and\n"
	"                          cmdline.txt, what there is of them, and\n"
	"                          all files as asked for beneath files/\n"
	"      --file-timeout SECONDS  for one file, 30 if not said\n"
	"      --timeout SECONDS   for all together, 600 if not said\n"
	"  -h, --help              print this and exit\n"
	"\n"
	"Exit status: 0 there is a kernel to start, 1 there is none, 2 it\n"
	"was not tried\n";

struct options {
	struct rom_machine machine;
	char serial[PBF_BOARD_KEY_BYTES];
	char prefix[ROM_PREFIX_BYTES];
	const char *out_dir;
	bool has_block_limit;
	bool is_help;
	unsigned int file_timeout_seconds;
	unsigned int timeout_seconds;
	struct sockaddr_in server;
};

enum {
	OPTION_MAC = 256,
	OPTION_PREFIX,
	OPTION_BLKSIZE,
	OPTION_OLD_BLOCK_LIMIT,
	OPTION_FILE_TIMEOUT,
	OPTION_TIMEOUT
};

/* --- The command line --- */

static bool read_model(const char *text, struct options *options)
{
	options->machine.board = prep_pi_board_find(text);
	if (!options->machine.board || !rom_can_boot(options->machine.board))
		return argument_refuse("no model that boots from the network",
				       text);
	return true;
}

static bool read_serial(const char *text, struct options *options)
{
	if (!pbf_board_key(text, options->serial) ||
	    strlen(options->serial) != SERIAL_DIGITS)
		return argument_refuse("not a serial number", text);
	options->machine.serial = options->serial;
	return true;
}

static bool read_mac(const char *text, struct options *options)
{
	char dashed[PBF_BOARD_KEY_BYTES], key[PBF_BOARD_KEY_BYTES];

	snprintf(dashed, sizeof(dashed), "%s", text);
	for (char *p = dashed; *p; p++)
		if (*p == ':')
			*p = '-';
	if (strlen(text) >= sizeof(dashed) || !pbf_board_key(dashed, key) ||
	    strlen(key) == SERIAL_DIGITS)
		return argument_refuse("not a MAC address", text);
	snprintf(options->prefix, sizeof(options->prefix), "%s/", key);
	return true;
}

static bool read_prefix(const char *text, struct options *options)
{
	if (text[0] == '\0' || strlen(text) >= sizeof(options->prefix))
		return argument_refuse("not 1 to 32 characters", text);
	snprintf(options->prefix, sizeof(options->prefix), "%s", text);
	return true;
}

static bool take_option(struct options *options, int option)
{
	switch (option) {
	case 'm':
		return read_model(optarg, options);
	case 's':
		return read_serial(optarg, options);
	case OPTION_MAC:
		return read_mac(optarg, options);
	case OPTION_PREFIX:
		return read_prefix(optarg, options);
	case OPTION_BLKSIZE:
		return argument_number(optarg, TFTP_BLKSIZE_MIN,
				       TFTP_BLKSIZE_MAX,
				       &options->machine.blksize);
	case OPTION_OLD_BLOCK_LIMIT:
		options->has_block_limit = true;
		return true;
	case 'o':
		options->out_dir = optarg;
		return true;
	case OPTION_FILE_TIMEOUT:
		return argument_number(optarg, 1, SECONDS_MAX,
				       &options->file_timeout_seconds);
	case OPTION_TIMEOUT:
		return argument_number(optarg, 1, SECONDS_MAX,
				       &options->timeout_seconds);
	case 'h':
		options->is_help = true;
		return true;
	default:
		/* getopt_long() has named the option. */
		fputs("bootrom: see \"bootrom --help\"\n", stderr);
		return false;
	}
}

static bool complete(struct options *options)
{
	if (!options->machine.board)
		return argument_refuse("is missing", "--model");
	if (!options->machine.serial)
		return argument_refuse("is missing", "--serial");
	if (options->prefix[0] == '\0')
		snprintf(options->prefix, sizeof(options->prefix), "%s/",
			 options->serial);
	else if (!rom_has_eeprom(options->machine.board))
		return argument_refuse("it looks for its serial number only",
				       options->machine.board->name);
	return true;
}

static bool options_parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "model", required_argument, NULL, 'm' },
		{ "serial", required_argument, NULL, 's' },
		{ "mac", required_argument, NULL, OPTION_MAC },
		{ "prefix", required_argument, NULL, OPTION_PREFIX },
		{ "blksize", required_argument, NULL, OPTION_BLKSIZE },
		{ "old-block-limit", no_argument, NULL,
		  OPTION_OLD_BLOCK_LIMIT },
		{ "out", required_argument, NULL, 'o' },
		{ "file-timeout", required_argument, NULL,
		  OPTION_FILE_TIMEOUT },
		{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "m:s:o:h", longs, NULL)) >=
	       0) {
		if (!take_option(options, option))
			return false;
		if (options->is_help)
			return true;
	}
	if (argc - optind != 1)
		return argument_refuse("not a server", "operands");
	return complete(options) &&
	       argument_server(argv[optind], &options->server);
}

/* --- The run --- */

/* Whoever starts it has to unpack it, as the firmware does. */
static void remark_gzip(const struct rom_session *session,
			const struct rom_file *kernel)
{
	if (kernel->length > 1 && kernel->bytes[0] == 0x1f &&
	    kernel->bytes[1] == 0x8b)
		rom_remark(session, "the kernel is compressed with gzip and "
				    "handed over as it is");
}

static int hand_over(const struct rom_session *session,
		     const struct rom_boot *boot, struct pbf_reason *why)
{
	const struct {
		const char *name;
		const struct rom_file *file;
	} files[] = {
		{ ROM_OUT_KERNEL, &boot->kernel },
		{ ROM_OUT_INITRAMFS, &boot->initramfs },
		{ ROM_OUT_DEVICE_TREE, &boot->device_tree },
		{ ROM_OUT_CMDLINE, &boot->cmdline },
	};
	int error = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!files[i].file->bytes) {
			rom_remark(session, "boots without %s", files[i].name);
			continue;
		}
		rom_remark(session, "boots with %s of %zu bytes", files[i].name,
			   files[i].file->length);
		if (error == 0 && session->out_fd >= 0)
			error = rom_out_write(session->out_fd, files[i].name,
					      files[i].file, why);
	}
	remark_gzip(session, &boot->kernel);
	return error;
}

static int run(const struct options *options, int out_fd,
	       struct pbf_reason *why)
{
	_cleanup_boot_ struct rom_boot boot = { .kernel = { .bytes = NULL } };
	struct rom_session session = {
		.server = {
			.address = options->server,
			.deadline_ms = rom_now_ms() +
				       (int64_t)options->timeout_seconds *
					       MS_PER_SECOND,
		},
		.habits = {
			.has_block_limit = options->has_block_limit,
			.file_timeout_ms =
				(int64_t)options->file_timeout_seconds *
				MS_PER_SECOND,
			.retransmit_ms = RETRANSMIT_MS,
		},
		.log = stdout,
		.out_fd = out_fd,
	};
	int error;

	snprintf(session.prefix, sizeof(session.prefix), "%s", options->prefix);
	error = rom_boot(&session, &options->machine, &boot, why);
	if (error == 0 && !boot.kernel.bytes)
		error = pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
				   "the kernel is empty");
	return error < 0 ? error : hand_over(&session, &boot, why);
}

int main(int argc, char **argv)
{
	struct options options = {
		.machine = { .blksize = 1468 },
		.file_timeout_seconds = 30,
		.timeout_seconds = 600,
	};
	struct pbf_reason why = { .text = "out of memory" };
	_cleanup_close_ int out_fd = -1;

	if (!options_parse(argc, argv, &options))
		return EXIT_USAGE;
	if (options.is_help)
		return fputs(help_text, stdout) < 0 || fflush(stdout) != 0;
	/* So that a log is whole up to where it hangs. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (options.out_dir) {
		out_fd = rom_out_open(options.out_dir, &why);
		if (out_fd < 0) {
			fprintf(stderr, "bootrom: %s\n", why.text);
			return EXIT_USAGE;
		}
	}
	if (run(&options, out_fd, &why) < 0) {
		fprintf(stderr, "bootrom: %s\n", why.text);
		return EXIT_NO_BOOT;
	}
	return EXIT_SUCCESS;
}
