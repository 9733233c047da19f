/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a cmdline.txt says already of a root disk on NBD, so that what nobody
 * asks to be changed can stay.
 */
#ifndef PREP_NBD_SAID_H
#define PREP_NBD_SAID_H

#include <stddef.h>

#define PREP_NBD_SAID_NAME_BYTES 256u
#define PREP_NBD_SAID_PORT_BYTES 6u

/* "" for what it does not say. */
struct prep_nbd_said {
	char export_name[PREP_NBD_SAID_NAME_BYTES];
	char port[PREP_NBD_SAID_PORT_BYTES];
};

/*
 * Takes apart its nbdroot=HOST[:PORT]/NAME or HOST,NAME,DEVICE, and its
 * netroot=nbd:HOST:NAME[:...], as the initrds' scripts do (nbd-client 3.24,
 * scripts/local-top/nbd; dracut 059, modules.d/95nbd).  It says nothing when
 * there are several that disagree.
 */
void prep_nbd_said(const char *text, size_t length,
		   struct prep_nbd_said *ret_said);

#endif
