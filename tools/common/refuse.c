/* SPDX-License-Identifier: BSD-2-Clause */
#include "refuse.h"

#include <errno.h>
#include <string.h>

int refuse_errno(const char *what, const char *name, struct pbf_reason *why)
{
	int error = -errno;

	return pbf_refuse(why, error, PBF_REASON_NO_OFFSET, "%s%s%s: %s",
			  name ? name : "", name ? " " : "", what,
			  strerror(-error));
}
