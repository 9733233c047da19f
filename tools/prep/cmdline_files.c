/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmdline_files.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "boot_config.h"
#include "boot_entry.h"
#include "boot_files.h"

static bool has(const struct prep_cmdline_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcasecmp(files->items[i].path, path) == 0)
			return true;
	return false;
}

static bool is_file(const struct prep_boot *boot, const char *path)
{
	struct prep_boot_entry entry;

	return prep_boot_find(boot, path, &entry, NULL) == 0 &&
	       !entry.is_directory;
}

static int add(struct prep_cmdline_files *files, const struct prep_boot *boot,
	       const struct prep_config_reader *reader, struct pbf_reason *why)
{
	struct prep_config config;
	char path[PREP_CONFIG_PATH_BYTES];
	int error = prep_boot_resolve(boot, reader, &config, why);

	if (error < 0)
		return error;
	prep_config_path(&config, config.cmdline, path);
	if (files->count == PREP_CMDLINE_FILES_MAX || has(files, path) ||
	    !is_file(boot, path))
		return 0;
	memcpy(files->items[files->count].path, path, sizeof(path));
	files->items[files->count].config = config;
	files->count++;
	return 0;
}

int prep_cmdline_files_find(const struct prep_boot *boot,
			    struct prep_cmdline_files *ret_files,
			    struct pbf_reason *why)
{
	struct prep_config_reader reader = { .board = NULL };
	struct prep_config config;
	int error = 0;

	*ret_files = (struct prep_cmdline_files){ .count = 0 };
	/* First what is for all of them, then each model. */
	for (size_t i = 0; error == 0; i++) {
		for (int try = 0; error == 0 && try < 2; try++) {
			reader.is_tryboot = try == 1;
			error = add(ret_files, boot, &reader, why);
		}
		reader.board = prep_pi_board_at(i);
		if (!reader.board)
			break;
	}
	if (error < 0 || ret_files->count > 0)
		return error;
	reader = (struct prep_config_reader){ .board = NULL };
	error = prep_boot_config(boot, &reader, &config, why);
	if (error < 0)
		return error;
	return pbf_refuse(
		why, -ENOENT, PBF_REASON_NO_OFFSET,
		"the boot partition has no %s%s; if another is meant, "
		"say --partition",
		config.os_prefix, config.cmdline);
}
