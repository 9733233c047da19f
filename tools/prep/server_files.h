/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configurations of nbd-server and dnsmasq that belong to an image: put
 * into files that may have other things in them, or printed.  They are made
 * first, and put into their places once the image is in its own.
 */
#ifndef PREP_SERVER_FILES_H
#define PREP_SERVER_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "nbd_conf.h"
#include "prep_options.h"
#include "publish.h"
#include "reason.h"

#define PREP_SERVER_FILES_MAX 2u

struct prep_server_file {
	const char *path;  /* "-": to be printed */
	const char *title; /* of what is printed: where it belongs */
	bool is_offered;   /* nobody has asked for it */
	struct prep_text text;
	struct prep_publish *publish; /* NULL: printed, or as it should be */
};

struct prep_server_files {
	struct prep_server_file items[PREP_SERVER_FILES_MAX];
	size_t count;
};

/*
 * Makes those that OPTIONS want, and those that would help; of these, one that
 * cannot be made is said.  Negative errno; WHY names the file, or the option
 * that is missing.  -EINVAL when a file is not one to put this into, -EEXIST
 * when somebody else's lines are in the way.  The caller releases it.
 */
int prep_server_files_plan(const struct prep_options *options,
			   const struct prep_export *export,
			   struct prep_server_files *ret_files,
			   struct pbf_reason *why);

/* Tells what is written, or would be. */
void prep_server_files_tell(const struct prep_server_files *files);

/* Puts the files into their places.  Errors as prep_publish_commit(). */
int prep_server_files_commit(const struct prep_server_files *files,
			     struct pbf_reason *why);

/* Makes them what they were, as when the rest of a run has failed. */
int prep_server_files_revert(const struct prep_server_files *files,
			     struct pbf_reason *why);

/* Prints those that are to be printed; in a dry run, all that would change. */
void prep_server_files_print(const struct prep_server_files *files,
			     bool is_dry_run);

void prep_server_files_release(struct prep_server_files *files);

#endif
