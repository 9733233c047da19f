/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_table.h"

#include <errno.h>
#include <langinfo.h>
#include <string.h>

#include "cleanup.h"
#include "say.h"

static bool is_utf8_locale(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

struct libscols_table *image_table_new(const struct image_column *columns,
				       bool bare)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		return NULL;
	/*
	 * What could harm a terminal is masked here, and nothing else is.  But
	 * without encoding, libsmartcols 2.38 never ends with a string that is
	 * invalid in the locale.
	 */
	if (scols_table_enable_noencoding(table, is_utf8_locale()) != 0 ||
	    scols_table_enable_minout(table, 1) != 0 ||
	    scols_table_enable_noheadings(table, bare) != 0)
		goto fail;
	/* Even a name that is not printed makes its column wider. */
	for (size_t i = 0; columns[i].name; i++)
		if (!scols_table_new_column(table, bare ? "" : columns[i].name,
					    0, columns[i].flags))
			goto fail;
	return table;
fail:
	scols_unref_table(table);
	return NULL;
}

int image_table_add(struct libscols_table *table, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < scols_table_get_ncols(table); i++) {
		_cleanup_free_ char *clean = say_masked(cells[i]);

		if (!clean || scols_line_set_data(line, i, clean) != 0)
			return -ENOMEM;
	}
	return 0;
}

int image_table_print(struct libscols_table *table)
{
	return scols_print_table(table);
}
