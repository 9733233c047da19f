/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpio archives in the form that Linux unpacks at boot ("newc"), taken in
 * pieces of any length, one archive after the other with zeroes in between
 * (Documentation/driver-api/early-userspace/buffer-format.rst, init/initramfs.c
 * of Linux).  Does no I/O, keeps nothing but the current name.
 */
#ifndef PREP_INITRD_CPIO_H
#define PREP_INITRD_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"

/*
 * PATH_MAX of Linux, with the NUL.  It passes over members with longer names,
 * and over what has an empty one; as no program makes such an archive, it is
 * refused here as malformed.
 */
#define PREP_CPIO_NAME_BYTES 4096u
#define PREP_CPIO_HEADER_BYTES 110u

struct prep_cpio_member {
	const char *name; /* as it is in the archive */
	uint32_t mode;	  /* as st_mode */
	uint64_t size_bytes;
};

struct prep_cpio_visitor {
	/* Told of each member, before its content.  Not 0 ends the reading. */
	int (*member)(void *context, const struct prep_cpio_member *member);
	/* Told of each piece of the content of that member; may be NULL. */
	void (*content)(void *context, const unsigned char *bytes,
			size_t length);
	void *context;
};

enum prep_cpio_state {
	PREP_CPIO_BETWEEN, /* before, between and behind archives */
	PREP_CPIO_HEADER,
	PREP_CPIO_NAME,
	PREP_CPIO_CONTENT,
	PREP_CPIO_PADDING,
};

/* Zero it but for the visitor, to begin with.  It may be copied. */
struct prep_cpio {
	struct prep_cpio_visitor visitor;
	enum prep_cpio_state state;
	uint64_t taken_bytes; /* by all calls together */
	/* Of the current state: what is there, and what is still to come. */
	size_t filled;
	uint64_t left_bytes;
	enum prep_cpio_state next_state; /* after padding */
	uint32_t mode;
	uint64_t size_bytes;
	uint32_t name_bytes;
	unsigned char header[PREP_CPIO_HEADER_BYTES];
	char name[PREP_CPIO_NAME_BYTES];
};

/*
 * Takes the next bytes, up to where something begins between archives that is
 * neither zeroes nor an archive; *ret_taken says how many that were.
 * -EUCLEAN when an archive is malformed, with its offset in all that was
 * taken; and what the visitor returned.
 */
int prep_cpio_take(struct prep_cpio *cpio, const unsigned char *bytes,
		   size_t length, size_t *ret_taken, struct pbf_reason *why);

/* Whether the last archive has come to its end. */
bool prep_cpio_is_complete(const struct prep_cpio *cpio);

#endif
