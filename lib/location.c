/* SPDX-License-Identifier: BSD-2-Clause */
#include "location.h"

#include <errno.h>
#include <string.h>

/* Looks at a broken chain, PBF_BURST_MS apart. */
#define LOOKS_MAX 6

static int find_once(const struct pbf_address *address,
		     struct pbf_location *ret_location, struct pbf_reason *why)
{
	_cleanup_location_ struct pbf_location location = { 0 };
	int error = pbf_source_open(address->catalog, address->source,
				    pbf_monotonic_ms() + address->timeout_ms,
				    &location.source, why);

	if (error == 0)
		error = pbf_source_find(&location.source, address->path,
					&location.found, why);
	if (error == -ENOENT || error == -ENOTDIR || error == -EPERM)
		return -ESTALE;
	if (error == 0 && location.found.is_directory)
		return -ESTALE;
	if (error < 0)
		return error;
	error = pbf_source_chain(&location.source, &location.found, why);
	if (error == 0 || error == -EUCLEAN)
		*ret_location = pbf_location_take(&location);
	return error;
}

int pbf_location_find(const struct pbf_address *address,
		      struct pbf_location *ret_location, struct pbf_reason *why)
{
	int error = find_once(address, ret_location, why);

	if (error != -EIO)
		return error;
	pbf_pause_ms(PBF_RETRY_MS);
	return find_once(address, ret_location, why);
}

int pbf_location_find_settling(const struct pbf_address *address,
			       struct pbf_location *ret_location,
			       struct pbf_reason *why)
{
	for (int looks = 1;; looks++) {
		_cleanup_location_ struct pbf_location location = { 0 };
		struct pbf_stamp now;
		int error = pbf_location_find(address, &location, why);

		if (error == 0)
			*ret_location = pbf_location_take(&location);
		if (error != -EUCLEAN || !location.source.image ||
		    looks == LOOKS_MAX)
			return error;
		pbf_pause_ms(PBF_BURST_MS);
		if (pbf_catalog_stamp(address->catalog, address->source,
				      PBF_ANYWHERE, &now) == 0 &&
		    pbf_stamp_equal(pbf_image_stamp(location.source.image),
				    &now))
			return error;
	}
}

void pbf_location_release(struct pbf_location *location)
{
	pbf_found_release(&location->found);
	pbf_source_close(&location->source);
}

struct pbf_location pbf_location_take(struct pbf_location *location)
{
	struct pbf_location taken = *location;

	*location = (struct pbf_location){ 0 };
	return taken;
}

bool pbf_location_equal(const struct pbf_location *a,
			const struct pbf_location *b)
{
	const struct pbf_stamp *stamp_a = pbf_image_stamp(a->source.image);
	const struct pbf_stamp *stamp_b = pbf_image_stamp(b->source.image);

	if (stamp_a->device != stamp_b->device ||
	    stamp_a->inode != stamp_b->inode ||
	    !a->source.volume != !b->source.volume)
		return false;
	if (a->source.volume && pbf_fat_volume_start(a->source.volume) !=
					pbf_fat_volume_start(b->source.volume))
		return false;
	return a->found.size_bytes == b->found.size_bytes &&
	       strcmp(a->found.path, b->found.path) == 0 &&
	       pbf_chain_equal(&a->found.chain, &b->found.chain);
}
