/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_conf.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

bool pbf_parse_partition(const char *text, unsigned int *ret_partition)
{
	char *end;
	unsigned long value;

	if (text[0] < '0' || text[0] > '9')
		return false;
	value = strtoul(text, &end, 10);
	if (*end != '\0' || value < 1 || value > 9999)
		return false;
	*ret_partition = (unsigned int)value;
	return true;
}

/* libinih's handler: 0 makes this line the error. */
static int take_key(void *context, const char *section, const char *key,
		    const char *value)
{
	struct pbf_image_conf *conf = context;

	return strcmp(section, "image") == 0 && strcmp(key, "partition") == 0 &&
	       pbf_parse_partition(value, &conf->partition);
}

int pbf_image_conf_parse(const char *text, struct pbf_image_conf *ret_conf,
			 struct pbf_reason *why)
{
	struct pbf_image_conf conf = { 0 };
	int line = ini_parse_string(text, take_key, &conf);

	if (line < 0)
		return -ENOMEM;
	if (line > 0)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "line %d is not understood: only "
				  "\"partition = NUMBER\" (from 1) under "
				  "[image] is",
				  line);
	*ret_conf = conf;
	return 0;
}
