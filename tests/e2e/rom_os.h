/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last stage: start.elf, start4.elf or the one inside a Pi 5's EEPROM,
 * which read config.txt and load what it names.  For the sources see
 * rom_boot.h.
 */
#ifndef ROM_OS_H
#define ROM_OS_H

#include "rom_boot.h"

/*
 * RET_BOOT, for rom_boot_free(), is filled as far as it goes.  -ENOENT when
 * there is no kernel, or on a Pi 5 no device tree, and the errors of
 * rom_read().
 */
int rom_os_load(const struct rom_session *session,
		const struct rom_machine *machine, struct rom_boot *ret_boot,
		struct pbf_reason *why);

#endif
