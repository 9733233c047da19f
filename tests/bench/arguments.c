/* SPDX-License-Identifier: BSD-2-Clause */
#include "arguments.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TFTP_PORT 69

bool argument_refuse(const char *problem, const char *value)
{
	fprintf(stderr, "%s: %s: %s; see \"%s -h\"\n",
		program_invocation_short_name, value, problem,
		program_invocation_short_name);
	return false;
}

bool argument_number(const char *text, unsigned long min, unsigned long max,
		     unsigned int *ret_number)
{
	unsigned long number;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return argument_refuse("not a number", text);
	errno = 0;
	number = strtoul(text, &end, 10);
	if (*end != '\0')
		return argument_refuse("not a number", text);
	if (errno != 0 || number < min || number > max)
		return argument_refuse("out of range", text);
	*ret_number = (unsigned int)number;
	return true;
}

bool argument_server(const char *text, struct sockaddr_in *ret_server)
{
	struct sockaddr_in server = { .sin_family = AF_INET };
	size_t length = strcspn(text, ":");
	char address[INET_ADDRSTRLEN];
	unsigned int port = TFTP_PORT;

	if (length >= sizeof(address))
		return argument_refuse("not an IPv4 address", text);
	memcpy(address, text, length);
	address[length] = '\0';
	if (inet_pton(AF_INET, address, &server.sin_addr) != 1)
		return argument_refuse("not an IPv4 address", text);
	if (text[length] == ':' &&
	    !argument_number(text + length + 1, 1, UINT16_MAX, &port))
		return false;
	server.sin_port = htons((uint16_t)port);
	*ret_server = server;
	return true;
}
