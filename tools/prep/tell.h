/* SPDX-License-Identifier: BSD-2-Clause */
/* What pibootfs-prep does, told on standard error as far as it is wanted. */
#ifndef PREP_TELL_H
#define PREP_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "reason.h"

/* To be called once, before anything is told. */
void prep_tell_start(bool is_quiet, bool is_verbose);

/* What is changed, or in a dry run would be; not when quiet. */
__attribute__((format(printf, 1, 2))) void prep_tell(const char *format, ...);

/* What is as it should be; only when verbose. */
__attribute__((format(printf, 1, 2))) void prep_tell_more(const char *format,
							  ...);

/* How large something is, for a sentence: "8.0 GiB". */
#define PREP_SIZE_TEXT_BYTES 32u
const char *prep_size_text(uint64_t bytes, char text[PREP_SIZE_TEXT_BYTES]);

/* What will go wrong later on; always. */
void prep_tell_warning(const char *text);

/*
 * Says why something about NAME failed with ERROR, a negative errno: "NAME:
 * byte 0x..: reason".  A WHY without text leaves the reason to ERROR.
 */
void prep_tell_failure(const char *name, int error,
		       const struct pbf_reason *why);

#endif
