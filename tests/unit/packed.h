/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes that grow, compressed data and cpio archives among them, made
 * independently of the code under test.
 */
#ifndef PBF_UNIT_PACKED_H
#define PBF_UNIT_PACKED_H

#include <stddef.h>

#include "decoder.h"

/* Zero it to begin with. */
struct packed {
	unsigned char *bytes;
	size_t length;
};

void packed_free(struct packed *packed);
#define _cleanup_packed_ _cleanup_(packed_free)

void packed_add(struct packed *packed, const void *bytes, size_t length);
void packed_add_zeroes(struct packed *packed, size_t length);

/* Adds BYTES, compressed. */
void packed_compress(struct packed *packed, enum prep_format format,
		     const void *bytes, size_t length);

/* Adds a member of a cpio archive, or its end. */
void packed_cpio(struct packed *packed, const char *name, unsigned int mode,
		 const char *content);
void packed_cpio_end(struct packed *packed);

#endif
