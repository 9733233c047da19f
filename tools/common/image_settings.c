/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_settings.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>

#include "catalog.h"

static void free_catalog(struct pbf_catalog **catalog)
{
	pbf_catalog_free(*catalog);
}

int image_settings_read(const char *image, struct pbf_image_conf *ret_conf,
			struct pbf_reason *why)
{
	static const struct pbf_image_conf defaults = {
		.code_page = PBF_CODE_PAGE_437,
	};
	_cleanup_free_ char *directory_path = strdup(image);
	_cleanup_free_ char *entry_path = strdup(image);
	_cleanup_(free_catalog) struct pbf_catalog *catalog = NULL;
	char directory[PBF_ENTRY_BYTES];
	struct pbf_board board;
	const char *entry;

	if (!directory_path || !entry_path)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	*ret_conf = defaults;
	entry = basename(entry_path);
	if (strlen(entry) >= PBF_ENTRY_BYTES ||
	    pbf_catalog_open(dirname(directory_path), defaults, &catalog) < 0)
		return 0;
	pbf_directory_of_entry(entry, directory);
	if (pbf_catalog_find(catalog, directory, PBF_ANYWHERE, &board) < 0 ||
	    strcmp(board.entry, entry) != 0)
		return 0;
	return pbf_catalog_conf(catalog, board.source, ret_conf, why);
}
