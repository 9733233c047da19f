/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmdline.txt, the kernel's parameters as the Raspberry Pi's firmware reads
 * them: one line, to which it adds its own.  Here it is told that the root
 * disk is on NBD, in the words that the image's initrd understands.
 */
#ifndef PREP_KERNEL_CMDLINE_H
#define PREP_KERNEL_CMDLINE_H

#include <stddef.h>

#include "nbd_root.h"
#include "reason.h"
#include "text.h"

/* What became of a cmdline.txt; give it back with prep_cmdline_free(). */
struct prep_cmdline {
	struct prep_text text;
	/*
	 * What is not in it any more and nothing stands for, in the order of
	 * the file: parameters, and lines behind the first.
	 */
	char **dropped;
	size_t dropped_count;
};

/*
 * Makes *RET_CMDLINE of the cmdline.txt in TEXT, so that there is exactly one
 * each of ip=, root= and, as the initrd needs it, nbdroot= or netroot= and
 * rd.neednet=1.  What is there is replaced where it is; what is missing comes
 * before root=.  Dropped are second ones of these; nbddev= and the other
 * initrd's nbdroot= or netroot=, which would contradict them; and what images
 * for SD cards do at their first boot and cannot over the network: a
 * partition resized by "resize" or init_resize.sh, and init=...firstboot,
 * which re-partitions the disk beneath itself.  All of that but "resize" is
 * dropped behind "--" too, where the kernel leaves words to init, as an
 * initrd's scripts read them nevertheless.  Everything else stays, in its
 * order and with its quotes, as does the end of the line: "\n", "\r\n" or
 * nothing.  With its own result it changes nothing.
 *
 * -EINVAL as prep_nbd_root_check(); -EUCLEAN for a line that would not be
 * understood (a quotation mark without its end) or is longer than 64 KiB;
 * -ENOMEM.
 */
int prep_cmdline_edit(const char *text, size_t length,
		      const struct prep_nbd_root *root,
		      struct prep_cmdline *ret_cmdline, struct pbf_reason *why);

void prep_cmdline_free(struct prep_cmdline *cmdline);

#endif
