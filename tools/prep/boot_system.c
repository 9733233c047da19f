/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_system.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "boot_entry.h"
#include "boot_plan.h"
#include "cmdline_words.h"
#include "kernel_version.h"
#include "stop.h"

#define FILE_BYTES_MAX PREP_BOOT_INITRD_BYTES_MAX

/* A system that is looked at. */
struct look {
	const struct prep_boot *boot;
	struct prep_boot_initrds *initrds;
	const struct prep_boot_system *system;
	const struct prep_boot_disk *disk;
	struct prep_findings *findings;
	char kernel[PREP_CONFIG_PATH_BYTES];
	char version[PREP_KERNEL_VERSION_BYTES]; /* "" when it is not known */
	char initrd[PREP_CONFIG_PATH_BYTES];	 /* all of its files */
	enum prep_initrd_generator generator;
};

static const char *reason_text(const struct pbf_reason *reason, int error)
{
	return reason->text[0] ? reason->text : strerror(-error);
}

/* Those of today can load it, if they were updated. */
static void check_newer(const struct look *look, const char *path,
			uint64_t length)
{
	const struct prep_boot_system *system = look->system;

	if (length > PREP_TFTP_1468_BYTES_MAX) {
		if (system->is_for_pi4 || system->is_for_pi5)
			prep_warn(look->findings,
				  "%s has %llu bytes: boot loaders from before "
				  "2025-09-23 stop after %u; update them on "
				  "the boards (rpi-eeprom-update)",
				  path, (unsigned long long)length,
				  PREP_TFTP_1468_BYTES_MAX);
	} else if (length > PREP_TFTP_1024_BYTES_MAX && system->is_for_pi4) {
		prep_warn(look->findings,
			  "%s has %llu bytes: a Pi 4's boot loader from before "
			  "2025-09-23 stops after %u if it asks for blocks of "
			  "1024 bytes; update it on the board "
			  "(rpi-eeprom-update)",
			  path, (unsigned long long)length,
			  PREP_TFTP_1024_BYTES_MAX);
	} else if (length > PREP_TFTP_1024_BYTES_MAX) {
		prep_note(look->findings,
			  "%s has %llu bytes, more than %u: too large for "
			  "blocks of 1024 bytes",
			  path, (unsigned long long)length,
			  PREP_TFTP_1024_BYTES_MAX);
	}
}

static void check_size(const struct look *look, const char *path,
		       uint64_t length)
{
	if (length > PREP_TFTP_512_BYTES_MAX && look->system->is_for_pi3)
		prep_warn(look->findings,
			  "%s has %llu bytes: a Pi 3 or older loads it in "
			  "blocks of 512 bytes, stops after %u and does not "
			  "boot; make it smaller",
			  path, (unsigned long long)length,
			  PREP_TFTP_512_BYTES_MAX);
	else if (length > PREP_TFTP_512_BYTES_MAX)
		prep_note(look->findings,
			  "%s has %llu bytes, more than %u: too large for "
			  "blocks of 512 bytes",
			  path, (unsigned long long)length,
			  PREP_TFTP_512_BYTES_MAX);
	check_newer(look, path, length);
}

static bool is_boot_loader(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return strcasestr(name, "u-boot") || strcasestr(name, "uboot");
}

/* 1 when the kernel is one that can be looked further into. */
static int look_at_kernel(struct look *look)
{
	_cleanup_free_ char *bytes = NULL;
	struct pbf_reason reason = { .text = "" };
	size_t length = 0;
	int error;

	prep_config_path(look->system->config, look->system->config->kernel,
			 look->kernel);
	if (is_boot_loader(look->kernel)) {
		prep_warn(look->findings,
			  "%s is another boot loader, U-Boot, and no kernel: "
			  "the board will look for one on a disk that it does "
			  "not have; use an image that has its kernel on the "
			  "boot partition",
			  look->kernel);
		return 0;
	}
	error = prep_boot_read(look->boot, look->kernel, FILE_BYTES_MAX, &bytes,
			       &length, &reason);
	if (error == -ENOMEM)
		return error;
	if (error < 0) {
		prep_warn(look->findings,
			  "%s cannot be read (%s): the board will not get a "
			  "kernel; replace it by --copy",
			  look->kernel, reason_text(&reason, error));
		return 0;
	}
	check_size(look, look->kernel, length);
	error = prep_kernel_version(bytes, length, look->version, &reason);
	if (error == 0)
		prep_note(look->findings, "%s is Linux %s", look->kernel,
			  look->version);
	else if (error == -ENODATA)
		prep_note(look->findings,
			  "which Linux %s is was not found out (%s), nor "
			  "whether the initrd is for that",
			  look->kernel, reason_text(&reason, error));
	return error == -ENOMEM ? error : 1;
}

static void check_initrd_sizes(struct look *look)
{
	char path[PREP_CONFIG_PATH_BYTES];
	size_t used = 0;

	for (size_t i = 0; prep_config_initramfs(look->system->config, i, path);
	     i++) {
		struct prep_boot_entry entry;

		if (prep_boot_find(look->boot, path, &entry, NULL) == 0)
			check_size(look, path, entry.size_bytes);
		snprintf(look->initrd + used, sizeof(look->initrd) - used,
			 "%s%s", used > 0 ? ", " : "", path);
		used = strlen(look->initrd);
	}
}

static void warn_of_no_initrd(const struct look *look)
{
	bool is_auto = prep_boot_has_auto_initrd(look->system->config);

	prep_warn(look->findings,
		  "%s%s for %s: the kernel will not find a root disk over NBD "
		  "by itself, and stop; copy an initrd with nbd-client by "
		  "--copy%s",
		  is_auto ? look->initrd : "config.txt names no initrd",
		  is_auto ? " is missing, the initrd" : "", look->kernel,
		  is_auto ? "" :
			    ", and name it in config.txt (initramfs NAME "
			    "followkernel)");
}

/* The nbd module for the kernel that is loaded, or for any if not known. */
static bool has_module(const struct look *look,
		       const struct prep_initrd *initrd)
{
	for (size_t i = 0; i < initrd->kernel_count; i++) {
		const struct prep_initrd_kernel *kernel = &initrd->kernels[i];

		if (kernel->has_nbd &&
		    (look->version[0] == '\0' ||
		     strcmp(kernel->version, look->version) == 0))
			return true;
	}
	return false;
}

static const char *remedy(enum prep_initrd_generator generator)
{
	if (generator == PREP_INITRD_DRACUT)
		return "make one on a system of the same release that has "
		       "nbd-client installed (dracut --no-hostonly --add nbd), "
		       "and add it by --copy";
	return "make one on a system of the same release that has nbd-client "
	       "installed, and for Ubuntu linux-modules-extra-raspi, and add "
	       "it by --copy";
}

static bool is_for_other_kernels(const struct look *look,
				 const struct prep_initrd *initrd)
{
	return look->version[0] != '\0' && initrd->kernel_count > 0 &&
	       !prep_initrd_find_kernel(initrd, look->version);
}

/* Says all in one that the initrd lacks for a root disk over NBD. */
static void check_parts(const struct look *look,
			const struct prep_initrd *initrd)
{
	const char *const script = initrd->generator == PREP_INITRD_DRACUT ?
					   "dracut's module nbd" :
					   "scripts/local-top/nbd";
	bool lacks_module = !has_module(look, initrd) &&
			    !is_for_other_kernels(look, initrd);
	bool lacks_client = !initrd->has_nbd_client;
	bool lacks_script = !initrd->has_nbd_script;
	char module[PREP_CONFIG_PATH_BYTES + 96] = "", start[64] = "";

	if (!lacks_module && !lacks_client && !lacks_script) {
		prep_note(look->findings,
			  "%s has the module nbd, nbd-client and what starts "
			  "it",
			  look->initrd);
		return;
	}
	if (lacks_module)
		snprintf(module, sizeof(module), "the module nbd for %s%s",
			 look->version[0] ? "Linux " : look->kernel,
			 look->version);
	if (lacks_script)
		snprintf(start, sizeof(start), "what starts nbd-client (%s)",
			 script);
	prep_warn(look->findings,
		  "%s lacks %s%s%s%s%s: the board will stop at waiting for "
		  "/dev/nbd0; %s",
		  look->initrd, module,
		  lacks_module && lacks_client ? ", " : "",
		  lacks_client ? "the program nbd-client" : "",
		  lacks_script && (lacks_module || lacks_client) ? ", " : "",
		  start, remedy(initrd->generator));
}

static void check_contents(const struct look *look,
			   const struct prep_initrd *initrd)
{
	if (is_for_other_kernels(look, initrd))
		prep_warn(look->findings,
			  "%s has modules for Linux %s%s, but %s is %s: the "
			  "board will stop at waiting for /dev/nbd0; add the "
			  "initrd that belongs to this kernel by --copy",
			  look->initrd, initrd->kernels[0].version,
			  initrd->kernel_count > 1 ? " and others" : "",
			  look->kernel, look->version);
	check_parts(look, initrd);
	if (initrd->generator == PREP_INITRD_UNKNOWN)
		prep_warn(look->findings,
			  "%s was made neither by initramfs-tools nor by "
			  "dracut: whether the board finds its root disk is "
			  "not known; if it does not, add an initrd that was "
			  "by --copy",
			  look->initrd);
}

static int look_at_initrd(struct look *look)
{
	struct pbf_reason reason = { .text = "" };
	struct prep_initrd initrd;
	int error;

	check_initrd_sizes(look);
	error = prep_boot_initrd(look->initrds, look->system->config, &initrd,
				 &reason);
	if (error == -ENOMEM || error == -ECANCELED)
		return error;
	if (error == -ENOENT) {
		warn_of_no_initrd(look);
		return 0;
	}
	if (error < 0) {
		prep_warn(look->findings,
			  "the initrd cannot be used (%s): the kernel will "
			  "not find its root disk; replace it by --copy",
			  reason_text(&reason, error));
		return 0;
	}
	if (reason.text[0] != '\0')
		prep_warn(look->findings,
			  "a part of the initrd is left out (%s): what the "
			  "board needs may be in it; add it by --copy",
			  reason.text);
	look->generator = initrd.generator;
	check_contents(look, &initrd);
	return 0;
}

static int look_at_cmdline(struct look *look)
{
	const struct prep_config *config = look->system->config;
	_cleanup_free_ char *text = NULL;
	char path[PREP_CONFIG_PATH_BYTES];
	const struct prep_cmdline_context context = {
		.path = path,
		.generator = look->generator,
		.disk = look->disk,
	};
	struct pbf_reason reason = { .text = "" };
	size_t length = 0, warnings = look->findings->warnings.count;
	int error;

	prep_config_path(config, config->cmdline, path);
	error = prep_boot_read(look->boot, path, PREP_CMDLINE_BYTES_MAX, &text,
			       &length, &reason);
	if (error == -ENOMEM)
		return error;
	if (error < 0)
		prep_warn(look->findings,
			  "%s cannot be read (%s): the kernel will not be told "
			  "where its root disk is; replace it by --copy",
			  path, reason_text(&reason, error));
	else
		prep_cmdline_check(&context, text, length, look->findings);
	if (look->findings->warnings.count == warnings)
		prep_note(look->findings,
			  "%s sends the kernel to a root disk over NBD", path);
	return 0;
}

int prep_boot_system_look(struct prep_boot_initrds *initrds,
			  const struct prep_boot_system *system,
			  const struct prep_boot_disk *disk,
			  struct prep_findings *findings)
{
	struct look look = { .boot = initrds->boot,
			     .initrds = initrds,
			     .system = system,
			     .disk = disk,
			     .findings = findings,
			     .generator = PREP_INITRD_UNKNOWN };
	int error = look_at_kernel(&look);

	if (error <= 0)
		return error;
	if (prep_stop_is_asked(NULL))
		return -ECANCELED;
	error = look_at_initrd(&look);
	return error < 0 ? error : look_at_cmdline(&look);
}
