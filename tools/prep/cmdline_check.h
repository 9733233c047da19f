/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a cmdline.txt makes a board find its root disk over NBD: whether
 * its parameters agree with each other, with the initrd that will read them,
 * and with the disk.
 */
#ifndef PREP_CMDLINE_CHECK_H
#define PREP_CMDLINE_CHECK_H

#include <stddef.h>

#include "boot_partition.h"
#include "findings.h"
#include "initrd.h"

/* The disk that the boot partition is on; the table is borrowed. */
struct prep_boot_disk {
	const struct pbf_partition_table *table;
	unsigned int boot_partition; /* 0: the disk has no partitions */
};

struct prep_cmdline_context {
	const char *path; /* of the cmdline.txt */
	/* Whose scripts read it; PREP_INITRD_UNKNOWN: any */
	enum prep_initrd_generator generator;
	const struct prep_boot_disk *disk;
};

/*
 * Says what is wrong in TEXT.  If nothing in it is about NBD at all, that is
 * all that is said.
 */
void prep_cmdline_check(const struct prep_cmdline_context *context,
			const char *text, size_t length,
			struct prep_findings *findings);

#endif
