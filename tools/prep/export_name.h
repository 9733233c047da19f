/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the NBD server calls the disk of an image, in cmdline.txt as well as in
 * the server's configuration.
 */
#ifndef PREP_EXPORT_NAME_H
#define PREP_EXPORT_NAME_H

#include "nbd_said.h"
#include "prep_options.h"
#include "reason.h"
#include "target.h"

/*
 * The name that OPTIONS give; else for an image that is there the one in its
 * cmdline.txt, if there is one, unless it is the name of another image beside
 * it, of which this one then is a copy; else the image's name.  What is not as
 * by default is told.  It is looked for when OPTIONS need it only.  -ENOMEM, or
 * -ECANCELED when the program is asked to stop; an image that cannot be read
 * has no other name.
 */
int prep_export_name(const struct prep_options *options,
		     const struct prep_target *target,
		     char ret_name[PREP_NBD_SAID_NAME_BYTES],
		     struct pbf_reason *why);

#endif
