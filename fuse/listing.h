/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory as it was when it was opened: names and types, each name once.
 * An open directory keeps its listing, so that reading it in pieces neither
 * misses nor repeats a name while the disk changes.
 */
#ifndef PIBOOTFS_LISTING_H
#define PIBOOTFS_LISTING_H

#include <stdbool.h>
#include <stddef.h>

struct listing;

struct listing *listing_new(void);
void listing_free(struct listing *listing);

/* Adds NAME unless it is there.  0 or -ENOMEM. */
int listing_add(struct listing *listing, const char *name, bool is_directory);

/* The name at INDEX, borrowed; NULL behind the last one. */
const char *listing_at(const struct listing *listing, size_t index,
		       bool *ret_is_directory);

#endif
