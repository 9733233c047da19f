/* SPDX-License-Identifier: BSD-2-Clause */
#include "autoboot.h"

#include <stdlib.h>
#include <string.h>

#define PARTITION "boot_partition="
#define TRYBOOT_A_B "tryboot_a_b="

enum section {
	ALL,
	TRYBOOT,
	OTHER
};

static enum section section_of(const char *line)
{
	if (strncasecmp(line, "[all]", 5) == 0)
		return ALL;
	return strncasecmp(line, "[tryboot]", 9) == 0 ? TRYBOOT : OTHER;
}

/* Whether LINE gives KEY, which ends in "=", a number. */
static bool take_number(const char *line, const char *key,
			unsigned long *ret_number)
{
	if (strncmp(line, key, strlen(key)) != 0)
		return false;
	*ret_number = strtoul(line + strlen(key), NULL, 10);
	return true;
}

static void take_line(struct pbf_autoboot *autoboot, enum section section,
		      const char *line)
{
	unsigned long number;

	if (section == OTHER)
		return;
	if (take_number(line, TRYBOOT_A_B, &number))
		autoboot->tryboot_a_b = number == 1;
	if (!take_number(line, PARTITION, &number) || number > 9999)
		return;
	if (section == ALL)
		autoboot->partition = (unsigned int)number;
	else
		autoboot->tryboot_partition = (unsigned int)number;
}

struct pbf_autoboot pbf_autoboot_parse(const char *text, size_t length)
{
	struct pbf_autoboot autoboot = { .partition = 0 };
	char copy[PBF_AUTOBOOT_BYTES_MAX + 1];
	char *rest = copy, *line;
	enum section section = ALL;

	if (length > PBF_AUTOBOOT_BYTES_MAX)
		length = PBF_AUTOBOOT_BYTES_MAX;
	memcpy(copy, text, length);
	copy[length] = '\0';
	while ((line = strsep(&rest, "\r\n"))) {
		line += strspn(line, " \t");
		if (line[0] == '[')
			section = section_of(line);
		else
			take_line(&autoboot, section, line);
	}
	return autoboot;
}
