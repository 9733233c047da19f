/* SPDX-License-Identifier: BSD-2-Clause */
/* The first stages, up to the one that loads the operating system. */
#include "rom_boot.h"

#include <errno.h>
#include <stdlib.h>

#include "rom_os.h"

#define BLKSIZE_PI5 1468u

bool rom_can_boot(const struct prep_pi_board *board)
{
	return board->kernel != PREP_PI_KERNEL_V6;
}

bool rom_has_eeprom(const struct prep_pi_board *board)
{
	return board->kernel == PREP_PI_KERNEL_V7L ||
	       board->kernel == PREP_PI_KERNEL_2712;
}

void rom_boot_free(struct rom_boot *boot)
{
	free(boot->kernel.bytes);
	free(boot->initramfs.bytes);
	free(boot->device_tree.bytes);
	free(boot->cmdline.bytes);
	*boot = (struct rom_boot){ .kernel = { .bytes = NULL } };
}

static int no_boot(struct pbf_reason *why, const char *missing)
{
	return pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
			  "no boot without %s", missing);
}

static void drop_prefix(struct rom_session *session, const char *missing)
{
	rom_remark(session, "no %s%s: from here on without prefix",
		   session->prefix, missing);
	session->prefix[0] = '\0';
}

/* Asks for it once and needs nothing of it; 0 too when it is missing. */
static int get_optional(const struct rom_session *session, const char *name,
			struct pbf_reason *why)
{
	_cleanup_answer_ struct rom_answer answer = { .is_cut = false };
	int error = rom_get(session, name, &answer, why);

	return error == -ENOENT ? 0 : error;
}

static int get_all_optional(const struct rom_session *session,
			    const char *const *names, struct pbf_reason *why)
{
	int error = 0;

	for (; error == 0 && *names; names++)
		error = get_optional(session, *names, why);
	return error;
}

static int get_needed(const struct rom_session *session, const char *name,
		      struct pbf_reason *why)
{
	_cleanup_answer_ struct rom_answer answer = { .is_cut = false };
	int error = rom_get(session, name, &answer, why);

	return error == -ENOENT ? no_boot(why, name) : error;
}

/* --- Pi 2 (of 2016) and 3 --- */

/* The mask ROM looks at the top of the server, whatever the serial is. */
static int run_mask_rom(struct rom_session *session, struct pbf_reason *why)
{
	char prefix[ROM_PREFIX_BYTES];
	int error;

	snprintf(prefix, sizeof(prefix), "%s", session->prefix);
	session->prefix[0] = '\0';
	error = get_needed(session, "bootcode.bin", why);
	if (error == 0)
		error = get_optional(session, "bootsig.bin", why);
	snprintf(session->prefix, sizeof(session->prefix), "%s", prefix);
	return error;
}

static int run_bootcode(struct rom_session *session, struct pbf_reason *why)
{
	static const char *const before_start[] = { "autoboot.txt",
						    "config.txt",
						    "recovery.elf", NULL };
	int error;

	session->habits.wants_tsize = true;
	session->habits.acks_probe = true;
	session->habits.timeout_is_missing = true;
	/* Asked twice where it is there, and once where not (issue 1041). */
	error = rom_probe(session, "start.elf", why);
	if (error == 0)
		error = rom_probe(session, "start.elf", why);
	if (error == -ENOENT) {
		drop_prefix(session, "start.elf");
		error = 0;
	}
	if (error == 0)
		error = get_all_optional(session, before_start, why);
	if (error == 0)
		error = get_needed(session, "start.elf", why);
	/* Without, it runs with less memory (issue 1041). */
	return error < 0 ? error : get_optional(session, "fixup.dat", why);
}

static int boot_pi3(struct rom_session *session,
		    const struct rom_machine *machine,
		    struct rom_boot *ret_boot, struct pbf_reason *why)
{
	int error;

	/* Only boot loaders in an EEPROM have learned it (their notes). */
	session->habits.has_block_limit = true;
	error = run_mask_rom(session, why);
	if (error == 0)
		error = run_bootcode(session, why);
	if (error < 0)
		return error;
	/* Since 2020-04-16 (issue 1913). */
	session->habits.needs_tsize = true;
	session->probes_first = true;
	return rom_os_load(session, machine, ret_boot, why);
}

/* --- Pi 4 --- */

static int find_prefix_pi4(struct rom_session *session, struct pbf_reason *why)
{
	int error = rom_probe(session, "start4.elf", why);

	if (error == -ENOENT)
		error = rom_probe(session, "start.elf", why);
	if (error != -ENOENT)
		return error;
	drop_prefix(session, "start4.elf and start.elf");
	return 0;
}

static int run_eeprom_pi4(struct rom_session *session, struct pbf_reason *why)
{
	static const char *const before_start[] = { "config.txt",
						    "pieeprom.sig",
						    "recover4.elf",
						    "recovery.elf", NULL };
	int error = find_prefix_pi4(session, why);

	if (error == 0)
		error = get_all_optional(session, before_start, why);
	if (error < 0)
		return error;
	error = get_needed(session, "start4.elf", why);
	/* Not of use on a Pi 4, but asked for (issue 74). */
	if (error == -ENOENT)
		error = get_needed(session, "start.elf", why);
	return error < 0 ? error : get_optional(session, "fixup4.dat", why);
}

static int boot_pi4(struct rom_session *session,
		    const struct rom_machine *machine,
		    struct rom_boot *ret_boot, struct pbf_reason *why)
{
	int error;

	session->habits.wants_tsize = true;
	session->habits.blksize = machine->blksize;
	/*
	 * dnsmasq has "failed sending" (cmprovision issue 5): a block was
	 * under way.  There are older logs where none was.
	 */
	session->habits.acks_probe = true;
	/* start.elf is not tried then (release notes of 2019-09-25). */
	session->habits.timeout_is_missing = false;
	error = run_eeprom_pi4(session, why);
	if (error < 0)
		return error;
	/* start4.elf has the common firmware's client (issue 1292). */
	session->habits.timeout_is_missing = true;
	session->probes_first = true;
	return rom_os_load(session, machine, ret_boot, why);
}

/* --- Pi 5 --- */

static int boot_pi5(struct rom_session *session,
		    const struct rom_machine *machine,
		    struct rom_boot *ret_boot, struct pbf_reason *why)
{
	int error;

	session->habits.wants_tsize = true;
	session->habits.blksize = BLKSIZE_PI5;
	/* In answer to the first packet, whatever it is (issue 857). */
	session->habits.acks_probe = false;
	/* A black screen (issue 687). */
	session->habits.timeout_is_missing = false;
	session->probes_first = false;
	error = rom_probe(session, "config.txt", why);
	if (error == -ENOENT) {
		drop_prefix(session, "config.txt");
		error = 0;
	}
	return error < 0 ? error : rom_os_load(session, machine, ret_boot, why);
}

int rom_boot(struct rom_session *session, const struct rom_machine *machine,
	     struct rom_boot *ret_boot, struct pbf_reason *why)
{
	switch (machine->board->kernel) {
	case PREP_PI_KERNEL_V7:
		return boot_pi3(session, machine, ret_boot, why);
	case PREP_PI_KERNEL_V7L:
		return boot_pi4(session, machine, ret_boot, why);
	case PREP_PI_KERNEL_2712:
		return boot_pi5(session, machine, ret_boot, why);
	case PREP_PI_KERNEL_V6:
		break;
	}
	return pbf_refuse(why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
			  "a board without a network to boot from");
}
