/* SPDX-License-Identifier: BSD-2-Clause */
#include "rom_os_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int append(struct rom_file *whole, const struct rom_file *part)
{
	unsigned char *bytes;

	if (part->length == 0)
		return 0;
	bytes = realloc(whole->bytes, whole->length + part->length);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes + whole->length, part->bytes, part->length);
	whole->bytes = bytes;
	whole->length += part->length;
	return 0;
}

/*
 * All of them, one behind the other in memory (boot.adoc, ramfsfile).  The
 * board boots without one that is missing.
 */
int rom_os_load_initramfs(const struct rom_os *os, struct pbf_reason *why)
{
	char path[PREP_CONFIG_PATH_BYTES];
	int error = 0;

	for (size_t i = 0;
	     error == 0 && prep_config_initramfs(&os->config->config, i, path);
	     i++) {
		_cleanup_answer_ struct rom_answer answer = { .is_cut = false };

		error = rom_read(os->session, path, &answer, why);
		if (error == 0)
			error = append(&os->boot->initramfs, &answer.file);
		else if (error == -ENOENT)
			error = 0;
	}
	return error;
}

int rom_os_load_device_tree(const struct rom_os *os, struct pbf_reason *why)
{
	const struct prep_config *config = &os->config->config;

	if (config->device_tree[0] != '\0')
		return rom_os_read(os, config->device_tree,
				   &os->boot->device_tree, why);
	rom_remark(os->session, "no device tree is known of, none is loaded");
	return 0;
}

static int read_overlay(const struct rom_os *os, const char *directory,
			const char *name, const char *suffix,
			struct pbf_reason *why)
{
	_cleanup_answer_ struct rom_answer answer = { .is_cut = false };
	char path[2 * PREP_CONFIG_PATH_BYTES];
	int error;

	snprintf(path, sizeof(path), "%s%s%s%s", os->generation->directory,
		 directory, name, suffix);
	error = rom_read(os->session, path, &answer, why);
	if (error == -ENOENT && os->generation->insists_on_overlays)
		error = rom_read(os->session, path, &answer, why);
	return error == -ENOENT ? 0 : error;
}

/*
 * Where overlays are: beneath os_prefix only if there is a README
 * (boot.adoc, overlay_prefix).
 */
static int find_overlays(const struct rom_os *os,
			 char ret_directory[PREP_CONFIG_PATH_BYTES],
			 struct pbf_reason *why)
{
	const struct prep_config *config = &os->config->config;
	char readme[PREP_CONFIG_PATH_BYTES + sizeof("README")];
	int error;

	prep_config_path(config, config->overlay_prefix, ret_directory);
	if (config->os_prefix[0] == '\0')
		return 0;
	snprintf(readme, sizeof(readme), "%sREADME", ret_directory);
	error = rom_probe(os->session, readme, why);
	if (error != -ENOENT)
		return error;
	snprintf(ret_directory, PREP_CONFIG_PATH_BYTES, "%s",
		 config->overlay_prefix);
	return 0;
}

/* config.txt is read once more for them, after the maps of their names. */
int rom_os_load_overlays(const struct rom_os *os, struct pbf_reason *why)
{
	_cleanup_config_ struct rom_config again = { .files = NULL };
	char directory[PREP_CONFIG_PATH_BYTES], name[PREP_CONFIG_VALUE_BYTES];
	const char *const *name_always = os->generation->overlays_always;
	size_t offset = 0;
	int error = find_overlays(os, directory, why);

	for (; error == 0 && *name_always; name_always++)
		error = read_overlay(os, directory, *name_always, "", why);
	if (error == 0)
		error = rom_config_read(os->session, &os->rules, &again, why);
	while (error == 0 && rom_config_overlay(&again, &offset, name))
		error = read_overlay(os, directory, name, ".dtbo", why);
	return error;
}

/* With a slash before it where the others have that (eeprom logs). */
int rom_os_load_cmdline(const struct rom_os *os, struct pbf_reason *why)
{
	_cleanup_answer_ struct rom_answer answer = { .is_cut = false };
	char path[PREP_CONFIG_PATH_BYTES];
	char whole[PREP_CONFIG_PATH_BYTES + 1];
	int error;

	prep_config_path(&os->config->config, os->config->config.cmdline, path);
	snprintf(whole, sizeof(whole), "%s%s", os->generation->directory, path);
	error = rom_read(os->session, whole, &answer, why);
	if (error == 0) {
		os->boot->cmdline = answer.file;
		answer.file = (struct rom_file){ .bytes = NULL };
	}
	return error == -ENOENT ? 0 : error;
}
