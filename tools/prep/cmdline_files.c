/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmdline_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "boot_entry.h"
#include "boot_files.h"

/* A search for them, which goes on with each reader. */
struct search {
	struct prep_boot_configs *configs;
	struct prep_cmdline_files *files;
	bool is_kernel_needed;
};

static bool has(const struct prep_cmdline_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcasecmp(files->items[i].path, path) == 0)
			return true;
	return false;
}

static bool has_kernel(const struct search *search,
		       const struct prep_config *config)
{
	char path[PREP_CONFIG_PATH_BYTES];

	prep_config_path(config, config->kernel, path);
	return prep_boot_has_file(search->configs->boot, path);
}

static int add(const struct search *search,
	       const struct prep_config_reader *reader, struct pbf_reason *why)
{
	struct prep_cmdline_files *files = search->files;
	struct prep_cmdline_file *items;
	struct prep_config config;
	char path[PREP_CONFIG_PATH_BYTES];
	int error = prep_boot_resolve(search->configs, reader, &config, why);

	if (error < 0)
		return error;
	prep_config_path(&config, config.cmdline, path);
	if (has(files, path) ||
	    !prep_boot_has_file(search->configs->boot, path) ||
	    (search->is_kernel_needed && !has_kernel(search, &config)))
		return 0;
	items = reallocarray(files->items, files->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	files->items = items;
	memcpy(items[files->count].path, path, sizeof(path));
	items[files->count].config = config;
	files->count++;
	return 0;
}

/* First what is for all boards with SERIAL, then each model. */
static int add_for_models(const struct search *search, const char *serial,
			  struct pbf_reason *why)
{
	struct prep_config_reader reader = { .serial = serial };
	int error = 0;

	for (size_t i = 0; error == 0; i++) {
		for (int try = 0; error == 0 && try < 2; try++) {
			reader.is_tryboot = try == 1;
			error = add(search, &reader, why);
		}
		reader.board = prep_pi_board_at(i);
		if (!reader.board)
			break;
	}
	return error;
}

/* For boards that are not told apart, then for each of the others. */
static int add_for_boards(const struct search *search, struct pbf_reason *why)
{
	const struct prep_config_serials *serials = &search->configs->serials;
	int error = add_for_models(search, NULL, why);

	for (size_t i = 0; error == 0 && i < serials->count; i++)
		error = add_for_models(search, serials->items[i], why);
	return error;
}

int prep_cmdline_files_find(struct prep_boot_configs *configs,
			    struct prep_cmdline_files *ret_files,
			    struct pbf_reason *why)
{
	struct search search = { configs, ret_files, true };
	const struct prep_config_reader reader = { .board = NULL };
	struct prep_config config;
	int error = add_for_boards(&search, why);

	if (error == 0 && ret_files->count == 0) {
		search.is_kernel_needed = false;
		error = add_for_boards(&search, why);
	}
	if (error < 0 || ret_files->count > 0)
		return error;
	error = prep_boot_config(configs, &reader, &config, why);
	if (error < 0)
		return error;
	return pbf_refuse(
		why, -ENOENT, PBF_REASON_NO_OFFSET,
		"the boot partition has no %s%s; if another is meant, "
		"say --partition",
		config.os_prefix, config.cmdline);
}

void prep_cmdline_files_free(struct prep_cmdline_files *files)
{
	free(files->items);
	*files = (struct prep_cmdline_files){ .count = 0 };
}
