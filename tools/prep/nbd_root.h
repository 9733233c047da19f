/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A root disk on NBD, as an initrd's scripts want to be told of it on the
 * kernel's command line.  They split words at blanks, colons, commas and
 * slashes without regard for quotes, so that not every name can be said.
 */
#ifndef PREP_NBD_ROOT_H
#define PREP_NBD_ROOT_H

#include <stddef.h>

#include "reason.h"

/* Who made the initrd, and so which parameters its scripts look for. */
enum prep_initramfs {
	PREP_INITRAMFS_TOOLS,  /* nbdroot=HOST/NAME; Debian, Ubuntu to 25.04 */
	PREP_INITRAMFS_DRACUT, /* netroot=nbd:HOST:NAME; Ubuntu from 25.10 */
};

/* Where the root disk is.  The strings are borrowed. */
struct prep_nbd_root {
	enum prep_initramfs initramfs;
	/* An IPv4 or IPv6 address, with or without brackets, or a name. */
	const char *host;
	/*
	 * Where the server listens, NULL or "" for NBD's own port.  dracut
	 * cannot be told of one beside a name.
	 */
	const char *port;
	/* What nbd-server calls the disk. */
	const char *export_name;
	/* 1 to 255; 0 when the disk has no partition table. */
	unsigned int partition;
	/*
	 * The value of ip=, as the kernel's nfsroot.rst has it.  NULL keeps
	 * the one that is there, and says "dhcp" where there is none.
	 */
	const char *ip;
};

/*
 * -EINVAL, and WHY says which, for a host, an export, a partition or an ip=
 * that the scripts would take apart wrongly; dracut also takes an export
 * whose name is a number for a port.  (initramfs-tools: nbd-client 3.24,
 * scripts/local-top/nbd; dracut 059: modules.d/95nbd/nbdroot.sh.)
 */
int prep_nbd_root_check(const struct prep_nbd_root *root,
			struct pbf_reason *why);

/* A parameter, "ip=dhcp", and its key, "ip=". */
struct prep_parameter {
	const char *key;
	char *text;
};

#define PREP_NBD_PARAMETERS_MAX 4u

/* The parameters that say ROOT, in the order in which they read best. */
struct prep_nbd_parameters {
	struct prep_parameter items[PREP_NBD_PARAMETERS_MAX];
	size_t count;
};

/*
 * For a ROOT that passes the check.  -ENOMEM; else the caller gives them back
 * with prep_nbd_parameters_free().
 */
int prep_nbd_root_parameters(const struct prep_nbd_root *root,
			     struct prep_nbd_parameters *ret_parameters);

void prep_nbd_parameters_free(struct prep_nbd_parameters *parameters);

#endif
