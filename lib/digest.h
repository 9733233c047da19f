/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The digest of a content: XXH3, 128 bits, in its canonical form, so that
 * `xxh128sum` prints the same.  It is fast and tells accidents apart, but an
 * attacker can make two contents with one digest.  Wherever that would mix up
 * two boards the bytes themselves are compared as well (snapshot.c).
 */
#ifndef PBF_DIGEST_H
#define PBF_DIGEST_H

#include <string.h>

#define PBF_DIGEST_BYTES 16u

struct pbf_digest {
	unsigned char bytes[PBF_DIGEST_BYTES];
};

static inline int pbf_digest_equal(const struct pbf_digest *a,
				   const struct pbf_digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

#endif
