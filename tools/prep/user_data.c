/* SPDX-License-Identifier: BSD-2-Clause */
#include "user_data.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "user_data_scan.h"
#include "user_data_write.h"

#define HEADER "#cloud-config"
/* As much of it as cloud-init searches for a sign of MIME. */
#define MIME_BYTES 4096u

static int refuse(struct pbf_reason *why, const char *sentence)
{
	return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET, "%s", sentence);
}

bool prep_package_name_is_valid(const char *name)
{
	static const char begin[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t length = strlen(name);

	return length >= 2 && length <= 255 && strchr(begin, name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789+-.") ==
		       length;
}

static int check_packages(const char *const *packages, size_t count,
			  struct pbf_reason *why)
{
	if (count > PREP_USER_DATA_PACKAGES_MAX)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "more than %u packages",
				  PREP_USER_DATA_PACKAGES_MAX);
	for (size_t i = 0; i < count; i++)
		if (!prep_package_name_is_valid(packages[i]))
			return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
					  "\"%.100s\" is no name of a package",
					  packages[i]);
	return 0;
}

/* Whether these bytes begin with the string PREFIX, in either case. */
static bool begins_with(const char *bytes, size_t length, const char *prefix)
{
	return length >= strlen(prefix) &&
	       strncasecmp(bytes, prefix, strlen(prefix)) == 0;
}

static bool has_mime_version(const char *text, size_t length)
{
	for (size_t i = 0; i < length && i < MIME_BYTES; i++)
		if (begins_with(text + i, length - i, "mime-version:"))
			return true;
	return false;
}

/* Whether cloud-init takes it for a cloud-config, as it decides that. */
static int check_kind(const char *text, size_t length, struct pbf_reason *why)
{
	size_t blank = 0;

	if (begins_with(text, length, "content-type:") ||
	    has_mime_version(text, length))
		return refuse(why, "it has MIME parts: put the packages into "
				   "the part that is a cloud-config");
	while (blank < length && prep_is_blank(text + blank, 1))
		blank++;
	text += blank;
	length -= blank;
	if (begins_with(text, length, "## template:"))
		return refuse(why, "it is a template, which is no YAML before "
				   "the board fills it in: put the packages "
				   "into it by hand");
	if (begins_with(text, length, HEADER "-"))
		return refuse(why, "it is a cloud-config-archive or a patch: "
				   "put the packages into a cloud-config");
	if (!begins_with(text, length, HEADER))
		return refuse(why, "its first line is not \"" HEADER
				   "\", without which cloud-init does not "
				   "take it for a configuration");
	return 0;
}

/* Whether a text says all of it already, and can be read at all. */
static bool says(const struct prep_text *text,
		 const struct prep_user_data_wish *wish)
{
	struct prep_user_data_scan scan;
	uint64_t all = 0;

	for (size_t i = 0; i < wish->package_count; i++)
		all |= UINT64_C(1) << i;
	return prep_user_data_scan(text->bytes, text->length, wish, &scan,
				   NULL) == 0 &&
	       scan.is_update_true && (scan.present & all) == all;
}

int prep_user_data_edit(const char *text, size_t length,
			const char *const *packages, size_t package_count,
			struct prep_text *ret_text, struct pbf_reason *why)
{
	static const char fresh[] = HEADER "\n";
	const struct prep_user_data_wish wish = { packages, package_count };
	_cleanup_text_ struct prep_text result = { 0 };
	struct prep_user_data_scan scan;
	int error = check_packages(packages, package_count, why);

	if (error < 0)
		return error;
	if (length > PREP_USER_DATA_BYTES_MAX)
		return refuse(why, "it is longer than a mebibyte");
	if (prep_is_blank(text, length)) {
		text = fresh;
		length = strlen(fresh);
	}
	error = check_kind(text, length, why);
	if (error < 0)
		return error;
	error = prep_user_data_scan(text, length, &wish, &scan, why);
	if (error < 0)
		return error;
	error = prep_user_data_write(text, length, &wish, &scan, &result, why);
	if (error < 0)
		return error;
	/* YAML has more corners than we know of. */
	if (!says(&result, &wish))
		return refuse(why, "its YAML is of a kind that nothing can be "
				   "put into: put the packages into it by "
				   "hand");
	*ret_text = result;
	result = (struct prep_text){ 0 };
	return 0;
}
