/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What people have in place of a raw image: a compressed one, or the disk of a
 * virtual machine.  Known by its bytes or its name; nothing is read here.
 *
 * The texts say what it is and what to do: "xz-compressed, not a raw image:
 * unpack it ...".
 */
#ifndef PBF_FOREIGN_H
#define PBF_FOREIGN_H

#include <stddef.h>

#include "entry_name.h"

/* How much of the end of an image tells. */
#define PBF_FOREIGN_TAIL_BYTES 512u

/* What begins with the LENGTH bytes of HEAD; NULL when it is not known. */
const char *pbf_foreign_by_head(const unsigned char *head, size_t length);

/*
 * What ends with TAIL, likewise: a VHD of fixed size, which is a raw image
 * with a footer, and can be served as one.
 */
const char *
pbf_foreign_by_tail(const unsigned char tail[PBF_FOREIGN_TAIL_BYTES]);

/*
 * What a file by the name of ENTRY should be, likewise, and the directory that
 * it would give as a raw image: jammy for jammy.img.xz and jammy.qcow2.
 */
const char *pbf_foreign_by_name(const char *entry,
				char ret_directory[PBF_ENTRY_BYTES]);

/* What such names end in: the INDEXth suffix, NULL behind the last one. */
const char *pbf_foreign_suffix(size_t index);

#endif
