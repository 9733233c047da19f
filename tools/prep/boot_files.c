/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_files.h"

#include <string.h>

#include "boot_entry.h"

#define TREES_MAX 4u

/* The device trees of a model that has several. */
struct model_trees {
	const char *board;
	const char *trees[TREES_MAX]; /* unused ones are NULL */
};

static const char *const *find_trees(const struct prep_pi_board *board)
{
	static const struct model_trees models[] = {
		{ "pi1",
		  { "bcm2708-rpi-b.dtb", "bcm2708-rpi-b-plus.dtb",
		    "bcm2708-rpi-b-rev1.dtb" } },
		{ "pi2", { "bcm2709-rpi-2-b.dtb", "bcm2710-rpi-2-b.dtb" } },
		{ "cm5",
		  { "bcm2712-rpi-cm5-cm5io.dtb", "bcm2712-rpi-cm5-cm4io.dtb",
		    "bcm2712-rpi-cm5l-cm5io.dtb",
		    "bcm2712-rpi-cm5l-cm4io.dtb" } },
	};

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(models[i].board, board->name) == 0)
			return models[i].trees;
	return NULL;
}

static bool has(const struct prep_boot *boot, const struct prep_config *config,
		const char *name, char ret_path[PREP_CONFIG_PATH_BYTES])
{
	prep_config_path(config, name, ret_path);
	return prep_boot_has_file(boot, ret_path);
}

/* As prep_boot_device_tree(), by what is known of the board alone. */
static bool has_board_tree(const struct prep_boot *boot,
			   const struct prep_config *config,
			   const struct prep_pi_board *board,
			   char ret_path[PREP_CONFIG_PATH_BYTES])
{
	const char *const *trees = find_trees(board);

	if (board->device_tree)
		return has(boot, config, board->device_tree, ret_path);
	for (size_t i = 0; trees && i < TREES_MAX && trees[i]; i++)
		if (has(boot, config, trees[i], ret_path))
			return true;
	if (trees)
		prep_config_path(config, trees[0], ret_path);
	return false;
}

bool prep_boot_device_tree(const struct prep_boot *boot,
			   const struct prep_config *config,
			   const struct prep_pi_board *board,
			   char ret_path[PREP_CONFIG_PATH_BYTES])
{
	const struct prep_pi_board *other;

	ret_path[0] = '\0';
	if (config->device_tree[0] != '\0')
		return has(boot, config, config->device_tree, ret_path);
	/* It has a default, so that config.txt must have said "". */
	if (board && board->device_tree)
		return true;
	if (board)
		return has_board_tree(boot, config, board, ret_path);
	for (size_t i = 0; (other = prep_pi_board_at(i)); i++)
		if (has_board_tree(boot, config, other, ret_path))
			return true;
	return false;
}

/* Which of the kernels that CONFIG means is there; NULL for none. */
static const char *find_kernel(const struct prep_boot *boot,
			       const struct prep_config *config)
{
	char path[PREP_CONFIG_PATH_BYTES];

	if (has(boot, config, config->kernel, path))
		return config->kernel;
	if (config->kernel_fallback[0] != '\0' &&
	    has(boot, config, config->kernel_fallback, path))
		return config->kernel_fallback;
	return NULL;
}

static void take_fallback(struct prep_config *config)
{
	char automatic[PREP_CONFIG_VALUE_BYTES];
	bool follows;

	prep_config_auto_initramfs(config->kernel, automatic);
	follows = config->is_auto_initramfs &&
		  strcmp(config->initramfs, automatic) == 0;
	memcpy(config->kernel, config->kernel_fallback, sizeof(config->kernel));
	if (follows)
		prep_config_auto_initramfs(config->kernel, config->initramfs);
}

int prep_boot_resolve(struct prep_boot_configs *configs,
		      const struct prep_config_reader *reader,
		      struct prep_config *ret_config, struct pbf_reason *why)
{
	struct prep_config config;
	char path[PREP_CONFIG_PATH_BYTES];
	const char *kernel;
	const struct prep_boot *boot = configs->boot;
	int error = prep_boot_config(configs, reader, &config, why);

	if (error < 0)
		return error;
	if (!find_kernel(boot, &config) ||
	    !prep_boot_device_tree(boot, &config, reader->board, path))
		config.os_prefix[0] = '\0';
	kernel = find_kernel(boot, &config);
	if (kernel == config.kernel_fallback)
		take_fallback(&config);
	if (kernel)
		config.kernel_fallback[0] = '\0';
	*ret_config = config;
	return 0;
}
