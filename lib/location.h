/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file and the source that it was found in, chain walked: all that is needed
 * to read its content.
 */
#ifndef PBF_LOCATION_H
#define PBF_LOCATION_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog.h"
#include "reason.h"
#include "source.h"

/* Writes of one burst lie closer together than this. */
#define PBF_BURST_MS 50

struct pbf_location {
	struct pbf_source source;
	struct pbf_found found;
};

/* Where a file is to be looked for. */
struct pbf_address {
	struct pbf_catalog *catalog;
	const char *source; /* of the catalog */
	const char *path;   /* as pbf_found has it */
	int64_t timeout_ms; /* for finding the file, not for its content */
};

/*
 * Finds the file at ADDRESS.  -ESTALE when there is no file any more, else as
 * the functions of source.h; after -EUCLEAN from the chain, *ret_location is
 * written nevertheless.  Storage that fails (-EIO) is tried once more.
 */
int pbf_location_find(const struct pbf_address *address,
		      struct pbf_location *ret_location,
		      struct pbf_reason *why);

/*
 * As pbf_location_find(), but a broken chain is looked at again while writes
 * go on around it, for they may be what mends it: some hundred milliseconds at
 * most, and not at all in an image at rest.
 */
int pbf_location_find_settling(const struct pbf_address *address,
			       struct pbf_location *ret_location,
			       struct pbf_reason *why);
void pbf_location_release(struct pbf_location *location);

/* Hands *LOCATION over; what is left needs no release. */
struct pbf_location pbf_location_take(struct pbf_location *location);

/* Whether the bytes of both lie in the same places of the same image. */
bool pbf_location_equal(const struct pbf_location *a,
			const struct pbf_location *b);

#define _cleanup_location_ _cleanup_(pbf_location_release)

#endif
