/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of an image for libblkid to read: sparse copies in memory of just
 * those sectors in which tables and superblocks live, so that what it can read
 * is bounded and cannot change under it, and block devices are read as the
 * image layer reads them.
 *
 * The copies are descriptors, which the caller closes.  Errors are -EIO or
 * -ETIMEDOUT from reading, and -ENOMEM.
 */
#ifndef PBF_PARTITION_COPY_H
#define PBF_PARTITION_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "reason.h"

/* At most so many EBRs are followed. */
#define PBF_EBR_MAX 128

/*
 * Whether SECTOR (the first 512 bytes of an image) is an MBR that protects a
 * GPT: type 0xee in any of the four entries (UEFI 2.10, section 5.2.3).
 */
bool pbf_mbr_protects_gpt(const unsigned char sector[512]);

/*
 * Copies what belongs to an MBR or a GPT, and with ANY, where else a table can
 * be.  The copy of an image that has lost the end of its GPT has that size
 * again: neither libblkid nor Linux takes one that is meant for a larger disk.
 */
int pbf_copy_table(struct pbf_image *image, uint32_t sector_bytes, bool any,
		   struct pbf_reason *why);

/* Copies LENGTH bytes at OFFSET to the beginning of SIZE bytes. */
int pbf_copy_beginning(struct pbf_image *image, uint64_t offset_bytes,
		       uint64_t length, uint64_t size_bytes,
		       struct pbf_reason *why);

#endif
