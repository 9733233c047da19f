/* SPDX-License-Identifier: BSD-2-Clause */
#include "board_name.h"

#include <stddef.h>
#include <string.h>

#define SERIAL_DIGITS 8u
#define MAC_LENGTH 17u

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

static bool is_serial(const char *name, size_t length)
{
	if (length != SERIAL_DIGITS && length != 2 * SERIAL_DIGITS)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_hex_digit(name[i]))
			return false;
	return true;
}

static bool is_mac(const char *name, size_t length)
{
	if (length != MAC_LENGTH)
		return false;
	for (size_t i = 0; i < length; i++)
		if (i % 3 == 2 ? name[i] != '-' : !is_hex_digit(name[i]))
			return false;
	return true;
}

bool pbf_board_key(const char *name, char ret_key[PBF_BOARD_KEY_BYTES])
{
	size_t length = strlen(name);

	if (is_serial(name, length))
		name += length - SERIAL_DIGITS;
	else if (!is_mac(name, length))
		return false;
	do
		*ret_key++ = (char)(*name >= 'A' && *name <= 'F' ?
					    *name - 'A' + 'a' :
					    *name);
	while (*name++);
	return true;
}
