/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control of the tearing tests, linked into a daemon in place of
 * lib/capture.c: content is read once, slowly, and believed.  Through it a
 * reader must be seen to get mixtures of versions.
 */
#include "capture.h"

#include "content.h"

/* As a slow disk: a few pieces take longer than the writers rest. */
#define PIECE_PAUSE_MS 150

static void advance_slowly(void *context, uint64_t filled_bytes)
{
	const struct pbf_capture *capture = context;

	pbf_pause_ms(PIECE_PAUSE_MS);
	capture->advance(capture->context, filled_bytes);
}

int pbf_capture_take(const struct pbf_capture *capture,
		     struct pbf_location *first, struct pbf_digest *ret_digest,
		     struct pbf_stamp *ret_stamp, struct pbf_reason *why)
{
	struct pbf_capture slowed = *capture;
	const struct pbf_content_copying copying = {
		.bytes = capture->content,
		.advance = advance_slowly,
		.context = &slowed,
	};

	*ret_stamp = (struct pbf_stamp){ .provable = false };
	pbf_image_give_up_at(first->source.image, 0);
	return pbf_content_copy(&first->source, &first->found, &copying,
				ret_digest, why);
}
