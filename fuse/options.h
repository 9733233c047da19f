/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line, as a program of its own (pibootfs -o ... IMAGES
 * MOUNTPOINT) and as mount(8)'s helper mount.fuse.pibootfs, whose options
 * mean partly something else.
 */
#ifndef PIBOOTFS_OPTIONS_H
#define PIBOOTFS_OPTIONS_H

#include <stdbool.h>

#include "reason.h"
#include "server.h"

#define EXIT_USAGE 1
#define EXIT_START 2
#define EXIT_MOUNT_HELPER 32 /* mount(8): mount failure */

struct options {
	struct server_settings server; /* server.images is borrowed */
	const char *mountpoint;	       /* borrowed from argv */
	bool foreground;
	bool debug;
	bool as_mount_helper;
	/* Helper only: -f (fake) or -o remount, there is nothing to do. */
	bool nothing_to_do;
	bool allow_other;
	/* Of the value refused last: what is wrong, where more is known. */
	struct pbf_reason why;
	/* For libfuse, with commas between them; owned. */
	char *mount_options;
};

/*
 * Reads the command line.  Returns false when the program should end with
 * *ret_status: after --help or --version, or after an error, which has been
 * printed.
 */
bool options_parse(int argc, char **argv, struct options *ret_options,
		   int *ret_status);
void options_release(struct options *options);

#endif
