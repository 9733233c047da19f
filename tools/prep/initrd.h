/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in an initrd, as far as it decides whether a board can find its root
 * over NBD: which program made it, for which kernels it has modules, whether
 * nbd is among them, and whether there is an NBD client with the script that
 * starts it.
 *
 * An initrd is one or more cpio archives, zeroes between them.  The first ones
 * are not compressed (microcode; in Ubuntu also modules and firmware), the
 * last one is.  All of it is read once and nothing is unpacked; what it says
 * about itself is believed only within limits.
 */
#ifndef PREP_INITRD_H
#define PREP_INITRD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decoder.h"
#include "reason.h"

/* Where the initrd is, in a file or in a FAT volume. */
struct prep_initrd_source {
	uint64_t size_bytes;
	/* Reads exactly LENGTH bytes; 0 or a negative errno. */
	int (*read)(void *context, uint64_t offset_bytes, void *buffer,
		    size_t length);
	void *context;
};

/* What an honest initrd does not come near. */
#define PREP_INITRD_MEMBERS_MAX 200000u
#define PREP_INITRD_UNPACKED_MAX (4ull << 30)
#define PREP_INITRD_TIME_MS_MAX 60000

struct prep_initrd_limits {
	size_t members_max;
	uint64_t unpacked_bytes_max;
	int64_t time_ms_max;
};

enum prep_initrd_generator {
	PREP_INITRD_UNKNOWN,
	PREP_INITRD_INITRAMFS_TOOLS, /* Debian, Ubuntu up to 25.04 */
	PREP_INITRD_DRACUT,	     /* Ubuntu from 25.10, Fedora */
};

/* Kernels beyond these are not noted. */
#define PREP_INITRD_KERNELS_MAX 16u
#define PREP_INITRD_VERSION_BYTES 128u

struct prep_initrd_kernel {
	char version[PREP_INITRD_VERSION_BYTES]; /* as `uname -r` says it */
	bool has_nbd; /* as a module in the initrd, or built in */
};

struct prep_initrd {
	enum prep_initrd_generator generator;
	bool has_nbd_client; /* the program */
	bool has_nbd_script; /* what starts it at boot */
	size_t kernel_count;
	struct prep_initrd_kernel kernels[PREP_INITRD_KERNELS_MAX];
	enum prep_format format; /* of the compressed part, if any */
	size_t members;
	uint64_t unpacked_bytes;
};

/*
 * Looks into an initrd.  LIMITS may be NULL, for those above.
 *
 * -EUCLEAN	damaged or malformed; WHY has the offset in the initrd
 * -EOPNOTSUPP	no initrd, or compressed in a way that is not known here
 * -EFBIG	beyond a limit
 * -ETIMEDOUT	it took too long
 * -ECANCELED	the program is asked to stop
 * -ENOMEM, and what reading it gave
 */
int prep_initrd_read(const struct prep_initrd_source *source,
		     const struct prep_initrd_limits *limits,
		     struct prep_initrd *ret_initrd, struct pbf_reason *why);

/* The kernel of that version, or NULL; borrowed. */
const struct prep_initrd_kernel *
prep_initrd_find_kernel(const struct prep_initrd *initrd, const char *version);

#endif
