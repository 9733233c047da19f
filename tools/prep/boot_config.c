/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot_entry.h"
#include "stop.h"

void prep_boot_configs_release(struct prep_boot_configs *configs)
{
	for (size_t i = 0; i < configs->count; i++) {
		free(configs->names[i]);
		free(configs->texts[i]);
	}
	configs->count = 0;
}

static int add_file(struct prep_boot_configs *configs, const char *name,
		    struct pbf_reason *why)
{
	struct pbf_reason reason = { .text = "" };
	size_t length = 0, at = configs->count;
	int error;

	if (at == PREP_BOOT_CONFIG_FILES_MAX)
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "config.txt includes more than %u files",
				  PREP_BOOT_CONFIG_FILES_MAX - 1);
	configs->names[at] = strdup(name);
	configs->texts[at] = NULL;
	configs->count++;
	if (!configs->names[at])
		return -ENOMEM;
	error = prep_boot_read(configs->boot, name, PREP_CONFIG_BYTES_MAX,
			       &configs->texts[at], &length, &reason);
	if (error < 0 && error != -ENOENT)
		return pbf_refuse(
			why, error, reason.offset_bytes, "%s: %s", name,
			reason.text[0] ? reason.text : strerror(-error));
	configs->files[at] = (struct prep_config_file){
		.name = configs->names[at],
		.text = configs->texts[at] ? configs->texts[at] : "",
		.length = length,
	};
	error = prep_config_add_serials(&configs->files[at], &configs->serials,
					&reason);
	return error < 0 ? pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				      "%s: %s", name, reason.text) :
			   0;
}

int prep_boot_config(struct prep_boot_configs *configs,
		     const struct prep_config_reader *reader,
		     struct prep_config *ret_config, struct pbf_reason *why)
{
	int error = 0;

	if (configs->count == 0)
		error = add_file(configs, "config.txt", why);
	while (error == 0) {
		struct pbf_reason reason = { .text = "" };

		if (prep_stop_is_asked(NULL))
			return pbf_refuse(why, -ECANCELED, PBF_REASON_NO_OFFSET,
					  "stopped");
		error = prep_config_parse(configs->files, configs->count,
					  reader, ret_config, &reason);
		if (error < 0)
			return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
					  "config.txt: %s", reason.text);
		if (ret_config->missing_include[0] == '\0')
			return error;
		error = add_file(configs, ret_config->missing_include, why);
	}
	return error;
}
