/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.txt as it comes over the network: what includes ask for is loaded as
 * well, and what a Pi ignores of a file that came by TFTP is left out.  What
 * the text means is the business of tools/prep/config_txt.h.
 */
#ifndef ROM_CONFIG_H
#define ROM_CONFIG_H

#include "config_txt.h"
#include "rom_session.h"

#define _cleanup_config_ _cleanup_(rom_config_free)

/* How a stage takes it. */
struct rom_config_rules {
	const struct prep_config_reader *reader;
	const char *directory; /* "" or "/", goes before all names */
	/* 0: all of it is read */
	size_t bytes_max;
	/* Without a blksize in the OACK it is ignored. */
	bool needs_blksize;
};

/* config.txt and what it includes. */
struct rom_config {
	const struct rom_config_rules *rules;
	struct prep_config config;
	struct prep_config_file *files;
	size_t file_count;
};

/*
 * Loads and parses it, for rom_config_free(), also when it fails.  If there is
 * no config.txt it is empty.  -EUCLEAN when its includes have no end, and the
 * errors of rom_read().
 */
int rom_config_read(const struct rom_session *session,
		    const struct rom_config_rules *rules,
		    struct rom_config *ret_config, struct pbf_reason *why);

/*
 * The name of the next overlay that a "dtoverlay=" asks for, from *OFFSET on,
 * which is 0 at first; false when there is none.  What included files say is
 * not seen.
 */
bool rom_config_overlay(const struct rom_config *config, size_t *offset,
			char ret_name[PREP_CONFIG_VALUE_BYTES]);

void rom_config_free(struct rom_config *config);

#endif
