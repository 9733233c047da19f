/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnsmasq's configuration: TFTP and proxy DHCP for boards are put into a text
 * that may have other things in it, which stay byte for byte.
 */
#ifndef PREP_DNSMASQ_CONF_H
#define PREP_DNSMASQ_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "reason.h"
#include "text.h"

/* How dnsmasq is to serve boards.  The strings are borrowed. */
struct prep_tftp {
	const char *root; /* where pibootfs is mounted; absolute */
	/*
	 * An IPv4 address in the network of the boards, "192.168.1.0" or, if
	 * the interface's own mask is not to be taken, "192.168.1.0/24": DHCP
	 * requests from there get, beside the answer of the DHCP server that
	 * is there, the one that makes a Pi boot.  NULL: not even that.
	 */
	const char *subnet;
	/* The only interface to listen on; NULL: all. */
	const char *interface;
	/* Not to serve DNS, as where another program does. */
	bool is_without_dns;
	/* Said by another file that dnsmasq reads as well. */
	bool is_port_said, is_binding_said;
};

/* Whether this can be the subnet of a struct prep_tftp. */
bool prep_subnet_is_valid(const char *subnet);

/* A line of dnsmasq's has 1024 bytes at the most (option.c, MAXDNAME). */
#define PREP_DNSMASQ_LINE_BYTES 1025

/* What a configuration says. */
struct prep_dnsmasq_said {
	bool block; /* of ours, or a part of one */
	/* Outside the block, what may not be said once more. */
	bool port;
	bool binding; /* bind-interfaces or bind-dynamic */
	/*
	 * The last directory that it has TFTP serve on all interfaces, without
	 * a slash at the end; "": none.  Of all files' the last one counts, and
	 * that is dnsmasq.conf's where dnsmasq is told of a directory by -7, as
	 * Debian tells it.
	 */
	char root[PREP_DNSMASQ_LINE_BYTES];
	/* It has a line that dnsmasq has not: it is another program's. */
	bool is_foreign;
};

/* Looks through a text that dnsmasq might read. */
void prep_dnsmasq_conf_look(const char *text, size_t length,
			    struct prep_dnsmasq_said *ret_said);

/*
 * Makes *RET_TEXT of the dnsmasq configuration in TEXT, such as a file in
 * /etc/dnsmasq.d.  What is said of TFTP is between two lines of comment, by
 * which it is found and replaced the next time; the rest stays as it is, and
 * what it, or by TFTP another file, says already that may not be said twice
 * (port, bind-interfaces) is left to that.  With its own result it changes
 * nothing.
 *
 * -EINVAL for a path, a subnet or an interface that dnsmasq would take for
 * something else; -EUCLEAN where one of the two lines is missing or there
 * twice; -ENOMEM.
 */
int prep_dnsmasq_conf_edit(const char *text, size_t length,
			   const struct prep_tftp *tftp,
			   struct prep_text *ret_text, struct pbf_reason *why);

#endif
