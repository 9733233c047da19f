/* SPDX-License-Identifier: BSD-2-Clause */
/* In which of this machine's networks a server's address is. */
#ifndef PREP_NETWORK_H
#define PREP_NETWORK_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>

struct prep_network {
	char interface[IF_NAMESIZE];
	char subnet[INET_ADDRSTRLEN]; /* its first address */
};

/* Whether HOST is an IPv4 address; names are not looked up. */
bool prep_network_is_address(const char *host);

/*
 * Finds the interface that has HOST, an IPv4 address, or else one in whose
 * network it is; loopback and point-to-point interfaces do not count.  With
 * INTERFACE, only that one, wherever HOST (which may be NULL) is.  False when
 * there is none.
 */
bool prep_network_find(const char *host, const char *interface,
		       struct prep_network *ret_network);

#endif
