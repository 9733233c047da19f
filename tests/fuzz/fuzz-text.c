/* SPDX-License-Identifier: BSD-2-Clause */
/* The input is the text of an autoboot.txt, a NAME.conf and a board's name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "autoboot.h"
#include "board_name.h"
#include "cleanup.h"
#include "image_conf.h"
#include "utf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = malloc(size + 1);
	char key[PBF_BOARD_KEY_BYTES];
	struct pbf_image_conf conf;
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
	return 0;
}
