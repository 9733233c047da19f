/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes of one disk image: a regular file or a block device, read-only.
 * Every read is bounded in place (nothing beyond the end) and, if the caller
 * asks, in time.  Images are never mapped: truncation would be a SIGBUS.
 *
 * A block device is read with O_DIRECT, because its page cache does not learn
 * of what another host writes to shared storage.
 */
#ifndef PBF_IMAGE_H
#define PBF_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "reason.h"
#include "stamp.h"

struct pbf_image;

/*
 * Opens what NAME in DIRECTORY_FD leads to, symbolic links followed.
 * -EOPNOTSUPP when that is neither a regular file nor a block device, else
 * the negative errno of open(2) or fstat(2).  The caller frees *ret_image.
 */
int pbf_image_open(int directory_fd, const char *name,
		   struct pbf_image **ret_image, struct pbf_reason *why);
void pbf_image_free(struct pbf_image *image);

/* From now on reads fail with -ETIMEDOUT once CLOCK_MONOTONIC is past this. */
void pbf_image_give_up_at(struct pbf_image *image, int64_t monotonic_ms);

/*
 * Reads exactly LENGTH bytes.  -EIO when the image ends before (WHY says
 * where) or the storage fails, -ETIMEDOUT as above, -ENOMEM.
 */
int pbf_image_read(struct pbf_image *image, uint64_t offset_bytes, void *buffer,
		   size_t length, struct pbf_reason *why);

uint64_t pbf_image_size_bytes(const struct pbf_image *image);

/* The logical sector size of a block device; 0 for a file, which has none. */
uint32_t pbf_image_sector_bytes(const struct pbf_image *image);

/* The stamp at the time of opening. */
const struct pbf_stamp *pbf_image_stamp(const struct pbf_image *image);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t pbf_monotonic_ms(void);

void pbf_pause_ms(long milliseconds);

/*
 * Storage that failed is tried once more after this, where an error is final:
 * a READ that was answered with one is the end of its version.
 */
#define PBF_RETRY_MS 50

static inline void pbf_image_free_pointer(struct pbf_image **image)
{
	pbf_image_free(*image);
}
#define _cleanup_image_ _cleanup_(pbf_image_free_pointer)

#endif
