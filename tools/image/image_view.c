/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_view.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "image_settings.h"
#include "say.h"
#include "undo_warn.h"

int image_view_open(const struct image_options *options,
		    struct image_view *ret_view)
{
	struct image_view view = { .name = options->image };
	struct pbf_reason why = { .text = "" };
	int error;

	/* What is told by "info" is part of its report. */
	if (options->command != IMAGE_INFO)
		undo_warn(options->image);
	error = pbf_image_open(AT_FDCWD, options->image, &view.source.image,
			       &why);
	if (error < 0) {
		say_refusal(options->image, "", error, &why, NULL);
		return error;
	}
	*ret_view = view;
	return 0;
}

int image_view_open_volume(struct image_view *view,
			   const struct image_options *options,
			   struct pbf_reason *why)
{
	struct pbf_image_conf conf = { .partition = options->partition };
	int error = 0;

	if (options->partition == 0)
		error = image_settings_read(options->image, &conf, why);
	if (error < 0)
		return error;
	view->by_conf = options->partition == 0 && conf.partition != 0;
	error = pbf_boot_volume_open(view->source.image, conf.partition,
				     &view->source.volume, &view->choice, why);
	if (error < 0)
		return error;
	view->source.partition = view->choice.partition;
	pbf_fat_volume_set_code_page(
		view->source.volume,
		options->has_code_page ? options->code_page : conf.code_page);
	return 0;
}

void image_view_say(const struct image_options *options, int error,
		    const struct pbf_reason *why)
{
	const char *advice = "\"pibootfs-image info\" shows what is there";

	if (error == -EINVAL)
		advice = "mend that file, or go without it by --partition";
	else if (options->command == IMAGE_INFO)
		advice = options->partition != 0 ?
				 "name one of those that are listed" :
				 "there is nothing to boot from";
	say_refusal(options->image, "", error, why, advice);
}

int image_view_open_all(const struct image_options *options,
			struct image_view *ret_view)
{
	_cleanup_view_ struct image_view view = { .name = NULL };
	struct pbf_reason why = { .text = "" };
	int error = image_view_open(options, &view);

	if (error < 0)
		return error;
	error = image_view_open_volume(&view, options, &why);
	if (error < 0) {
		image_view_say(options, error, &why);
		return error;
	}
	*ret_view = view;
	view = (struct image_view){ .name = NULL };
	return 0;
}

int image_view_find(struct image_view *view, const char *path,
		    struct pbf_found *ret_found)
{
	struct pbf_reason why = { .text = "" };
	const char *advice = NULL;
	int error = pbf_source_find(&view->source, path, ret_found, &why);

	if (error == -ENOENT)
		advice = "\"pibootfs-image ls -R\" shows what is there";
	if (error == -ENOTDIR)
		advice = "a file stands in the way";
	if (error < 0)
		say_refusal(view->name, path, error, &why, advice);
	return error;
}

int image_view_no_memory(const struct image_view *view)
{
	say("%s: out of memory", view->name);
	return -ENOMEM;
}

void image_view_close(struct image_view *view)
{
	pbf_source_close(&view->source);
}
