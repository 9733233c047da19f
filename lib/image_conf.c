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

	if (strcmp(section, "image") != 0)
		return 0;
	if (strcmp(key, "partition") == 0)
		return pbf_parse_partition(value, &conf->partition);
	return strcmp(key, "codepage") == 0 &&
	       pbf_parse_code_page(value, &conf->code_page);
}

/*
 * libinih's reader, as fgets(): the next line of *STREAM, a string.  libinih
 * would take what does not fit its buffer for another line, so that a long
 * comment has to end here.
 */
static char *read_line(char *line, int size, void *stream)
{
	const char **text = stream;
	size_t length = strcspn(*text, "\n");
	size_t room = (size_t)size - 2; /* for a newline and a NUL */
	size_t blank = strspn(*text, " \t");
	bool is_comment = (*text)[blank] == '#' || (*text)[blank] == ';';
	size_t taken = length < room ? length : room;

	if (**text == '\0')
		return NULL;
	memcpy(line, *text, taken);
	*text += is_comment ? length : taken;
	if (**text == '\n') {
		line[taken++] = '\n';
		++*text;
	}
	line[taken] = '\0';
	return line;
}

int pbf_image_conf_parse(const char *text, struct pbf_image_conf *conf,
			 struct pbf_reason *why)
{
	struct pbf_image_conf parsed = *conf;
	int line = ini_parse_stream(read_line, &text, take_key, &parsed);

	if (line < 0)
		return -ENOMEM;
	if (line > 0)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "line %d is not understood: only "
				  "\"partition = NUMBER\" (from 1) and "
				  "\"codepage = 437\" or \"850\" under "
				  "[image] are",
				  line);
	*conf = parsed;
	return 0;
}
