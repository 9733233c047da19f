/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why something was refused: the sentence for a person, and the byte of the
 * image at fault.  Functions that judge an image fill one in beside the
 * negative errno they return; whoever handles the failure logs it.
 */
#ifndef PBF_REASON_H
#define PBF_REASON_H

#include <stdint.h>

#define PBF_REASON_NO_OFFSET UINT64_MAX

struct pbf_reason {
	/* Byte offset in the image, PBF_REASON_NO_OFFSET when none applies. */
	uint64_t offset_bytes;
	char text[1024];
};

/*
 * Writes the sentence and the offset into WHY, which may be NULL, and returns
 * ERROR, so that a parser can say `return pbf_refuse(why, -EUCLEAN, ...)`.
 */
__attribute__((format(printf, 4, 5))) int pbf_refuse(struct pbf_reason *why,
						     int error,
						     uint64_t offset_bytes,
						     const char *format, ...);

#endif
