/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables on standard output, by libsmartcols.  Text goes in as it is in the
 * image and comes out so that it does no harm: see say_masked().
 */
#ifndef PBF_IMAGE_TABLE_H
#define PBF_IMAGE_TABLE_H

#include <libsmartcols.h>
#include <stdbool.h>
#include <stddef.h>

/* One column; the last of a table has a NULL name. */
struct image_column {
	const char *name;
	int flags; /* SCOLS_FL_... */
};

/*
 * A table with these COLUMNS and their names above it, unless BARE.  NULL when
 * there is no memory; freed by scols_unref_table().
 */
struct libscols_table *image_table_new(const struct image_column *columns,
				       bool bare);

/* Adds a line with these cells, one for each column; -ENOMEM. */
int image_table_add(struct libscols_table *table, const char *const *cells);

/* Prints it; -ENOMEM, and what else libsmartcols may return. */
int image_table_print(struct libscols_table *table);

static inline void image_table_free(struct libscols_table **table)
{
	scols_unref_table(*table);
}
#define _cleanup_table_ _cleanup_(image_table_free)

#endif
