/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The content of one file of the image, streamed in pieces.  Its whole chain
 * is walked before the first byte, so that a broken file gives none.
 */
#ifndef PBF_IMAGE_CONTENT_H
#define PBF_IMAGE_CONTENT_H

#include <stddef.h>

#include "image_dir.h"
#include "image_view.h"

/* Where a content goes, and what came of it there. */
struct image_sink {
	int (*write)(void *context, const void *bytes, size_t length);
	void *context;
	int error; /* of writing: 0 or negative errno */
};

/*
 * Streams ENTRY, which PATH names in messages.  Negative errno when that went
 * wrong; unless sink->error has it, it was the image's fault and was said.
 */
int image_content_stream(struct image_view *view,
			 const struct image_entry *entry, const char *path,
			 struct image_sink *sink);

/*
 * Streams what was found to standard output; what went wrong was said.
 * -EISDIR for a directory.
 */
int image_content_print(struct image_view *view, const struct pbf_found *found);

#endif
