/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot_config.h"
#include "boot_entry.h"
#include "boot_initrd.h"
#include "boot_plan.h"
#include "boot_system.h"
#include "text.h"

#define BOARDS_MAX 32u
#define CONFIG_BYTES_MAX (1u << 20)
#define TITLES_BYTES (BOARDS_MAX * (PREP_BOARD_TITLE_BYTES + 2u))

/*
 * The plans are for one kind of boards: those that config.txt does not tell
 * apart, or the one with a serial number that it has a section for.
 */
struct look {
	const struct prep_boot *boot;
	const struct prep_boot_disk *disk;
	struct prep_findings *findings;
	struct prep_boot_configs configs;
	struct prep_boot_initrds initrds;
	const char *serial; /* NULL: any */
	bool is_bootable;   /* some model boots with any serial number */
	struct prep_boot_plan plans[BOARDS_MAX]; /* one for each model */
	size_t plan_count;
	bool is_looked_at[BOARDS_MAX];
	/* All that boards have been found to load. */
	struct prep_config *seen;
	size_t seen_count;
};

/* --- The file system --- */

/*
 * What fsck.fat also says when there is nothing to it.  That the volume was
 * not unmounted is in many images, and in the boot sector's backup it is not.
 */
static bool is_harmless(struct prep_line line)
{
	static const char *const beginnings[] = {
		"fsck.fat ",
		"/dev/fd/",
		"Leaving filesystem unchanged",
		"Dirty bit is set.",
		" Automatically removing dirty bit",
		"There are differences between boot sector and its backup.",
		"This is mostly harmless.",
		"  65:01/00",
		"  65:00/01",
		"  Not automatically fixing this.",
	};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (prep_starts_with(line.start, line.length, beginnings[i]))
			return true;
	return prep_is_blank(line.start, line.length);
}

static void check_faults(const struct look *look)
{
	const char *text = look->boot->faults ? look->boot->faults : "";
	size_t length = strlen(text);
	struct prep_line line;

	while (prep_next_line(&text, &length, &line)) {
		if (prep_starts_with(line.start, line.length,
				     "Dirty bit is set."))
			prep_note(look->findings,
				  "the boot partition was not unmounted when "
				  "it was last written");
		if (is_harmless(line))
			continue;
		prep_warn(look->findings,
			  "fsck.fat finds faults on the boot partition (%.*s): "
			  "the board may get damaged files or none; take a "
			  "fresh image, or repair it with fsck.fat",
			  (int)(line.length < 120 ? line.length : 120),
			  line.start);
		return;
	}
}

/* --- config.txt --- */

static bool is_pi4(const struct prep_boot_plan *plan)
{
	return plan->board->kernel == PREP_PI_KERNEL_V7L;
}

static bool is_pi5(const struct prep_boot_plan *plan)
{
	return plan->board->kernel == PREP_PI_KERNEL_2712;
}

static int check_config_size(const struct look *look)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	bool is_for_pi4 = false;
	int error = prep_boot_read(look->boot, "config.txt", CONFIG_BYTES_MAX,
				   &text, &length, NULL);

	if (error == -ENOMEM)
		return error;
	if (error < 0 || length <= PREP_CONFIG_NETBOOT_BYTES)
		return 0;
	for (size_t i = 0; i < look->plan_count; i++)
		is_for_pi4 |= look->plans[i].lack_count == 0 &&
			      is_pi4(&look->plans[i]);
	if (is_for_pi4)
		prep_warn(look->findings,
			  "config.txt has %zu bytes: over the network a Pi 4 "
			  "ignores what is after the first %u; make it shorter",
			  length, PREP_CONFIG_NETBOOT_BYTES);
	else
		prep_note(look->findings,
			  "config.txt has %zu bytes, of which a Pi 4 would "
			  "ignore what is after the first %u",
			  length, PREP_CONFIG_NETBOOT_BYTES);
	return 0;
}

/* 1 when it says what to load. */
static int make_plans(struct look *look)
{
	struct prep_config_reader reader = { .serial = look->serial };

	look->plan_count = 0;
	memset(look->is_looked_at, 0, sizeof(look->is_looked_at));
	for (size_t i = 0; i < BOARDS_MAX; i++) {
		struct pbf_reason reason = { .text = "" };
		int error;

		reader.board = prep_pi_board_at(i);
		if (!reader.board)
			break;
		error = prep_boot_plan(&look->configs, &reader, &look->plans[i],
				       &reason);
		if (error == -ENOMEM || error == -ECANCELED)
			return error;
		if (error < 0) {
			prep_warn(look->findings,
				  "config.txt cannot be followed (%s): no "
				  "board will boot as it says; correct it",
				  reason.text[0] ? reason.text :
						   strerror(-error));
			return 0;
		}
		look->plan_count++;
	}
	return 1;
}

/* --- Which boards --- */

static bool same_lacks(const struct prep_boot_plan *a,
		       const struct prep_boot_plan *b)
{
	if (a->lack_count != b->lack_count)
		return false;
	for (size_t i = 0; i < a->lack_count; i++)
		if (a->lacks[i].step != b->lacks[i].step ||
		    strcmp(a->lacks[i].path, b->lacks[i].path) != 0)
			return false;
	return true;
}

/* The titles of all models that lack just what PLAN lacks. */
static void list_titles(const struct look *look,
			const struct prep_boot_plan *plan,
			char ret_titles[TITLES_BYTES])
{
	size_t used = 0;

	ret_titles[0] = '\0';
	for (size_t i = 0; i < look->plan_count; i++) {
		char title[PREP_BOARD_TITLE_BYTES];

		if (!same_lacks(&look->plans[i], plan))
			continue;
		prep_boot_board_title(look->plans[i].board, title);
		snprintf(ret_titles + used, TITLES_BYTES - used, "%s%s",
			 used > 0 ? ", " : "", title);
		used += strlen(ret_titles + used);
	}
}

/* What a lacking file is, and what happens without it. */
static const char *describe(enum prep_boot_step step)
{
	switch (step) {
	case PREP_BOOT_KERNEL:
		return "the kernel: the firmware will find nothing to start";
	case PREP_BOOT_DEVICE_TREE:
		return "the device tree: the kernel will not start, or not "
		       "find its hardware";
	case PREP_BOOT_INITRD:
		return "the initrd that config.txt names: the kernel will not "
		       "find its root disk";
	case PREP_BOOT_CMDLINE:
		return "the kernel's parameters: it will not know where its "
		       "root disk is";
	case PREP_BOOT_FIRMWARE:
		break;
	}
	return "which the boot loader asks for: it will stop there";
}

/* Says what is missing for the models that lack least. */
static void warn_of_lacks(const struct look *look)
{
	const struct prep_boot_plan *least = &look->plans[0];
	char titles[TITLES_BYTES];

	for (size_t i = 0; i < look->plan_count; i++)
		if (look->plans[i].lack_count < least->lack_count)
			least = &look->plans[i];
	list_titles(look, least, titles);
	for (size_t i = 0; i < least->lack_count; i++) {
		const struct prep_boot_lack *lack = &least->lacks[i];

		const char *path = lack->path[0] ? lack->path : "/";

		if (look->serial)
			prep_warn(look->findings,
				  "%s is missing, %s (the board with the "
				  "serial number %s, whichever model it is); "
				  "add it by --copy, or correct its section in "
				  "config.txt",
				  path, describe(lack->step), look->serial);
		else
			prep_warn(look->findings,
				  "%s is missing, %s (%s, and no other model "
				  "boots either); add it by --copy, or correct "
				  "config.txt",
				  path, describe(lack->step), titles);
	}
}

/* Once for all models that lack the same. */
static void note_lacks(const struct look *look)
{
	for (size_t i = 0; i < look->plan_count; i++) {
		const struct prep_boot_plan *plan = &look->plans[i];
		char titles[TITLES_BYTES], paths[512] = "";
		size_t used = 0;

		if (plan->lack_count == 0)
			continue;
		for (size_t j = 0; j < plan->lack_count; j++) {
			snprintf(paths + used, sizeof(paths) - used, "%s%.80s",
				 used > 0 ? ", " : "", plan->lacks[j].path);
			used += strlen(paths + used);
		}
		list_titles(look, plan, titles);
		prep_note(look->findings, "missing for %s: %s", titles, paths);
	}
}

static bool same_system(const struct prep_config *a,
			const struct prep_config *b)
{
	char path_a[PREP_CONFIG_PATH_BYTES], path_b[PREP_CONFIG_PATH_BYTES];

	prep_config_path(a, a->kernel, path_a);
	prep_config_path(b, b->kernel, path_b);
	if (strcmp(path_a, path_b) != 0)
		return false;
	prep_config_path(a, a->cmdline, path_a);
	prep_config_path(b, b->cmdline, path_b);
	return strcmp(path_a, path_b) == 0 &&
	       strcmp(a->initramfs, b->initramfs) == 0 &&
	       (a->initramfs[0] == '\0' ||
		strcmp(a->os_prefix, b->os_prefix) == 0);
}

/* 1 when no other board was found to load the same. */
static int note_system(struct look *look, const struct prep_config *config)
{
	struct prep_config *seen;

	for (size_t i = 0; i < look->seen_count; i++)
		if (same_system(&look->seen[i], config))
			return 0;
	seen = reallocarray(look->seen, look->seen_count + 1, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	look->seen = seen;
	seen[look->seen_count++] = *config;
	return 1;
}

/* Looks once at what this and later models load. */
static int look_at_system(struct look *look, size_t first)
{
	struct prep_boot_system system = {
		.config = &look->plans[first].config,
	};
	int is_new = note_system(look, system.config);

	for (size_t i = first; i < look->plan_count; i++) {
		const struct prep_boot_plan *plan = &look->plans[i];

		if (plan->lack_count > 0 ||
		    !same_system(system.config, &plan->config))
			continue;
		look->is_looked_at[i] = true;
		system.is_for_pi3 |= !is_pi4(plan) && !is_pi5(plan);
		system.is_for_pi4 |= is_pi4(plan);
		system.is_for_pi5 |= is_pi5(plan);
	}
	if (is_new <= 0)
		return is_new;
	return prep_boot_system_look(&look->initrds, &system, look->disk,
				     look->findings);
}

static int look_at_plans(struct look *look)
{
	const struct prep_boot_plan *boots = NULL;
	char titles[TITLES_BYTES];
	int error = 0;

	for (size_t i = 0; i < look->plan_count && !boots; i++)
		if (look->plans[i].lack_count == 0)
			boots = &look->plans[i];
	if (!boots) {
		/* What all boards lack has been said. */
		if (!look->serial || look->is_bootable)
			warn_of_lacks(look);
		return 0;
	}
	if (!look->serial) {
		look->is_bootable = true;
		list_titles(look, boots, titles);
		prep_note(look->findings, "has all files to boot %s", titles);
		note_lacks(look);
	}
	for (size_t i = 0; i < look->plan_count && error == 0; i++)
		if (look->plans[i].lack_count == 0 && !look->is_looked_at[i])
			error = look_at_system(look, i);
	return error;
}

static int look_at_boards(struct look *look, const char *serial)
{
	int error;

	look->serial = serial;
	error = make_plans(look);
	if (error <= 0)
		return error;
	error = look_at_plans(look);
	return error == 0 && !serial ? check_config_size(look) : error;
}

static int look_at_all(struct look *look)
{
	const struct prep_config_serials *serials = &look->configs.serials;
	int error = look_at_boards(look, NULL);

	for (size_t i = 0; error == 0 && i < serials->count; i++)
		error = look_at_boards(look, serials->items[i]);
	return error;
}

static void free_look(struct look **look)
{
	if (*look) {
		prep_boot_configs_release(&(*look)->configs);
		prep_boot_initrds_release(&(*look)->initrds);
		free((*look)->seen);
	}
	free(*look);
}

int prep_boot_look(const struct prep_boot *boot,
		   const struct prep_boot_disk *disk,
		   struct prep_findings *findings, struct pbf_reason *why)
{
	_cleanup_(free_look) struct look *look = calloc(1, sizeof(*look));
	int error = -ENOMEM;

	if (look) {
		look->boot = boot;
		look->disk = disk;
		look->findings = findings;
		look->configs.boot = boot;
		look->initrds.boot = boot;
		check_faults(look);
		error = look_at_all(look);
	}
	if (error == 0 && findings->is_out_of_memory)
		error = -ENOMEM;
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET, "%s",
				  error == -ECANCELED ? "stopped" :
							"out of memory");
	return 0;
}
