/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What follows -o: our own options, those for the kernel, and those that
 * mount(8) and /etc/fstab know and that need nothing done.
 */
#ifndef PIBOOTFS_MOUNT_OPTIONS_H
#define PIBOOTFS_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

/*
 * Takes the options in TEXT, which it cuts up.  False after saying which one
 * is not known or has a value that is not understood.
 */
bool mount_options_take(struct options *options, char *text);

uint64_t mount_options_ram_bytes(void);

#endif
