/* SPDX-License-Identifier: BSD-2-Clause */
#include "catalog_foreign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "foreign.h"

const char *pbf_catalog_foreign_file(struct pbf_catalog *catalog,
				     const char *entry)
{
	char directory[PBF_ENTRY_BYTES];
	struct pbf_board board;
	const char *text =
		entry[0] == '.' ? NULL : pbf_foreign_by_name(entry, directory);

	if (!text || pbf_catalog_has_file(catalog, entry, PBF_NEAR) != 1 ||
	    pbf_catalog_find(catalog, directory, PBF_NEAR, &board) != -ENOENT)
		return NULL;
	return text;
}

int pbf_catalog_foreign_for(struct pbf_catalog *catalog, const char *name,
			    enum pbf_reach reach,
			    char ret_entry[PBF_ENTRY_BYTES],
			    const char **ret_text)
{
	char target[PBF_ENTRY_BYTES], directory[PBF_ENTRY_BYTES];
	const char *suffix;

	if (name[0] == '.' || strlen(name) >= sizeof(target))
		return -ENOENT;
	if (reach == PBF_AT_ONCE ||
	    pbf_catalog_link_name(catalog, name, target) < 0)
		memcpy(target, name, strlen(name) + 1);
	pbf_directory_of_entry(target, directory);
	for (size_t i = 0; (suffix = pbf_foreign_suffix(i)); i++) {
		char entry[PBF_ENTRY_BYTES + 16];
		int has;

		snprintf(entry, sizeof(entry), "%s%s", directory, suffix);
		if (strlen(entry) >= PBF_ENTRY_BYTES)
			continue;
		has = pbf_catalog_has_file(catalog, entry, reach);
		if (has < 0)
			return has;
		if (!has)
			continue;
		memcpy(ret_entry, entry, strlen(entry) + 1);
		*ret_text = pbf_foreign_by_name(ret_entry, directory);
		return 0;
	}
	return -ENOENT;
}
