/* SPDX-License-Identifier: BSD-2-Clause */
#include "rom_os_internal.h"

#include <errno.h>
#include <stdlib.h>

static const char *const none[] = { NULL };
static const char *const recovery_elf[] = { "recovery.elf", NULL };
static const char *const blob[] = { "dt-blob.bin", "recovery.elf", NULL };
static const char *const bootcfg[] = { "bootcfg.txt", NULL };
static const char *const recovery_pi3[] = { "recovery8.img", "recovery8-32.img",
					    "recovery7.img", "recovery.img",
					    NULL };
static const char *const recovery_pi4[] = {
	"recovery8.img", "recovery8-32.img", "recovery7l.img",
	"recovery7.img", "recovery.img",     NULL
};

static const char *const overlay_map[] = { "overlay_map.dtb", NULL };
/*
 * Of a board of stepping D0 (NumberOneGit/rpi5-uefi issue 8) that has a HAT;
 * where the HAT's map comes is supposed.
 */
static const char *const overlays_pi5[] = { "overlay_map.dtb", "bcm2712d0.dtbo",
					    "hat_map.dtb", NULL };

static const struct rom_generation generation_pi3 = {
	.directory = "",
	.before_config = recovery_elf,
	.before_second_config = blob,
	.after_config = bootcfg,
	.before_kernel = recovery_pi3,
	.armstub64 = "armstub8.bin", /* supposed: no log of 64 bits */
	.armstub32 = "armstub8-32.bin",
	.overlays_always = overlay_map,
	.insists_on_overlays = true,
	.insists_on_kernels = true,
};

static const struct rom_generation generation_pi4 = {
	.directory = "",
	.before_config = recovery_elf,
	.before_second_config = blob,
	.after_config = bootcfg,
	.before_kernel = recovery_pi4,
	.armstub64 = "armstub8-gic.bin",
	.armstub32 = "armstub8-32-gic.bin",
	.overlays_always = overlay_map,
	.config_bytes_max = PREP_CONFIG_NETBOOT_BYTES,
	.needs_blksize = true,
};

static const struct rom_generation generation_pi5 = {
	.directory = "/",
	.before_config = none,
	.before_second_config = none,
	.after_config = none,
	.before_kernel = none,
	.armstub64 = "armstub8-2712.bin",
	.armstub32 = "armstub8-2712.bin",
	.overlays_always = overlays_pi5,
	.checks_os = true,
};

static const struct rom_generation *
generation_of(const struct prep_pi_board *board)
{
	if (board->kernel == PREP_PI_KERNEL_2712)
		return &generation_pi5;
	if (board->kernel == PREP_PI_KERNEL_V7L)
		return &generation_pi4;
	return &generation_pi3;
}

/* --- Steps --- */

static int read_all_seldom(const struct rom_os *os, const char *const *names,
			   struct pbf_reason *why)
{
	int error = 0;

	for (; error == 0 && *names; names++)
		error = rom_read_seldom(os->session, *names, why);
	return error;
}

static int read_config(struct rom_os *os, struct pbf_reason *why)
{
	rom_config_free(os->config);
	return rom_config_read(os->session, &os->rules, os->config, why);
}

int rom_os_probe(const struct rom_os *os, const char *name,
		 struct pbf_reason *why)
{
	char path[PREP_CONFIG_PATH_BYTES];

	prep_config_path(&os->config->config, name, path);
	return rom_probe(os->session, path, why);
}

int rom_os_read(const struct rom_os *os, const char *name,
		struct rom_file *ret_file, struct pbf_reason *why)
{
	struct rom_answer answer = { .is_cut = false };
	char path[PREP_CONFIG_PATH_BYTES];
	int error;

	prep_config_path(&os->config->config, name, path);
	error = rom_read(os->session, path, &answer, why);
	if (error == 0) {
		free(ret_file->bytes);
		*ret_file = answer.file;
	}
	return error == -ENOENT ? 0 : error;
}

/* --- The whole of it --- */

/* Up to the config.txt that counts. */
static int read_configs(struct rom_os *os, struct pbf_reason *why)
{
	const struct rom_generation *generation = os->generation;
	int error = read_all_seldom(os, generation->before_config, why);

	if (error == 0)
		error = read_config(os, why);
	if (error == 0)
		error = read_all_seldom(os, generation->before_second_config,
					why);
	if (error == 0)
		error = read_config(os, why);
	if (error == 0)
		error = read_all_seldom(os, generation->after_config, why);
	return error;
}

/*
 * Before anything is loaded a Pi 5 looks for a device tree, for a kernel older
 * than the board would only hang (config_txt/boot.adoc, os_check), and it does
 * not go on without a config.txt that says something (boot_folder.adoc).
 */
static int check_os(struct rom_os *os, struct pbf_reason *why)
{
	int error;

	os->rules.directory = "";
	error = read_config(os, why);
	if (error < 0)
		return error;
	if (os->config->files[0].length == 0)
		return pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
				  "no boot without a config.txt that says "
				  "something");
	error = rom_read_seldom(os->session, "pieeprom.sig", why);
	if (error == 0)
		error = rom_os_settle_prefix(os, why);
	if (error == 0)
		error = rom_os_load_device_tree(os, why);
	if (error == 0 && !os->boot->device_tree.bytes)
		error = pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
				   "no boot without a device tree: no %s",
				   os->config->config.device_tree);
	os->rules.directory = os->generation->directory;
	return error;
}

static int load_files(const struct rom_os *os, struct pbf_reason *why)
{
	int error = rom_os_settle_kernel(os, why);

	if (error == 0)
		error = rom_os_load_initramfs(os, why);
	if (error == 0)
		error = rom_os_load_device_tree(os, why);
	if (error == 0)
		error = rom_os_load_overlays(os, why);
	if (error == 0)
		error = rom_os_load_cmdline(os, why);
	if (error == 0)
		error = read_all_seldom(os, os->generation->before_kernel, why);
	return error < 0 ? error : rom_os_load_kernel(os, why);
}

int rom_os_load(const struct rom_session *session,
		const struct rom_machine *machine, struct rom_boot *ret_boot,
		struct pbf_reason *why)
{
	const struct prep_config_reader reader = {
		.board = machine->board,
		.serial = machine->serial,
	};
	_cleanup_config_ struct rom_config config = { .files = NULL };
	struct rom_os os = {
		.session = session,
		.generation = generation_of(machine->board),
		.config = &config,
		.boot = ret_boot,
	};
	int error = 0;

	os.rules = (struct rom_config_rules){
		.reader = &reader,
		.directory = os.generation->directory,
		.bytes_max = os.generation->config_bytes_max,
		.needs_blksize = os.generation->needs_blksize,
	};
	if (os.generation->checks_os)
		error = check_os(&os, why);
	if (error == 0)
		error = read_configs(&os, why);
	return error < 0 ? error : load_files(&os, why);
}
