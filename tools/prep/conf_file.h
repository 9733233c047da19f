/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file that a person names for a server's configuration: what it holds,
 * and whether it may be written at all.
 */
#ifndef PREP_CONF_FILE_H
#define PREP_CONF_FILE_H

#include <stdbool.h>

#include "reason.h"
#include "text.h"

/* Whether PATH is "-", which stands for standard output. */
bool prep_conf_is_printed(const char *path);

/* What PATH is called in a sentence. */
const char *prep_conf_name(const char *path);

/*
 * Reads PATH; one that is not there, or only printed, is "".  -EINVAL, and WHY
 * says what to name instead, when it is no regular file; -EFBIG for more than
 * a configuration would be; else the negative errno of what failed.
 */
int prep_conf_read(const char *path, struct prep_text *ret_text,
		   struct pbf_reason *why);

/*
 * Whether A and B are one file, or would be once they are made: however they
 * are spelt, and through links of directories.
 */
bool prep_conf_is_same(const char *a, const char *b);

/*
 * -EINVAL when PATH is IMAGE, or the settings file that pibootfs(8) would look
 * for beside it or beside another image of that directory: with a server's
 * lines in it, pibootfs would no longer serve that image.
 */
int prep_conf_check_place(const char *path, const char *image,
			  struct pbf_reason *why);

#endif
