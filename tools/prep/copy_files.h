/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files and directories of this machine, copied to a boot partition.  What is
 * there with the same content is left alone, so that copying again changes
 * nothing; space is counted before the first byte is written.
 */
#ifndef PREP_COPY_FILES_H
#define PREP_COPY_FILES_H

#include "boot_copy.h"
#include "prep_options.h"
#include "reason.h"

/*
 * Copies COPIES to BOOT, in their order, and tells each file that is changed.
 * A copy's path is that of the file or directory to be; if it is a directory
 * or ends in a slash, the copy is made in it.  Directories that are missing
 * are made.
 *
 * -ENOENT for a source that is not there; -ENOSPC when all of it does not fit;
 * -EISDIR and -ENOTDIR when a file would have to become a directory or the
 * other way round; -EOPNOTSUPP for a source that is neither; else the negative
 * errno of what failed.  WHY says what it was.
 */
int prep_copy_files(const struct prep_boot *boot,
		    const struct prep_copy *copies, size_t count,
		    struct pbf_reason *why);

#endif
