/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of a catalog, for the files that implement catalog.h. */
#ifndef PBF_CATALOG_INTERNAL_H
#define PBF_CATALOG_INTERNAL_H

#include "catalog.h"
#include "image_directory.h"

struct pbf_catalog {
	struct pbf_image_directory *directory;
	struct pbf_image_conf defaults;
};

/*
 * Follows NAME, an image or its settings; errors as pbf_walk().  At once, only
 * the stat of *ret_place is given.
 */
int pbf_catalog_find_file(struct pbf_catalog *catalog, const char *name,
			  enum pbf_reach reach, struct pbf_place *ret_place);

#endif
