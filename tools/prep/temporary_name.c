/* SPDX-License-Identifier: BSD-2-Clause */
#include "temporary_name.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#define SUFFIX_CHARACTERS 6

int prep_temporary_name(const char *name, char ret_name[NAME_MAX + 1])
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-";
	unsigned char random[SUFFIX_CHARACTERS];
	char suffix[SUFFIX_CHARACTERS + 1] = "";
	const int name_max = NAME_MAX - SUFFIX_CHARACTERS - 2;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EAGAIN;
	for (size_t i = 0; i < sizeof(random); i++)
		suffix[i] = letters[random[i] % (sizeof(letters) - 1)];
	/* The longest names are cut, so that there is room for the rest. */
	snprintf(ret_name, NAME_MAX + 1, ".%.*s.%s", name_max, name, suffix);
	return 0;
}
