/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where boards' files come from: the boot volume of an image, opened for one
 * request and forgotten after it, and what lies at a path in it.  A source can
 * also be a single plain file (bootcode.bin in the image directory), at "".
 */
#ifndef PBF_SOURCE_H
#define PBF_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "catalog.h"
#include "fat_chain.h"
#include "fat_volume.h"
#include "image.h"
#include "reason.h"

struct pbf_source {
	struct pbf_image *image;
	struct pbf_fat_volume *volume; /* NULL for a plain file */
	unsigned int partition;	       /* 0: the image is unpartitioned */
	/* As in struct pbf_image_conf. */
	bool tryboot_alias;
	const struct pbf_deny *deny;
};

/* A file or directory as the disk has it at this moment. */
struct pbf_found {
	char *path; /* as spelled on the disk; owned */
	bool is_directory;
	uint32_t first_cluster;
	uint64_t size_bytes;
	uint64_t slot_offset_bytes; /* of its directory entry in the image */
	struct timespec modified, created, accessed;
	struct pbf_chain chain; /* filled by pbf_source_chain() */
};

/*
 * Opens the source NAME of the catalog (struct pbf_board, or PBF_BOOTCODE).
 * Reads give up at GIVE_UP_AT_MS of CLOCK_MONOTONIC.  Errors are those of
 * pbf_catalog_open_image(), pbf_catalog_conf() and pbf_boot_volume_open().
 */
int pbf_source_open(struct pbf_catalog *catalog, const char *name,
		    int64_t give_up_at_ms, struct pbf_source *ret_source,
		    struct pbf_reason *why);
void pbf_source_close(struct pbf_source *source);

/* Finds what lies at PATH and is not denied; errors as pbf_fat_resolve(). */
int pbf_source_find(struct pbf_source *source, const char *path,
		    struct pbf_found *ret_found, struct pbf_reason *why);
void pbf_found_release(struct pbf_found *found);

/* Walks the chain of a file, as pbf_fat_chain(). */
int pbf_source_chain(struct pbf_source *source, struct pbf_found *found,
		     struct pbf_reason *why);

/*
 * Whether every copy of the FAT has the same chain for FOUND.  They differ
 * while a writer is between one copy and the next.
 */
bool pbf_source_copies_agree(struct pbf_source *source,
			     const struct pbf_found *found);

/* What to do with a content as it is read, in order and in pieces. */
struct pbf_reading {
	/* Where it goes, all of it; NULL: each piece is forgotten again. */
	unsigned char *into;
	/*
	 * Is given each piece and its offset in the file; a result other than
	 * 0 ends the reading and is returned.
	 */
	int (*take)(void *context, uint64_t offset_bytes,
		    const unsigned char *bytes, size_t length);
	void *context;
};

/*
 * Reads a file's content, whose chain must have been walked.  Errors as
 * pbf_image_read(); each read that fails (-EIO) is tried once more.
 */
int pbf_source_read(struct pbf_source *source, const struct pbf_found *found,
		    const struct pbf_reading *reading, struct pbf_reason *why);

#define _cleanup_source_ _cleanup_(pbf_source_close)
#define _cleanup_found_ _cleanup_(pbf_found_release)

#endif
