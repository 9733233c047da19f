/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of pibootfs-image: a command, its options and operands. */
#ifndef PBF_IMAGE_OPTIONS_H
#define PBF_IMAGE_OPTIONS_H

#include <stdbool.h>

#include "utf.h"

#define EXIT_USAGE 1
#define EXIT_UNREADABLE 2
#define EXIT_UNSOUND 3

enum image_command {
	IMAGE_INFO,
	IMAGE_LS,
	IMAGE_CAT,
	IMAGE_CP,
};

struct image_options {
	enum image_command command;
	/* All three are borrowed from argv. */
	const char *image;
	const char *path;	/* in the image; "" for the root */
	const char *output;	/* cp */
	unsigned int partition; /* 0: as the daemon chooses */
	bool has_code_page;
	enum pbf_code_page code_page;
	bool json;	   /* info */
	bool long_listing; /* ls */
	bool recursive;	   /* ls */
	bool force;	   /* cp */
};

/*
 * Reads the command line.  Returns false when the program should end with
 * *ret_status: after --help or --version, or after an error, which has been
 * printed.
 */
bool image_options_parse(int argc, char **argv,
			 struct image_options *ret_options, int *ret_status);

#endif
