/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of pibootfs-prep. */
#ifndef PREP_OPTIONS_H
#define PREP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetch_sum.h"
#include "nbd_root.h"

#define EXIT_USAGE 1
#define EXIT_FAILED 2
#define EXIT_WARNED 3

/* A file of this machine, and where on the boot partition it goes. */
struct prep_copy {
	char *source;	  /* owned */
	const char *path; /* "" for the top; a part of what SOURCE points to */
};

/* Strings are borrowed from argv but where it says otherwise. */
struct prep_options {
	/* Either both of the first two, or the third. */
	const char *source; /* "-" for standard input */
	const char *directory;
	const char *image;

	const char *name;    /* of the new image, or NULL */
	uint64_t size_bytes; /* 0: as it is */
	bool has_sum;
	struct prep_sum sum;
	unsigned int partition; /* 0: as the daemon chooses */

	struct prep_copy *copies; /* owned, as are the other lists */
	size_t copy_count;
	const char **removals;
	size_t removal_count;
	const char *nbd_host, *nbd_name, *ip; /* or NULL */
	bool has_initramfs;
	enum prep_initramfs initramfs;
	unsigned int root_partition; /* 0: to be found */
	const char *packages;	     /* NULL: what it needs */

	const char **serials, **macs;
	size_t serial_count, mac_count;
	const char *nbd_conf, *dnsmasq_conf; /* or NULL */
	const char *tftp_root, *interface, *subnet, *nbd_user;
	bool has_dns;

	bool check, force, dry_run, quiet, verbose;
};

/*
 * Reads the command line.  Returns false when the program should end with
 * *ret_status: after --help or --version, or after an error, which has been
 * said.  The caller releases *ret_options in any case.
 */
bool prep_options_parse(int argc, char **argv, struct prep_options *ret_options,
			int *ret_status);
void prep_options_release(struct prep_options *options);

#define _cleanup_options_ _cleanup_(prep_options_release)

#endif
