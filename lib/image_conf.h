/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAME.conf, the few things that can be said about one image:
 *
 *	[image]
 *	partition = 2
 *	codepage = 850
 */
#ifndef PBF_IMAGE_CONF_H
#define PBF_IMAGE_CONF_H

#include <stdbool.h>

#include "reason.h"
#include "utf.h"

#define PBF_IMAGE_CONF_BYTES_MAX 65536u

struct pbf_deny;

struct pbf_image_conf {
	unsigned int partition; /* 0: the one that fits best */
	enum pbf_code_page code_page;
	/* Not in a .conf: whether config.txt stands in for tryboot.txt, */
	bool tryboot_alias;
	/* and what is served to nobody; borrowed, NULL for nothing. */
	const struct pbf_deny *deny;
};

/*
 * Puts what NUL-terminated TEXT says into *CONF.  -EINVAL for what is not
 * understood; then WHY names the line and nothing is changed.
 */
int pbf_image_conf_parse(const char *text, struct pbf_image_conf *conf,
			 struct pbf_reason *why);

/* A partition number: 1 to 9999 in decimal; false for anything else. */
bool pbf_parse_partition(const char *text, unsigned int *ret_partition);

#endif
