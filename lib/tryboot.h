/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tryboot.txt for boards that read config.txt in its place.
 *
 * A board that was told to try something once asks for tryboot.txt instead of
 * config.txt, unless it has read in autoboot.txt: tryboot_a_b=1.  Ubuntu since
 * 25.10 has such an autoboot.txt on its only FAT partition, and no tryboot.txt
 * (canonical-ubuntu-boards, piboot-ab); but boards are not seen to ask for
 * autoboot.txt over TFTP, so the server has to follow it.
 */
#ifndef PBF_TRYBOOT_H
#define PBF_TRYBOOT_H

#include "reason.h"
#include "source.h"

/*
 * Finds what stands in for PATH, which pbf_source_find() has not found: the
 * volume's config.txt, if PATH is tryboot.txt at its root and its autoboot.txt
 * has tryboot_a_b=1 and names no other partition to try.  A disk with two boot
 * partitions keeps its autoboot.txt on a third and tries the one that is not
 * served, so that nothing stands in there.
 *
 * -ENOENT when nothing does, also where tryboot.txt is denied; -EUCLEAN when
 * autoboot.txt cannot be understood; else as pbf_source_find().
 */
int pbf_tryboot_find(struct pbf_source *source, const char *path,
		     struct pbf_found *ret_found, struct pbf_reason *why);

#endif
