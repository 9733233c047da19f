/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The content of a file as its image has it now: copied, hashed, compared.
 * In all functions FOUND lies in SOURCE and its chain has been walked.
 */
#ifndef PBF_CONTENT_H
#define PBF_CONTENT_H

#include "digest.h"
#include "reason.h"
#include "source.h"

/*
 * Copies the content to BYTES, which has room for it, and hashes it.  ADVANCE
 * is told how many bytes are there, after each piece.  Errors as
 * pbf_source_read().
 */
int pbf_content_copy(struct pbf_source *source, const struct pbf_found *found,
		     unsigned char *bytes,
		     void (*advance)(void *context, uint64_t filled_bytes),
		     void *context, struct pbf_digest *ret_digest,
		     struct pbf_reason *why);

/* As pbf_content_copy(), but keeps nothing. */
int pbf_content_hash(struct pbf_source *source, const struct pbf_found *found,
		     struct pbf_digest *ret_digest, struct pbf_reason *why);

/* 0 when the content is BYTES, positive when not; errors likewise. */
int pbf_content_compare(struct pbf_source *source,
			const struct pbf_found *found,
			const unsigned char *bytes, struct pbf_reason *why);

#endif
