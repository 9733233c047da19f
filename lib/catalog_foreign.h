/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files in the image directory that are meant to be images but are no raw ones,
 * by their names (foreign.h).  They give no directory, and somebody will ask
 * why.
 */
#ifndef PBF_CATALOG_FOREIGN_H
#define PBF_CATALOG_FOREIGN_H

#include "catalog.h"

/*
 * What the file ENTRY is, which gives no directory; NULL when it is not known,
 * or another entry gives the directory that this one would.
 */
const char *pbf_catalog_foreign_file(struct pbf_catalog *catalog,
				     const char *entry);

/*
 * What is there in place of an image for NAME, which gives no directory, or
 * for what the link NAME leads to: what it is, and its entry.  -ENOENT when
 * there is nothing, -EAGAIN when the reach does not suffice to tell.
 */
int pbf_catalog_foreign_for(struct pbf_catalog *catalog, const char *name,
			    enum pbf_reach reach,
			    char ret_entry[PBF_ENTRY_BYTES],
			    const char **ret_text);

#endif
