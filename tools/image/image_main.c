/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A look into the boot partition of one image, by the daemon's own library.
 * Nothing of the image is changed, and nothing is mounted.
 */
#include <locale.h>

#include "image_copy.h"
#include "image_info.h"
#include "image_list.h"
#include "image_options.h"
#include "standard_fds.h"

int main(int argc, char **argv)
{
	static int (*const commands[])(const struct image_options *) = {
		[IMAGE_INFO] = image_info,
		[IMAGE_LS] = image_list,
		[IMAGE_CAT] = image_cat,
		[IMAGE_CP] = image_copy,
	};
	struct image_options options;
	int status;

	if (!pbf_standard_fds_open())
		return EXIT_UNREADABLE;
	/* Names are UTF-8 wherever it runs; tables need to know their width. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	if (!image_options_parse(argc, argv, &options, &status))
		return status;
	return commands[options.command](&options);
}
