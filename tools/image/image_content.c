/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_content.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fd_io.h"
#include "say.h"

static int take_piece(void *context, uint64_t offset_bytes,
		      const unsigned char *bytes, size_t length)
{
	struct image_sink *sink = context;

	(void)offset_bytes;
	sink->error = sink->write(sink->context, bytes, length);
	return sink->error;
}

int image_content_stream(struct image_view *view,
			 const struct image_entry *entry, const char *path,
			 struct image_sink *sink)
{
	const struct pbf_reading reading = { .take = take_piece,
					     .context = sink };
	_cleanup_found_ struct pbf_found found = {
		.first_cluster = entry->first_cluster,
		.size_bytes = entry->size_bytes,
		.slot_offset_bytes = entry->slot_offset_bytes,
	};
	const char *advice = "nothing of it is shown.  If a board is updating "
			     "it: run \"sync -f /boot/firmware\" there";
	struct pbf_reason why = { .text = "" };
	int error = pbf_source_chain(&view->source, &found, &why);

	sink->error = 0;
	if (error == 0) {
		advice = "the rest of it is missing";
		error = pbf_source_read(&view->source, &found, &reading, &why);
	}
	if (error < 0 && sink->error == 0)
		say_refusal(view->name, path, error, &why, advice);
	return error;
}

static int write_to_stdout(void *context, const void *bytes, size_t length)
{
	(void)context;
	return fd_write_all(STDOUT_FILENO, bytes, length);
}

int image_content_print(struct image_view *view, const struct pbf_found *found)
{
	const struct image_entry entry = image_entry_of(found, found->path);
	struct image_sink sink = { .write = write_to_stdout };
	int error;

	if (found->is_directory) {
		say("%s: %s: is a directory; \"pibootfs-image cp\" copies it "
		    "to a directory",
		    view->name, found->path[0] ? found->path : "/");
		return -EISDIR;
	}
	error = image_content_stream(view, &entry, found->path, &sink);
	if (sink.error < 0)
		say("standard output: %s", strerror(-sink.error));
	return error;
}
