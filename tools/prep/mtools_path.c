/* SPDX-License-Identifier: BSD-2-Clause */
#include "mtools_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "utf.h"

/* What FAT has in no name, and what mtools takes for patterns. */
#define BAD_IN_NAMES "*?[]\\:\"<>|"
#define NAME_UNITS_MAX 255u

/* What is wrong with a name, or NULL. */
static const char *fault_of(const char *name)
{
	size_t length = strlen(name), units = 0;

	for (const char *next = name; *next; units++) {
		uint32_t c = pbf_utf8_next(&next);

		if (c < ' ' || c == 0x7f)
			return "it has a control character";
		if (c < 0x80 && strchr(BAD_IN_NAMES, (int)c))
			return "no name on a FAT has one of " BAD_IN_NAMES;
		if (c >= 0xd800 && c <= 0xdfff)
			return "it is not UTF-8";
		/* What needs two units of UTF-16. */
		if (c > 0xffff)
			return "it has a character that mtools cannot write";
	}
	if (units > NAME_UNITS_MAX)
		return "it is too long";
	/* FAT drops them. */
	if (length > 0 && name[length - 1] == '.')
		return "it ends in a dot";
	if (length > 0 && name[length - 1] == ' ')
		return "it ends in a blank";
	return NULL;
}

/* What was a device for DOS; mtools writes no such file (is_reserved()). */
static const char *fault_of_new(const char *name)
{
	static const char *const devices[] = { "aux",  "com1", "com2", "com3",
					       "com4", "con",  "lpt1", "lpt2",
					       "lpt3", "lpt4", "nul",  "prn" };

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (strcasecmp(name, devices[i]) == 0)
			return "mtools takes it for a device of DOS";
	return fault_of(name);
}

static int refuse_name(const char *name, const char *fault,
		       struct pbf_reason *why)
{
	return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
			  "the name \"%.100s\" cannot be used on the boot "
			  "partition: %s",
			  name, fault);
}

int prep_mtools_check_new(const char *path, struct pbf_reason *why)
{
	_cleanup_free_ char *copy = strdup(path);
	char *rest = copy;
	const char *name;

	if (!copy)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	while ((name = strsep(&rest, "/"))) {
		const char *fault = fault_of_new(name);

		if (fault)
			return refuse_name(name, fault, why);
	}
	return 0;
}

int prep_mtools_place(const char *path, char **ret_place,
		      struct pbf_reason *why)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_free_ char *place =
		malloc(strlen(path) + sizeof(PREP_MTOOLS_DRIVE));
	char *rest = copy, *end;
	const char *name, *fault;

	if (!copy || !place)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	end = stpcpy(place, PREP_MTOOLS_DRIVE);
	while ((name = strsep(&rest, "/"))) {
		if (name[0] == '\0')
			continue;
		fault = fault_of(name);
		if (fault)
			return refuse_name(name, fault, why);
		if (end != prep_mtools_path_of(place))
			*end++ = '/';
		end = stpcpy(end, name);
	}
	*ret_place = place;
	place = NULL;
	return 0;
}
