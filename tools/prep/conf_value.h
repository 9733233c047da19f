/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a server's configuration cannot have as a value is refused before
 * anything is written.
 */
#ifndef PREP_CONF_VALUE_H
#define PREP_CONF_VALUE_H

#include <stddef.h>

#include "reason.h"

/* Says in WHY that WHAT, such as "the path", is TEXT and SENTENCE; -EINVAL. */
int prep_refuse_value(struct pbf_reason *why, const char *what,
		      const char *text, const char *sentence);

/* -EINVAL for a path that is not absolute, too long or has control characters.
 */
int prep_check_path(const char *path, size_t bytes_max, struct pbf_reason *why);

#endif
