/* SPDX-License-Identifier: BSD-2-Clause */
#include "content.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

struct copying {
	XXH3_state_t *hash;
	unsigned char *bytes; /* NULL: only hashing */
	void (*advance)(void *context, uint64_t filled_bytes);
	void *context;
};

static void free_hash(XXH3_state_t **hash)
{
	XXH3_freeState(*hash);
}

static int copy_piece(void *context, uint64_t offset_bytes,
		      const unsigned char *piece, size_t length)
{
	struct copying *copying = context;

	XXH3_128bits_update(copying->hash, piece, length);
	if (copying->bytes) {
		memcpy(copying->bytes + offset_bytes, piece, length);
		copying->advance(copying->context, offset_bytes + length);
	}
	return 0;
}

static int copy_content(struct pbf_source *source,
			const struct pbf_found *found, struct copying *copying,
			struct pbf_digest *ret_digest, struct pbf_reason *why)
{
	_cleanup_(free_hash) XXH3_state_t *hash = XXH3_createState();
	XXH128_canonical_t canonical;
	int error;

	if (!hash)
		return -ENOMEM;
	XXH3_128bits_reset(hash);
	copying->hash = hash;
	error = pbf_source_read(source, found, copy_piece, copying, why);
	if (error < 0)
		return error;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash));
	memcpy(ret_digest->bytes, canonical.digest, sizeof(ret_digest->bytes));
	return 0;
}

int pbf_content_copy(struct pbf_source *source, const struct pbf_found *found,
		     unsigned char *bytes,
		     void (*advance)(void *context, uint64_t filled_bytes),
		     void *context, struct pbf_digest *ret_digest,
		     struct pbf_reason *why)
{
	struct copying copying = {
		.bytes = bytes,
		.advance = advance,
		.context = context,
	};

	return copy_content(source, found, &copying, ret_digest, why);
}

int pbf_content_hash(struct pbf_source *source, const struct pbf_found *found,
		     struct pbf_digest *ret_digest, struct pbf_reason *why)
{
	struct copying copying = { .bytes = NULL };

	return copy_content(source, found, &copying, ret_digest, why);
}

static int compare_piece(void *context, uint64_t offset_bytes,
			 const unsigned char *piece, size_t length)
{
	const unsigned char *const *bytes = context;

	return memcmp(*bytes + offset_bytes, piece, length) != 0;
}

int pbf_content_compare(struct pbf_source *source,
			const struct pbf_found *found,
			const unsigned char *bytes, struct pbf_reason *why)
{
	return pbf_source_read(source, found, compare_piece, &bytes, why);
}
