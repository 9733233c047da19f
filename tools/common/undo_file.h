/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file that a half-made change of an image is undone from.  All numbers
 * are little-endian:
 *
 *	0x00	8	"PBFUNDO1"
 *	0x08	40	boot id of the machine, as text, padded with NULs
 *	0x30	8	device of the image
 *	0x38	8	its inode
 *	0x40	8	its size in bytes before the change
 *	0x48	8	and after it
 *	0x50	8	number of records
 *	0x58	8	size of this file in bytes
 *	0x60	...	records
 *	last	16	XXH3 (128 bits) of all that precedes, canonical
 *
 * A record stands for a range that is written to, as far as it lies within the
 * old size:
 *
 *	0x00	8	offset in the image
 *	0x08	8	length in bytes
 *	0x10	...	the old bytes
 *	...	8 each	XXH3 (64 bits) of each 512 new bytes, the last ones
 *			may be fewer
 *
 * The new bytes are not needed to undo anything.  Their digests tell whether
 * the image still is what was half changed: see undo_restore.h.
 */
#ifndef TOOLS_UNDO_FILE_H
#define TOOLS_UNDO_FILE_H

#include <stdint.h>

#include "ranges.h"
#include "reason.h"

#define UNDO_BOOT_ID_BYTES 40u
#define UNDO_PIECE_BYTES 512u

struct undo_header {
	char boot_id[UNDO_BOOT_ID_BYTES]; /* all NUL when not known */
	uint64_t device;
	uint64_t inode;
	uint64_t old_size_bytes;
	uint64_t new_size_bytes;
	uint64_t records;
	uint64_t file_bytes;
};

/*
 * Writes an undo file into FD, which is empty, for a change of the image in
 * IMAGE_FD by RANGES, which are in order.  HEADER comes with all but the last
 * two numbers.  0, -ENOMEM or the negative errno of reading or writing.
 */
int undo_file_write(int fd, int image_fd, const struct undo_header *header,
		    const struct ranges *ranges, struct pbf_reason *why);

/*
 * Reads and checks all of an undo file.  -ENODATA when it was not written to
 * its end, so that the image has not been touched; -EOPNOTSUPP when it is
 * something else; -ENOMEM or the negative errno of reading.
 */
int undo_file_check(int fd, struct undo_header *ret_header,
		    struct pbf_reason *why);

/* Some pieces of a record that follow each other. */
struct undo_part {
	uint64_t offset_bytes; /* in the image */
	const unsigned char *old_bytes;
	size_t length;
	const unsigned char *digests; /* 8 bytes for each piece */
};

/*
 * Hands out all that a checked undo file records, from the beginning to the
 * end of the image.  What TAKE returns other than 0 ends it and is returned;
 * -EUCLEAN when the records contradict themselves, -ENOMEM, or the negative
 * errno of reading.
 */
int undo_file_each(int fd, const struct undo_header *header,
		   int (*take)(void *context, const struct undo_part *part),
		   void *context, struct pbf_reason *why);

/* Whether LENGTH new bytes have the digest that was recorded for them. */
int undo_piece_is_new(const unsigned char *bytes, size_t length,
		      const unsigned char digest[8]);

#endif
