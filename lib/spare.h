/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for whole files, straight from the kernel.  The kernel clears every
 * page it gives, which takes about as long as reading a file into it; so the
 * largest piece that is given back is kept as a spare, for the next version of
 * the same kernel.  Under memory pressure the kernel takes it (MADV_FREE).
 *
 * Threads: the owner of a spare guards it.
 */
#ifndef PBF_SPARE_H
#define PBF_SPARE_H

#include <stddef.h>

/* Less is neither kept nor made of a spare. */
#define PBF_SPARE_BYTES_MIN (1u << 20)

/* Zero it for none. */
struct pbf_spare {
	unsigned char *memory;
	size_t size_bytes;
};

/*
 * SIZE bytes, not 0, from *SPARE, which is none afterwards, or else from the
 * kernel; NULL when that has none.  They hold anything.
 */
unsigned char *pbf_spare_use(struct pbf_spare *spare, size_t size_bytes);

/*
 * Gives SIZE bytes back, or makes them the spare in place of a smaller one,
 * which is given back.
 */
void pbf_spare_keep(struct pbf_spare *spare, unsigned char *memory,
		    size_t size_bytes);

/* Gives the spare back. */
void pbf_spare_drop(struct pbf_spare *spare);

#endif
