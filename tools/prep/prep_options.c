/* SPDX-License-Identifier: BSD-2-Clause */
#include "prep_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk_size.h"
#include "dnsmasq_conf.h"
#include "image_conf.h"
#include "options_effect.h"
#include "program_version.h"
#include "say.h"
#include "user_data.h"

#define ROOT_PARTITION_MAX 255u

static const char help_text[] =
	"Usage: pibootfs-prep [OPTION]... SOURCE DIRECTORY\n"
	"       pibootfs-prep [OPTION]... IMAGE\n"
	"       pibootfs-prep --check [-qv] [-p N] IMAGE\n"
	"\n"
	"Makes an image in DIRECTORY out of SOURCE, a raw or compressed one\n"
	"(- is standard input), or prepares an IMAGE that is there, so that\n"
	"Raspberry Pis boot from it over the network.  Can be run again.\n"
	"\n"
	"The image:\n"
	"  --name NAME           call it NAME.img\n"
	"  --size SIZE           make the disk that large, such as 8G\n"
	"  --sha256 SUM          the sum that SOURCE has to have\n"
	"  -p, --partition N     the boot partition is N\n"
	"Its boot partition:\n"
	"  --copy FILE[:PATH]    copy a file or directory to it\n"
	"  --remove PATH         remove a file or directory from it\n"
	"  --nbd-host HOST       the NBD server, for cmdline.txt\n"
	"  --nbd-name NAME       what that calls the disk\n"
	"  --ip VALUE            the kernel's ip=; default dhcp\n"
	"  --initramfs TYPE      initramfs-tools or dracut\n"
	"  --root-partition N    the root file system is on partition N\n"
	"  --packages NAME,...   what cloud-init is to install; '' for "
	"nothing\n"
	"Boards and servers:\n"
	"  --serial SERIAL       link this board to the image\n"
	"  --mac ADDRESS         link this board to the image\n"
	"  --nbd-conf FILE       put the export there, - prints it\n"
	"  --dnsmasq-conf FILE   put TFTP and proxy DHCP there, - prints them\n"
	"  --tftp-root DIRECTORY where pibootfs is mounted; default /srv/tftp\n"
	"  --interface NAME      where the boards are\n"
	"  --subnet ADDRESS[/N]  the network that boards are in\n"
	"  --dns                 say nothing of DNS to dnsmasq\n"
	"  --nbd-user USER       whom the NBD server runs as; default nbd\n"
	"Other:\n"
	"  --check               only look whether it will boot\n"
	"  -f, --force           even if boards or the image are in use\n"
	"  -n, --dry-run         only say what would be changed\n"
	"  -q, --quiet           say nothing but errors and warnings\n"
	"  -v, --verbose         also say what is as it should be\n"
	"  -h, --help            print this and exit\n"
	"  -V, --version         print the version and exit\n"
	"\n"
	"Exit status: 0 done; 1 wrong command line; 2 failed, nothing changed\n"
	"unless it says so; 3 --check has warnings.\n";

enum {
	OPTION_CHECK = 256,
	OPTION_COPY,
	OPTION_DNS,
	OPTION_DNSMASQ_CONF,
	OPTION_INITRAMFS,
	OPTION_INTERFACE,
	OPTION_IP,
	OPTION_MAC,
	OPTION_NAME,
	OPTION_NBD_CONF,
	OPTION_NBD_HOST,
	OPTION_NBD_NAME,
	OPTION_NBD_USER,
	OPTION_PACKAGES,
	OPTION_REMOVE,
	OPTION_ROOT_PARTITION,
	OPTION_SERIAL,
	OPTION_SHA256,
	OPTION_SIZE,
	OPTION_SUBNET,
	OPTION_TFTP_ROOT,
};

static const char program_options[] = ":fhnp:qvV";
static const struct option long_options[] = {
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "copy", required_argument, NULL, OPTION_COPY },
	{ "dns", no_argument, NULL, OPTION_DNS },
	{ "dnsmasq-conf", required_argument, NULL, OPTION_DNSMASQ_CONF },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "force", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "initramfs", required_argument, NULL, OPTION_INITRAMFS },
	{ "interface", required_argument, NULL, OPTION_INTERFACE },
	{ "ip", required_argument, NULL, OPTION_IP },
	{ "mac", required_argument, NULL, OPTION_MAC },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "nbd-conf", required_argument, NULL, OPTION_NBD_CONF },
	{ "nbd-host", required_argument, NULL, OPTION_NBD_HOST },
	{ "nbd-name", required_argument, NULL, OPTION_NBD_NAME },
	{ "nbd-user", required_argument, NULL, OPTION_NBD_USER },
	{ "packages", required_argument, NULL, OPTION_PACKAGES },
	{ "partition", required_argument, NULL, 'p' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "remove", required_argument, NULL, OPTION_REMOVE },
	{ "root-partition", required_argument, NULL, OPTION_ROOT_PARTITION },
	{ "serial", required_argument, NULL, OPTION_SERIAL },
	{ "sha256", required_argument, NULL, OPTION_SHA256 },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "subnet", required_argument, NULL, OPTION_SUBNET },
	{ "tftp-root", required_argument, NULL, OPTION_TFTP_ROOT },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

enum outcome {
	GO_ON,
	DONE,
	WRONG
};

static enum outcome take_partition(struct prep_options *options)
{
	if (pbf_parse_partition(optarg, &options->partition))
		return GO_ON;
	say("--partition \"%s\" is not a number from 1 to 9999", optarg);
	return WRONG;
}

/* Linux gives an NBD device no more than these. */
static enum outcome take_root_partition(struct prep_options *options)
{
	if (pbf_parse_partition(optarg, &options->root_partition) &&
	    options->root_partition <= ROOT_PARTITION_MAX)
		return GO_ON;
	say("--root-partition \"%s\" is not a number from 1 to %u", optarg,
	    ROOT_PARTITION_MAX);
	return WRONG;
}

static enum outcome take_removal(struct prep_options *options)
{
	options->removals[options->removal_count++] = optarg;
	if (optarg[strspn(optarg, "/")] != '\0')
		return GO_ON;
	say("--remove needs the path of a file or directory");
	return WRONG;
}

static enum outcome take_packages(struct prep_options *options)
{
	_cleanup_free_ char *list = strdup(optarg);
	char *rest = list, *name;

	options->packages = optarg;
	if (optarg[0] == '\0')
		return GO_ON;
	while ((name = strsep(&rest, ",")))
		if (!prep_package_name_is_valid(name)) {
			say("--packages: \"%s\" is no name of a package", name);
			return WRONG;
		}
	return GO_ON;
}

static enum outcome take_subnet(struct prep_options *options)
{
	options->subnet = optarg;
	if (prep_subnet_is_valid(optarg))
		return GO_ON;
	say("--subnet \"%s\" is not of the form 192.168.1.0 or 192.168.1.0/24",
	    optarg);
	return WRONG;
}

static enum outcome take_tftp_root(struct prep_options *options)
{
	options->tftp_root = optarg;
	if (optarg[0] == '/')
		return GO_ON;
	say("--tftp-root \"%s\" does not begin with a slash", optarg);
	return WRONG;
}

static enum outcome take_size(struct prep_options *options)
{
	struct pbf_reason why = { .text = "" };

	if (prep_size_parse(optarg, &options->size_bytes, &why) == 0)
		return GO_ON;
	say("--size %s", why.text);
	return WRONG;
}

static enum outcome take_sum(struct prep_options *options)
{
	struct pbf_reason why = { .text = "" };

	options->has_sum = true;
	if (prep_sum_parse(optarg, &options->sum, &why) == 0)
		return GO_ON;
	say("--sha256 \"%s\" %s", optarg, why.text);
	return WRONG;
}

static enum outcome take_initramfs(struct prep_options *options)
{
	options->has_initramfs = true;
	options->initramfs = PREP_INITRAMFS_TOOLS;
	if (strcmp(optarg, "initramfs-tools") == 0)
		return GO_ON;
	options->initramfs = PREP_INITRAMFS_DRACUT;
	if (strcmp(optarg, "dracut") == 0)
		return GO_ON;
	say("--initramfs \"%s\" is neither initramfs-tools nor dracut", optarg);
	return WRONG;
}

/* SOURCE[:PATH]; a file that has the whole of it as its name comes first. */
static enum outcome take_copy(struct prep_options *options)
{
	struct prep_copy *copy = &options->copies[options->copy_count];
	char *colon;

	copy->source = strdup(optarg);
	if (!copy->source) {
		say("out of memory");
		return WRONG;
	}
	options->copy_count++;
	copy->path = "";
	colon = strrchr(copy->source, ':');
	if (colon && access(copy->source, F_OK) < 0) {
		*colon = '\0';
		copy->path = colon + 1;
	}
	if (copy->source[0] != '\0')
		return GO_ON;
	say("--copy \"%s\" names no file", optarg);
	return WRONG;
}

static enum outcome take_string(struct prep_options *options, int option)
{
	switch (option) {
	case OPTION_DNSMASQ_CONF:
		options->dnsmasq_conf = optarg;
		return GO_ON;
	case OPTION_INTERFACE:
		options->interface = optarg;
		return GO_ON;
	case OPTION_IP:
		options->ip = optarg;
		return GO_ON;
	case OPTION_MAC:
		options->macs[options->mac_count++] = optarg;
		return GO_ON;
	case OPTION_NAME:
		options->name = optarg;
		return GO_ON;
	case OPTION_NBD_CONF:
		options->nbd_conf = optarg;
		return GO_ON;
	case OPTION_NBD_HOST:
		options->nbd_host = optarg;
		return GO_ON;
	case OPTION_NBD_NAME:
		options->nbd_name = optarg;
		return GO_ON;
	case OPTION_NBD_USER:
		options->nbd_user = optarg;
		return GO_ON;
	case OPTION_SERIAL:
		options->serials[options->serial_count++] = optarg;
		return GO_ON;
	default:
		return WRONG;
	}
}

static enum outcome take_option(struct prep_options *options, int option)
{
	switch (option) {
	case OPTION_CHECK:
		options->check = true;
		return GO_ON;
	case OPTION_COPY:
		return take_copy(options);
	case OPTION_DNS:
		options->has_dns = true;
		return GO_ON;
	case 'f':
		options->force = true;
		return GO_ON;
	case 'h':
		fputs(help_text, stdout);
		return DONE;
	case OPTION_INITRAMFS:
		return take_initramfs(options);
	case 'n':
		options->dry_run = true;
		return GO_ON;
	case 'p':
		return take_partition(options);
	case 'q':
		options->quiet = true;
		return GO_ON;
	case OPTION_PACKAGES:
		return take_packages(options);
	case OPTION_REMOVE:
		return take_removal(options);
	case OPTION_ROOT_PARTITION:
		return take_root_partition(options);
	case OPTION_SHA256:
		return take_sum(options);
	case OPTION_SIZE:
		return take_size(options);
	case OPTION_SUBNET:
		return take_subnet(options);
	case OPTION_TFTP_ROOT:
		return take_tftp_root(options);
	case 'v':
		options->verbose = true;
		return GO_ON;
	case 'V':
		puts("pibootfs-prep " PIBOOTFS_VERSION);
		return DONE;
	default:
		return take_string(options, option);
	}
}

static bool take_operands(struct prep_options *options, int count,
			  char **operands)
{
	if (count < 1 || count > 2) {
		say("%s; usage: pibootfs-prep [OPTION]... SOURCE DIRECTORY, "
		    "or [OPTION]... IMAGE",
		    count < 1 ? "an image is missing" : "too many arguments");
		return false;
	}
	if (count == 1) {
		options->image = operands[0];
	} else {
		options->source = operands[0];
		options->directory = operands[1];
	}
	if (options->nbd_conf && options->dnsmasq_conf &&
	    strcmp(options->nbd_conf, "-") != 0 &&
	    strcmp(options->nbd_conf, options->dnsmasq_conf) == 0) {
		say("--nbd-conf and --dnsmasq-conf cannot be one file");
		return false;
	}
	return true;
}

/* What is not said. */
static void take_defaults(struct prep_options *options)
{
	if (!options->tftp_root)
		options->tftp_root = "/srv/tftp";
	if (!options->nbd_user)
		options->nbd_user = "nbd";
}

static bool make_lists(struct prep_options *options, int argc)
{
	size_t room = (size_t)argc;

	options->copies = calloc(room, sizeof(*options->copies));
	options->removals = calloc(room, sizeof(*options->removals));
	options->serials = calloc(room, sizeof(*options->serials));
	options->macs = calloc(room, sizeof(*options->macs));
	return options->copies && options->removals && options->serials &&
	       options->macs;
}

bool prep_options_parse(int argc, char **argv, struct prep_options *ret_options,
			int *ret_status)
{
	struct prep_options *options = ret_options;
	enum outcome outcome = GO_ON;

	*options = (struct prep_options){ .source = NULL };
	if (!make_lists(options, argc)) {
		say("out of memory");
		outcome = WRONG;
	}
	while (outcome == GO_ON) {
		int option = getopt_long(argc, argv, program_options,
					 long_options, NULL);

		if (option < 0)
			break;
		outcome = take_option(options, option);
		if (option == '?' || option == ':')
			say_bad_option(argv, long_options, option);
	}
	if (outcome == GO_ON &&
	    (!take_operands(options, argc - optind, argv + optind) ||
	     !prep_options_have_effect(options)))
		outcome = WRONG;
	take_defaults(options);
	if (outcome == GO_ON)
		return true;
	*ret_status = EXIT_USAGE;
	if (outcome == DONE)
		*ret_status = say_end_of_output() ? 0 : EXIT_FAILED;
	return false;
}

void prep_options_release(struct prep_options *options)
{
	for (size_t i = 0; i < options->copy_count; i++)
		free(options->copies[i].source);
	free(options->copies);
	free(options->removals);
	free(options->serials);
	free(options->macs);
	*options = (struct prep_options){ .source = NULL };
}
