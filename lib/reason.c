/* SPDX-License-Identifier: BSD-2-Clause */
#include "reason.h"

#include <stdarg.h>
#include <stdio.h>

int pbf_refuse(struct pbf_reason *why, int error, uint64_t offset_bytes,
	       const char *format, ...)
{
	va_list args;

	if (!why)
		return error;
	why->offset_bytes = offset_bytes;
	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return error;
}
