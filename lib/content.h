/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The content of a file as its image has it now: copied, hashed, compared.
 * In all functions FOUND lies in SOURCE and its chain has been walked.
 */
#ifndef PBF_CONTENT_H
#define PBF_CONTENT_H

#include <stdint.h>

#include "digest.h"
#include "reason.h"
#include "source.h"

/* Where a content is copied to, and who is told. */
struct pbf_content_copying {
	unsigned char *bytes; /* with room for all of it */
	/* The first FILLED_BYTES are there. */
	void (*advance)(void *context, uint64_t filled_bytes);
	void *context;
};

/* Copies the content and hashes it.  Errors as pbf_source_read(). */
int pbf_content_copy(struct pbf_source *source, const struct pbf_found *found,
		     const struct pbf_content_copying *copying,
		     struct pbf_digest *ret_digest, struct pbf_reason *why);

/* As pbf_content_copy(), but keeps nothing. */
int pbf_content_hash(struct pbf_source *source, const struct pbf_found *found,
		     struct pbf_digest *ret_digest, struct pbf_reason *why);

/* What a content is compared with, and who is told how far that is. */
struct pbf_content_comparison {
	const unsigned char *bytes; /* as many as the content has */
	void (*advance)(void *context, uint64_t compared_bytes); /* or NULL */
	void *context;
};

/* 0 when the content is the same, positive when not; errors likewise. */
int pbf_content_compare(struct pbf_source *source,
			const struct pbf_found *found,
			const struct pbf_content_comparison *comparison,
			struct pbf_reason *why);

#endif
