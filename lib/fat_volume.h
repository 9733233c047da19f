/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One FAT volume inside an image.  It is opened for one request and forgotten
 * after it; what was read of its File Allocation Table meanwhile is kept.
 */
#ifndef PBF_FAT_VOLUME_H
#define PBF_FAT_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "fat_boot.h"
#include "image.h"
#include "reason.h"
#include "utf.h"

struct pbf_fat_volume;

/*
 * Opens the volume in bytes START to START + SIZE of IMAGE, which must outlive
 * it.  -EUCLEAN when there is no FAT volume, else as pbf_image_read().
 */
int pbf_fat_volume_open(struct pbf_image *image, uint64_t start_bytes,
			uint64_t size_bytes, struct pbf_fat_volume **ret_volume,
			struct pbf_reason *why);
void pbf_fat_volume_free(struct pbf_fat_volume *volume);

const struct pbf_fat_geometry *
pbf_fat_volume_geometry(const struct pbf_fat_volume *volume);
uint64_t pbf_fat_volume_start(const struct pbf_fat_volume *volume);

/* The code page of its short names, 437 unless set. */
void pbf_fat_volume_set_code_page(struct pbf_fat_volume *volume,
				  enum pbf_code_page page);
enum pbf_code_page
pbf_fat_volume_code_page(const struct pbf_fat_volume *volume);

/*
 * Notes what is strange at a byte of the image but is served nevertheless.
 * The first note is kept.
 */
void pbf_fat_volume_note(struct pbf_fat_volume *volume, uint64_t offset_bytes,
			 const char *text);

/* The note, NULL when there is none. */
const struct pbf_reason *
pbf_fat_volume_oddity(const struct pbf_fat_volume *volume);

/*
 * Reads bytes of the volume; the offset counts from its start.  -EIO beyond
 * its end, else as pbf_image_read().
 */
int pbf_fat_volume_read(struct pbf_fat_volume *volume, uint64_t offset_bytes,
			void *buffer, size_t length, struct pbf_reason *why);

/* Whether CLUSTER exists: from 2 up to the number of clusters plus 1. */
bool pbf_fat_cluster_exists(const struct pbf_fat_volume *volume,
			    uint32_t cluster);

/* Where the data of an existing CLUSTER lie, from the volume's start. */
uint64_t pbf_fat_cluster_offset(const struct pbf_fat_volume *volume,
				uint32_t cluster);

static inline void pbf_fat_volume_free_pointer(struct pbf_fat_volume **volume)
{
	pbf_fat_volume_free(*volume);
}
#define _cleanup_volume_ _cleanup_(pbf_fat_volume_free_pointer)

#endif
