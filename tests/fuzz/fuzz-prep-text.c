/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The input is a text that pibootfs-prep edits or reads: cmdline.txt,
 * user-data, config.txt, a server's configuration, what names a board.  What
 * has been edited once stays as it is when it is edited again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "board_id.h"
#include "cleanup.h"
#include "config_txt.h"
#include "dnsmasq_conf.h"
#include "kernel_cmdline.h"
#include "nbd_conf.h"
#include "nbd_said.h"
#include "user_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static void edit_cmdline(const char *text, size_t length)
{
	static const struct prep_nbd_root roots[] = {
		{ .initramfs = PREP_INITRAMFS_TOOLS,
		  .host = "192.168.1.10",
		  .port = "10810",
		  .export_name = "jammy",
		  .partition = 2 },
		{ .initramfs = PREP_INITRAMFS_DRACUT,
		  .host = "fd00::10",
		  .export_name = "jammy",
		  .partition = 2,
		  .ip = "dhcp" },
	};
	struct prep_nbd_said said;

	prep_nbd_said(text, length, &said);

	for (size_t i = 0; i < 2; i++) {
		struct prep_cmdline once = { 0 }, twice = { 0 };

		if (prep_cmdline_edit(text, length, &roots[i], &once, NULL) < 0)
			continue;
		check(prep_cmdline_edit(once.text.bytes, once.text.length,
					&roots[i], &twice, NULL) == 0);
		check(prep_text_is(&twice.text, once.text.bytes,
				   once.text.length));
		check(twice.dropped_count == 0);
		prep_cmdline_free(&once);
		prep_cmdline_free(&twice);
	}
}

static void edit_user_data(const char *text, size_t length)
{
	static const char *const packages[] = { "nbd-client", "7zip" };
	_cleanup_text_ struct prep_text once = { 0 }, twice = { 0 };

	if (prep_user_data_edit(text, length, packages, 2, &once, NULL) < 0)
		return;
	check(prep_user_data_edit(once.bytes, once.length, packages, 2, &twice,
				  NULL) == 0);
	check(prep_text_is(&twice, once.bytes, once.length));
}

static void edit_nbd_conf(const char *text, size_t length)
{
	const struct prep_export export = { "jammy", "/srv/images/jammy.img" };
	_cleanup_text_ struct prep_text once = { 0 }, twice = { 0 };

	check(prep_nbd_conf_edit(text, length, &export, &once, NULL) == 0);
	check(prep_nbd_conf_edit(once.bytes, once.length, &export, &twice,
				 NULL) == 0);
	check(prep_text_is(&twice, once.bytes, once.length));
}

static void edit_dnsmasq_conf(const char *text, size_t length)
{
	struct prep_tftp tftp = {
		.root = "/srv/tf tp",
		.subnet = "192.168.1.0/24",
		.interface = "eth0",
		.is_without_dns = true,
	};
	_cleanup_text_ struct prep_text once = { 0 }, twice = { 0 };
	struct prep_dnsmasq_said said;

	/* As when the text is that of another file, too. */
	prep_dnsmasq_conf_look(text, length, &said);
	tftp.is_port_said = said.port;
	tftp.is_binding_said = said.binding;
	if (prep_dnsmasq_conf_edit(text, length, &tftp, &once, NULL) < 0)
		return;
	check(prep_dnsmasq_conf_edit(once.bytes, once.length, &tftp, &twice,
				     NULL) == 0);
	check(prep_text_is(&twice, once.bytes, once.length));
}

static void read_config(const char *text, size_t length)
{
	const struct prep_config_file files[] = {
		{ "config.txt", text, length },
		{ "a", text, length / 2 },
	};
	struct prep_config_reader reader = { .serial = "89025d75" };
	struct prep_config_serials serials = { .count = 0 };
	char path[PREP_CONFIG_PATH_BYTES];
	struct prep_config config;

	for (size_t i = 0; (reader.board = prep_pi_board_at(i)); i++) {
		if (prep_config_parse(files, 2, &reader, &config, NULL) < 0)
			continue;
		prep_config_path(&config, config.cmdline, path);
		for (size_t k = 0; prep_config_initramfs(&config, k, path); k++)
			;
	}
	prep_config_add_serials(&files[0], &serials, NULL);
}

static void read_board(const char *text, size_t length)
{
	char key[PBF_BOARD_KEY_BYTES], again[PBF_BOARD_KEY_BYTES];

	if (prep_board_from_serial(text, length, key, NULL) < 0)
		return;
	check(prep_board_from_serial(key, strlen(key), again, NULL) == 0);
	check(strcmp(key, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	edit_cmdline(text, size);
	edit_user_data(text, size);
	edit_nbd_conf(text, size);
	edit_dnsmasq_conf(text, size);
	read_config(text, size);
	read_board(text, size);
	return 0;
}
