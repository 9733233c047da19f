/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What there is on a boot partition that was copied out, and how much room;
 * read by the daemon's own library: it is what a board will get.
 */
#ifndef PREP_BOOT_ENTRY_H
#define PREP_BOOT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot_copy.h"
#include "reason.h"

struct prep_boot_entry {
	bool is_directory;
	uint64_t size_bytes; /* of a file */
};

/*
 * Finds what is at PATH, which may begin with slashes.  -ENOENT when there is
 * nothing, else as pbf_source_find().
 */
int prep_boot_find(const struct prep_boot *boot, const char *path,
		   struct prep_boot_entry *ret_entry, struct pbf_reason *why);

bool prep_boot_has(const struct prep_boot *boot, const char *path);

/* Whether it is there and no directory. */
bool prep_boot_has_file(const struct prep_boot *boot, const char *path);

/*
 * Reads the file at PATH, which a NUL is put behind.  -ENOENT when there is
 * none, -EFBIG when it has more than MAX_BYTES, -EUCLEAN when it is broken.
 */
int prep_boot_read(const struct prep_boot *boot, const char *path,
		   size_t max_bytes, char **ret_content, size_t *ret_length,
		   struct pbf_reason *why);

struct prep_boot_space {
	uint32_t free_clusters;
	uint32_t cluster_bytes;
};

/* Counts free clusters.  Errors as pbf_fat_check(). */
int prep_boot_space(const struct prep_boot *boot,
		    struct prep_boot_space *ret_space, struct pbf_reason *why);

#endif
