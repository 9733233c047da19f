/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The current version of each file that anyone has looked at.  A file is known
 * by image, volume and path, so all boards of one image share its versions.
 *
 * Threads: any may call; the table has its own lock.
 */
#ifndef PBF_VERSION_TABLE_H
#define PBF_VERSION_TABLE_H

#include <stdint.h>

#include "source.h"
#include "version.h"

struct pbf_version_table;

/* Numbers are given out from FIRST_ID on.  SHARED is copied. */
int pbf_version_table_new(const struct pbf_version_shared *shared,
			  uint64_t first_id,
			  struct pbf_version_table **ret_table);
void pbf_version_table_free(struct pbf_version_table *table);

/* A number never given out before: for a version, or for a directory. */
uint64_t pbf_version_table_next_id(struct pbf_version_table *table);

/*
 * The version of the file that SOURCE, opened under NAME, shows as FOUND: the
 * one known if it is current, otherwise a new one.  Reads the image when that
 * is needed to tell.  The reference is the caller's.  -ENOMEM.
 */
int pbf_version_table_lookup(struct pbf_version_table *table, const char *name,
			     struct pbf_source *source, struct pbf_found *found,
			     struct pbf_version **ret_version);

/* Forgets VERSION, which nobody asks for any more. */
void pbf_version_table_drop(struct pbf_version_table *table,
			    struct pbf_version *version);

#endif
