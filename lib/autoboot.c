/* SPDX-License-Identifier: BSD-2-Clause */
#include "autoboot.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define KEY "boot_partition="

unsigned int pbf_autoboot_partition(const char *text, size_t length)
{
	char copy[PBF_AUTOBOOT_BYTES_MAX + 1];
	char *rest = copy, *line;
	bool applies = true;
	unsigned int partition = 0;

	if (length > PBF_AUTOBOOT_BYTES_MAX)
		length = PBF_AUTOBOOT_BYTES_MAX;
	memcpy(copy, text, length);
	copy[length] = '\0';
	while ((line = strsep(&rest, "\r\n"))) {
		line += strspn(line, " \t");
		if (line[0] == '[') {
			applies = strncasecmp(line, "[all]", 5) == 0;
		} else if (applies && strncmp(line, KEY, strlen(KEY)) == 0) {
			unsigned long value =
				strtoul(line + strlen(KEY), NULL, 10);

			if (value <= 9999)
				partition = (unsigned int)value;
		}
	}
	return partition;
}
