/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The input is the text of an autoboot.txt, a NAME.conf, a board's name, and
 * patterns of names to deny.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoboot.h"
#include "board_name.h"
#include "cleanup.h"
#include "deny.h"
#include "fat_entry.h"
#include "image_conf.h"
#include "utf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);
	char key[PBF_BOARD_KEY_BYTES];
	struct pbf_image_conf conf;
	struct pbf_deny deny = { .length = 0 };
	struct pbf_reason why;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	pbf_autoboot_parse(text, size);
	pbf_image_conf_parse(text, &conf, &why);
	/* A key is spelled as boards spell it, so it is its own key. */
	if (pbf_board_key(text, key)) {
		char again[PBF_BOARD_KEY_BYTES];

		if (!pbf_board_key(key, again) || strcmp(key, again) != 0)
			abort();
	}
	if (!pbf_equal_folded(text, text))
		abort();
	/* A pattern fits itself, if nothing in it is escaped. */
	if (pbf_deny_add(&deny, text, &why) == 0 && !strchr(text, '\\')) {
		text[strcspn(text, ":")] = '\0';
		if (strlen(text) < PBF_NAME_BYTES &&
		    !pbf_deny_has(&deny, text, ""))
			abort();
	}
	return 0;
}
