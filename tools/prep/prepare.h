/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole run of pibootfs-prep, after its command line. */
#ifndef PREP_PREPARE_H
#define PREP_PREPARE_H

#include "prep_options.h"

/* Both return the exit status, and say what went wrong. */
int prep_prepare(const struct prep_options *options);
int prep_check(const struct prep_options *options);

#endif
