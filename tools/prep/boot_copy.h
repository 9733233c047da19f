/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A boot partition taken out of its image to be edited: a nameless file that
 * mtools writes and fsck.fat judges, so that nothing half-made ever reaches
 * the image.  What is read goes through the daemon's own library: it is what a
 * board will get.
 */
#ifndef PREP_BOOT_COPY_H
#define PREP_BOOT_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"

struct prep_boot {
	int fd;
	uint64_t offset_bytes; /* where it begins there; 0 in a copy */
	uint64_t size_bytes;
	char *faults; /* what fsck.fat found before anything was changed */
};

/*
 * Copies SIZE_BYTES from OFFSET of the file IMAGE_FD; holes stay holes.
 * -EUCLEAN when the image ends before, else the negative errno of reading,
 * writing or running fsck.fat.  The caller calls prep_boot_release(), also
 * after an error.
 */
int prep_boot_copy_out(int image_fd, uint64_t offset_bytes, uint64_t size_bytes,
		       struct prep_boot *ret_boot, struct pbf_reason *why);
void prep_boot_release(struct prep_boot *boot);

/*
 * Changing the copy.  -EINVAL when a name cannot be used on a FAT, -ENOSPC
 * when the partition is full, -EIO when mtools fails otherwise (WHY has what
 * it says), and the errors of prep_run().  What they leave behind after an
 * error is of no use.
 */

/*
 * Writes a file, in a directory that is there; -EISDIR when it is a directory
 * itself.
 */
int prep_boot_write(const struct prep_boot *boot, const char *path,
		    const char *content, size_t length, struct pbf_reason *why);

/*
 * Copies SOURCE, a regular file of this machine, to PATH, with its time, in a
 * directory that is there; -EISDIR when PATH is a directory itself, or the
 * negative errno of finding SOURCE.
 */
int prep_boot_put(const struct prep_boot *boot, const char *source,
		  const char *path, struct pbf_reason *why);

/* Makes a directory, in one that is there; -EIO also when it is there. */
int prep_boot_make_directory(const struct prep_boot *boot, const char *path,
			     struct pbf_reason *why);

/*
 * Removes a file, or a directory with all in it, also when it is read-only.
 * -ENOENT when there is none; the root is -EINVAL.
 */
int prep_boot_remove(const struct prep_boot *boot, const char *path,
		     struct pbf_reason *why);

/*
 * -EUCLEAN when fsck.fat finds what it did not find before, except for another
 * number of free clusters in FSINFO where that was wrong before.
 */
int prep_boot_check(const struct prep_boot *boot, struct pbf_reason *why);

#endif
