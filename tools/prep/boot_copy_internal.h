/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of boot_copy.h share. */
#ifndef PREP_BOOT_COPY_INTERNAL_H
#define PREP_BOOT_COPY_INTERNAL_H

#include <stddef.h>

#include "boot_copy.h"

/*
 * Runs mtools, which has to succeed; CONTENT is its standard input.  -ENOSPC
 * when the partition is full, -EIO when it fails otherwise; what it says is
 * the reason.
 */
int prep_boot_run(const struct prep_boot *boot, const char *const *argv,
		  const char *content, size_t length, struct pbf_reason *why);

#endif
