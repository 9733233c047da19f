/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which version of Linux a kernel image has, as `uname -r` would say: from the
 * banner "Linux version ..." in it.  Most are compressed: as a whole (arm64 of
 * Raspberry Pi OS), behind the program that unpacks them (a 32-bit zImage), or
 * as the payload of an EFI program ("zboot").
 */
#ifndef PREP_KERNEL_VERSION_H
#define PREP_KERNEL_VERSION_H

#include <stddef.h>

#include "reason.h"

/* Linux has no longer ones (__NEW_UTS_LEN); with the NUL. */
#define PREP_KERNEL_VERSION_BYTES 65u

/* No more of a kernel is unpacked, nor for longer. */
#define PREP_KERNEL_UNPACKED_MAX (256u << 20)
#define PREP_KERNEL_TIME_MS_MAX 10000

/*
 * -ENODATA when no version is found within these limits: it is no kernel, or
 * compressed in a way that is not known here, or damaged before the banner;
 * WHY says what is known of it.  -ENOMEM.
 */
int prep_kernel_version(const void *bytes, size_t length,
			char ret_version[PREP_KERNEL_VERSION_BYTES],
			struct pbf_reason *why);

#endif
