/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_plan.h"

#include <stdio.h>
#include <string.h>

#include "boot_entry.h"
#include "boot_files.h"

#define FIRMWARE_MAX 2u

/* A board's way through its files. */
struct walk {
	const struct prep_boot *boot;
	struct prep_boot_plan *plan;
};

static void note_lack(struct walk *walk, enum prep_boot_step step,
		      const char *path)
{
	struct prep_boot_lack *lack =
		&walk->plan->lacks[walk->plan->lack_count++];

	lack->step = step;
	snprintf(lack->path, sizeof(lack->path), "%s", path);
}

static void look_for(struct walk *walk, enum prep_boot_step step,
		     const char *path)
{
	if (!prep_boot_has_file(walk->boot, path))
		note_lack(walk, step, path);
}

/* Linux's part comes with os_prefix; this does not. */
static void look_for_firmware(struct walk *walk)
{
	/* By which a Pi 5 also decides whether its directory is there. */
	static const char *const for_2712[FIRMWARE_MAX] = { "config.txt" };
	static const char *const for_2711[FIRMWARE_MAX] = { "start4.elf",
							    "fixup4.dat" };
	static const char *const for_older[FIRMWARE_MAX] = { "bootcode.bin",
							     "start.elf" };
	enum prep_pi_kernel kernel = walk->plan->board->kernel;
	const char *const *names = for_older;

	if (kernel == PREP_PI_KERNEL_2712)
		names = for_2712;
	else if (kernel == PREP_PI_KERNEL_V7L)
		names = for_2711;
	for (size_t i = 0; i < FIRMWARE_MAX && names[i]; i++)
		look_for(walk, PREP_BOOT_FIRMWARE, names[i]);
}

static void look_for_kernel(struct walk *walk)
{
	const struct prep_config *config = &walk->plan->config;
	char path[PREP_CONFIG_PATH_BYTES];

	prep_config_path(config, config->kernel_fallback, path);
	if (config->kernel_fallback[0] != '\0' &&
	    prep_boot_has_file(walk->boot, path))
		return;
	prep_config_path(config, config->kernel, path);
	look_for(walk, PREP_BOOT_KERNEL, path);
}

static void look_for_initrd(struct walk *walk)
{
	const struct prep_config *config = &walk->plan->config;
	char path[PREP_CONFIG_PATH_BYTES];

	if (prep_boot_has_auto_initrd(config))
		return;
	for (size_t i = 0; prep_config_initramfs(config, i, path); i++)
		if (prep_boot_has_file(walk->boot, path))
			return;
	if (prep_config_initramfs(config, 0, path))
		note_lack(walk, PREP_BOOT_INITRD, path);
}

static void look_for_all(struct walk *walk)
{
	struct prep_boot_plan *plan = walk->plan;
	char path[PREP_CONFIG_PATH_BYTES];

	plan->lack_count = 0;
	look_for_firmware(walk);
	look_for_kernel(walk);
	if (!prep_boot_device_tree(walk->boot, &plan->config, plan->board,
				   path))
		note_lack(walk, PREP_BOOT_DEVICE_TREE, path);
	look_for_initrd(walk);
	prep_config_path(&plan->config, plan->config.cmdline, path);
	look_for(walk, PREP_BOOT_CMDLINE, path);
}

int prep_boot_plan(struct prep_boot_configs *configs,
		   const struct prep_config_reader *reader,
		   struct prep_boot_plan *ret_plan, struct pbf_reason *why)
{
	struct prep_boot_plan plan = { .board = reader->board };
	struct walk walk = { configs->boot, &plan };
	struct prep_config wanted;
	int error = prep_boot_config(configs, reader, &wanted, why);

	if (error == 0)
		error = prep_boot_resolve(configs, reader, &plan.config, why);
	if (error < 0)
		return error;
	look_for_all(&walk);
	/* What is missing is missed where config.txt wants it. */
	if (plan.lack_count > 0 && plan.config.os_prefix[0] == '\0' &&
	    wanted.os_prefix[0] != '\0') {
		plan.config = wanted;
		look_for_all(&walk);
	}
	*ret_plan = plan;
	return 0;
}

bool prep_boot_has_auto_initrd(const struct prep_config *config)
{
	char automatic[PREP_CONFIG_VALUE_BYTES];

	prep_config_auto_initramfs(config->kernel, automatic);
	return config->is_auto_initramfs && automatic[0] != '\0' &&
	       strcmp(config->initramfs, automatic) == 0;
}

void prep_boot_board_title(const struct prep_pi_board *board,
			   char ret_title[PREP_BOARD_TITLE_BYTES])
{
	static const char *const titles[][2] = {
		{ "pi0", "Pi Zero" },
		{ "pi0w", "Pi Zero W" },
		{ "pi02", "Pi Zero 2 W" },
		{ "cm4s", "CM4S" },
	};
	const char *name = board->name;

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (strcmp(name, titles[i][0]) == 0) {
			snprintf(ret_title, PREP_BOARD_TITLE_BYTES, "%s",
				 titles[i][1]);
			return;
		}
	if (strncmp(name, "pi", 2) == 0)
		snprintf(ret_title, PREP_BOARD_TITLE_BYTES, "Pi %s", name + 2);
	else
		snprintf(ret_title, PREP_BOARD_TITLE_BYTES, "CM%s", name + 2);
}
