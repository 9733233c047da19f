/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot_entry.h"
#include "cleanup.h"

/* More than this is no config.txt, and more files are no configuration. */
#define FILE_BYTES_MAX (1u << 20)
#define FILES_MAX 16u

struct files {
	struct prep_config_file items[FILES_MAX];
	char *names[FILES_MAX], *texts[FILES_MAX];
	size_t count;
};

static void free_files(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->names[i]);
		free(files->texts[i]);
	}
}

static int add_file(struct files *files, const struct prep_boot *boot,
		    const char *name, struct pbf_reason *why)
{
	struct pbf_reason reason = { .text = "" };
	size_t length = 0, at = files->count;
	int error;

	if (at == FILES_MAX)
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "config.txt includes more than %u files",
				  FILES_MAX - 1);
	files->names[at] = strdup(name);
	files->texts[at] = NULL;
	files->count++;
	if (!files->names[at])
		return -ENOMEM;
	error = prep_boot_read(boot, name, FILE_BYTES_MAX, &files->texts[at],
			       &length, &reason);
	if (error < 0 && error != -ENOENT)
		return pbf_refuse(why, error, reason.offset_bytes, "%s: %.200s",
				  name, reason.text);
	files->items[at] = (struct prep_config_file){
		.name = files->names[at],
		.text = files->texts[at] ? files->texts[at] : "",
		.length = length,
	};
	return 0;
}

int prep_boot_config(const struct prep_boot *boot,
		     const struct prep_config_reader *reader,
		     struct prep_config *ret_config, struct pbf_reason *why)
{
	_cleanup_(free_files) struct files files = { .count = 0 };
	int error = add_file(&files, boot, "config.txt", why);

	while (error == 0) {
		struct pbf_reason reason = { .text = "" };

		error = prep_config_parse(files.items, files.count, reader,
					  ret_config, &reason);
		if (error < 0)
			return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
					  "config.txt: %.200s", reason.text);
		if (ret_config->missing_include[0] == '\0')
			return error;
		error = add_file(&files, boot, ret_config->missing_include,
				 why);
	}
	return error;
}
