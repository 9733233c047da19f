/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_value.h"

#include <errno.h>
#include <string.h>

#include "text.h"

int prep_refuse_value(struct pbf_reason *why, const char *what,
		      const char *text, const char *sentence)
{
	return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
			  "%s \"%.300s\" %s", what, text, sentence);
}

int prep_check_path(const char *path, size_t bytes_max, struct pbf_reason *why)
{
	if (path[0] != '/')
		return prep_refuse_value(why, "the path", path,
					 "does not begin with a slash");
	if (strlen(path) > bytes_max)
		return prep_refuse_value(why, "the path", path, "is too long");
	if (prep_has_control(path))
		return prep_refuse_value(why, "the path", path,
					 "has a control character in it");
	return 0;
}
