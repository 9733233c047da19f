/* SPDX-License-Identifier: BSD-2-Clause */
/* Which options of pibootfs-prep are for nothing without which others. */
#ifndef PREP_OPTIONS_EFFECT_H
#define PREP_OPTIONS_EFFECT_H

#include <stdbool.h>

#include "prep_options.h"

/*
 * Whether all options that were given have an effect: one that has none is a
 * mistake, not a wish.  If not, says which one, and what it needs.  OPTIONS
 * have no defaults yet.
 */
bool prep_options_have_effect(const struct prep_options *options);

#endif
