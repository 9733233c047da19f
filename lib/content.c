/* SPDX-License-Identifier: BSD-2-Clause */
#include "content.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

struct hashing {
	XXH3_state_t *hash;
	const struct pbf_content_copying *copying; /* NULL: only hashing */
};

static void free_hash(XXH3_state_t **hash)
{
	XXH3_freeState(*hash);
}

static int hash_piece(void *context, uint64_t offset_bytes,
		      const unsigned char *piece, size_t length)
{
	const struct hashing *hashing = context;
	const struct pbf_content_copying *copying = hashing->copying;

	XXH3_128bits_update(hashing->hash, piece, length);
	if (copying)
		copying->advance(copying->context, offset_bytes + length);
	return 0;
}

int pbf_content_copy(struct pbf_source *source, const struct pbf_found *found,
		     const struct pbf_content_copying *copying,
		     struct pbf_digest *ret_digest, struct pbf_reason *why)
{
	_cleanup_(free_hash) XXH3_state_t *hash = XXH3_createState();
	struct hashing hashing = { .hash = hash, .copying = copying };
	const struct pbf_reading reading = {
		.into = copying ? copying->bytes : NULL,
		.take = hash_piece,
		.context = &hashing,
	};
	XXH128_canonical_t canonical;
	int error;

	if (!hash)
		return -ENOMEM;
	XXH3_128bits_reset(hash);
	error = pbf_source_read(source, found, &reading, why);
	if (error < 0)
		return error;
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash));
	memcpy(ret_digest->bytes, canonical.digest, sizeof(ret_digest->bytes));
	return 0;
}

int pbf_content_hash(struct pbf_source *source, const struct pbf_found *found,
		     struct pbf_digest *ret_digest, struct pbf_reason *why)
{
	return pbf_content_copy(source, found, NULL, ret_digest, why);
}

static int compare_piece(void *context, uint64_t offset_bytes,
			 const unsigned char *piece, size_t length)
{
	const struct pbf_content_comparison *comparison = context;

	if (comparison->advance)
		comparison->advance(comparison->context, offset_bytes + length);
	return memcmp(comparison->bytes + offset_bytes, piece, length) != 0;
}

int pbf_content_compare(struct pbf_source *source,
			const struct pbf_found *found,
			const struct pbf_content_comparison *comparison,
			struct pbf_reason *why)
{
	struct pbf_content_comparison context = *comparison;
	const struct pbf_reading reading = {
		.take = compare_piece,
		.context = &context,
	};

	return pbf_source_read(source, found, &reading, why);
}
