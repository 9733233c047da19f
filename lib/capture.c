/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"

#include <errno.h>

#include "content.h"

/* A file that is not at rest for this long is given up: a server waits. */
#define PATIENCE_MS 250
#define ATTEMPTS_MIN 2
/* Looks at copies of the FAT that differ, before they count as the disk's. */
#define COPIES_LOOKS_MAX 6
/*
 * When something is written all the time, two equal readings of a small file
 * might both have met the same half of a write.  Small files are cheap: look
 * again, at moments that no regular writer keeps to.
 */
#define SMALL_FILE_BYTES (1u << 20)
#define SMALL_FILE_LOOKS 2
#define SMALL_FILE_GAP_MS 7

/*
 * Finds the file again, once all copies of the FAT agree about it: they are
 * written in one burst, so while they differ the burst is not over.
 */
static int find_again(const struct pbf_capture *capture,
		      struct pbf_location *ret_location, struct pbf_reason *why)
{
	for (int looks = 1;; looks++) {
		_cleanup_location_ struct pbf_location location = { 0 };
		int error =
			pbf_location_find(&capture->address, &location, why);

		if (error < 0)
			return error;
		if (looks == COPIES_LOOKS_MAX ||
		    pbf_source_copies_agree(&location.source,
					    &location.found)) {
			*ret_location = pbf_location_take(&location);
			return 0;
		}
		pbf_pause_ms(PBF_BURST_MS);
	}
}

/*
 * Makes sure of a content that no settled stamp vouches for.  Positive when
 * it, or where it lies, was not the same at all times.
 */
static int confirm(const struct pbf_capture *capture,
		   const struct pbf_location *first, struct pbf_reason *why)
{
	const struct pbf_content_comparison comparison = {
		.bytes = capture->content,
		.advance = capture->progress,
		.context = capture->context,
	};
	int looks = 1;

	for (int look = 0; look < looks; look++) {
		_cleanup_location_ struct pbf_location now = { 0 };
		int result;

		pbf_pause_ms(look == 0 ? PBF_BURST_MS :
					 SMALL_FILE_GAP_MS + look);
		result = find_again(capture, &now, why);
		/* A chain that broke since is a change like any other. */
		if (result == -EUCLEAN)
			return 1;
		if (result < 0)
			return result;
		if (!pbf_location_equal(first, &now))
			return 1;
		pbf_image_give_up_at(now.source.image, 0);
		result = pbf_content_compare(&now.source, &now.found,
					     &comparison, why);
		if (result != 0)
			return result;
		if (look == 0 && capture->size_bytes <= SMALL_FILE_BYTES &&
		    !pbf_stamp_equal(pbf_image_stamp(first->source.image),
				     pbf_image_stamp(now.source.image)))
			looks += SMALL_FILE_LOOKS;
	}
	return 0;
}

/* One reading and its proof; positive when the file changed meanwhile. */
static int attempt(const struct pbf_capture *capture,
		   struct pbf_location *location, struct pbf_digest *ret_digest,
		   struct pbf_stamp *ret_stamp, struct pbf_reason *why)
{
	const struct pbf_stamp *before =
		pbf_image_stamp(location->source.image);
	const struct pbf_content_copying copying = {
		.bytes = capture->content,
		.advance = capture->advance,
		.context = capture->context,
	};
	struct pbf_stamp after;
	int error;

	/* Content has all the time it needs, as long as it makes progress. */
	pbf_image_give_up_at(location->source.image, 0);
	error = pbf_content_copy(&location->source, &location->found, &copying,
				 ret_digest, why);
	if (error < 0)
		return error;
	*ret_stamp = *before;
	/* Nothing was written at all: entry and chain are the same too. */
	if (pbf_catalog_stamp(capture->address.catalog, capture->address.source,
			      PBF_ANYWHERE, &after) == 0 &&
	    pbf_stamp_proves(before, &after))
		return 0;
	ret_stamp->provable = false;
	return confirm(capture, location, why);
}

int pbf_capture_take(const struct pbf_capture *capture,
		     struct pbf_location *first, struct pbf_digest *ret_digest,
		     struct pbf_stamp *ret_stamp, struct pbf_reason *why)
{
	int64_t until_ms = pbf_monotonic_ms() + PATIENCE_MS;
	int result = attempt(capture, first, ret_digest, ret_stamp, why);

	for (int attempts = 1; result > 0 && (attempts < ATTEMPTS_MIN ||
					      pbf_monotonic_ms() < until_ms);
	     attempts++) {
		_cleanup_location_ struct pbf_location now = { 0 };

		if (!capture->withdraw(capture->context))
			return pbf_refuse(why, -ESTALE, PBF_REASON_NO_OFFSET,
					  "changed while it was being read");
		result = pbf_location_find_settling(&capture->address, &now,
						    why);
		if (result < 0)
			return result;
		if (now.found.size_bytes != capture->size_bytes)
			return pbf_refuse(why, -ESTALE, PBF_REASON_NO_OFFSET,
					  "was replaced while it was being "
					  "read");
		result = attempt(capture, &now, ret_digest, ret_stamp, why);
	}
	if (result > 0)
		return pbf_refuse(why, -ESTALE, PBF_REASON_NO_OFFSET,
				  "was written to all the time");
	return result;
}
