/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Will it boot?  What each model of board does with a boot partition, from the
 * first file it asks for up to its root disk, told beforehand; see WILL IT
 * BOOT in pibootfs-prep(1).
 */
#ifndef PREP_BOOT_CHECK_H
#define PREP_BOOT_CHECK_H

#include "boot_copy.h"
#include "cmdline_check.h"
#include "findings.h"
#include "reason.h"

/*
 * Adds to FINDINGS what will go wrong (warnings) and what will not (notes).
 * That something cannot be read is a finding; -ENOMEM is an error, and so is
 * -ECANCELED, when the program is asked to stop.
 */
int prep_boot_look(const struct prep_boot *boot,
		   const struct prep_boot_disk *disk,
		   struct prep_findings *findings, struct pbf_reason *why);

#endif
