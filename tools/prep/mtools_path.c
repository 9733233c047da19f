/* SPDX-License-Identifier: BSD-2-Clause */
#include "mtools_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "utf.h"

/* What FAT has in no name, and what mtools takes for patterns. */
#define BAD_IN_NAMES "*?[]\\:\"<>|\x7f"
#define NAME_UNITS_MAX 255u

bool prep_mtools_name_is_good(const char *name)
{
	size_t length = strlen(name), units = 0;

	for (const char *next = name; *next; units++) {
		uint32_t c = pbf_utf8_next(&next);

		/* mtools cannot write what needs two units of UTF-16 */
		if (c < ' ' || (c < 0x80 && strchr(BAD_IN_NAMES, (int)c)) ||
		    (c >= 0xd800 && c <= 0xdfff) || c > 0xffff)
			return false;
	}
	return units > 0 && units <= NAME_UNITS_MAX &&
	       name[length - 1] != '.' && name[length - 1] != ' ';
}

int prep_mtools_refuse_name(const char *name, struct pbf_reason *why)
{
	return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
			  "the name \"%s\" cannot be used on the boot "
			  "partition",
			  name);
}

int prep_mtools_place(const char *path, char **ret_place,
		      struct pbf_reason *why)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_free_ char *place =
		malloc(strlen(path) + sizeof(PREP_MTOOLS_DRIVE));
	char *rest = copy, *end;
	const char *name;

	if (!copy || !place)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	end = stpcpy(place, PREP_MTOOLS_DRIVE);
	while ((name = strsep(&rest, "/"))) {
		if (name[0] == '\0')
			continue;
		if (!prep_mtools_name_is_good(name))
			return prep_mtools_refuse_name(name, why);
		if (end != prep_mtools_path_of(place))
			*end++ = '/';
		end = stpcpy(end, name);
	}
	*ret_place = place;
	place = NULL;
	return 0;
}
