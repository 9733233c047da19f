/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory that takes what was loaded: under the names that QEMU is
 * given, and beneath files/ each file as it was asked for.
 */
#ifndef ROM_OUT_H
#define ROM_OUT_H

#include "reason.h"
#include "rom_tftp.h"

#define ROM_OUT_KERNEL "kernel"
#define ROM_OUT_INITRAMFS "initramfs"
#define ROM_OUT_DEVICE_TREE "dtb"
#define ROM_OUT_CMDLINE "cmdline.txt"

/*
 * Makes and opens DIRECTORY, and removes from it what an earlier boot left
 * under the names above.  The descriptor, or a negative errno.
 */
int rom_out_open(const char *directory, struct pbf_reason *why);

/* Writes one of the files above. */
int rom_out_write(int out_fd, const char *name, const struct rom_file *file,
		  struct pbf_reason *why);

/*
 * Writes files/PATH.  A path with a ".." in it would lead out of there, and is
 * left out.
 */
int rom_out_keep(int out_fd, const char *path, const struct rom_file *file,
		 struct pbf_reason *why);

#endif
