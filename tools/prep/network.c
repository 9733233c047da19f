/* SPDX-License-Identifier: BSD-2-Clause */
#include "network.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

static void free_addresses(struct ifaddrs **addresses)
{
	if (*addresses)
		freeifaddrs(*addresses);
}

static uint32_t ipv4_of(const struct sockaddr *address)
{
	struct sockaddr_in in;

	memcpy(&in, address, sizeof(in));
	return ntohl(in.sin_addr.s_addr);
}

static bool may_have_boards(const struct ifaddrs *item)
{
	return item->ifa_addr && item->ifa_netmask &&
	       item->ifa_addr->sa_family == AF_INET &&
	       !(item->ifa_flags & (IFF_LOOPBACK | IFF_POINTOPOINT));
}

/*
 * An address may have a label, "eth0:1", by which getifaddrs(3) calls it; the
 * interface is what is before the colon, and dnsmasq knows only that.
 */
static int name_length(const struct ifaddrs *item)
{
	return (int)strcspn(item->ifa_name, ":");
}

static bool is_of(const struct ifaddrs *item, const char *interface)
{
	size_t length = (size_t)name_length(item);

	return strlen(interface) == length &&
	       memcmp(interface, item->ifa_name, length) == 0;
}

static void take(const struct ifaddrs *item, struct prep_network *network)
{
	struct in_addr first = { .s_addr = htonl(ipv4_of(item->ifa_addr) &
						 ipv4_of(item->ifa_netmask)) };

	snprintf(network->interface, sizeof(network->interface), "%.*s",
		 name_length(item), item->ifa_name);
	inet_ntop(AF_INET, &first, network->subnet, sizeof(network->subnet));
}

bool prep_network_is_address(const char *host)
{
	struct in_addr in;

	return inet_pton(AF_INET, host, &in) == 1;
}

bool prep_network_find(const char *host, const char *interface,
		       struct prep_network *ret_network)
{
	_cleanup_(free_addresses) struct ifaddrs *addresses = NULL;
	struct in_addr in;
	uint32_t wanted;
	bool is_found = false;

	if (!interface && (!host || inet_pton(AF_INET, host, &in) != 1))
		return false;
	if (getifaddrs(&addresses) < 0)
		return false;
	wanted = interface ? 0 : ntohl(in.s_addr);
	for (const struct ifaddrs *item = addresses; item;
	     item = item->ifa_next) {
		uint32_t own, mask;

		if (!may_have_boards(item))
			continue;
		if (interface && !is_of(item, interface))
			continue;
		own = ipv4_of(item->ifa_addr);
		mask = ipv4_of(item->ifa_netmask);
		if (!interface && ((own ^ wanted) & mask) != 0)
			continue;
		if (!is_found || own == wanted)
			take(item, ret_network);
		is_found = true;
	}
	return is_found;
}
