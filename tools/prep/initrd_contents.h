/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the names in an initrd tell.  The facts come from initramfs-tools
 * 0.142 (mkinitramfs), nbd-client 3.24 (its hook), and dracut 059 and later
 * (the modules base and nbd; hooks moved from lib/ to var/lib/).
 */
#ifndef PREP_INITRD_CONTENTS_H
#define PREP_INITRD_CONTENTS_H

#include <stddef.h>

#include "initrd.h"
#include "initrd_cpio.h"

/* What has been seen so far.  Zero it to begin with. */
struct prep_initrd_contents {
	struct prep_initrd initrd;
	/* Of a list of built-in modules that is being read, or NULL. */
	struct prep_initrd_kernel *listed;
	size_t matched; /* characters of what is looked for in the list */
};

/* Takes note of a member of the archive. */
void prep_initrd_note(struct prep_initrd_contents *contents,
		      const struct prep_cpio_member *member);

/* Takes note of the content of the member that was noted last. */
void prep_initrd_note_content(struct prep_initrd_contents *contents,
			      const unsigned char *bytes, size_t length);

#endif
