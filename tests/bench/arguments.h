/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments of the TFTP clients' command lines.  What is wrong is said on
 * standard error, with the argument and the program's own name.
 */
#ifndef BENCH_ARGUMENTS_H
#define BENCH_ARGUMENTS_H

#include <netinet/in.h>
#include <stdbool.h>

/* Says that VALUE has this PROBLEM; always false. */
bool argument_refuse(const char *problem, const char *value);

/* A decimal number from MIN to MAX. */
bool argument_number(const char *text, unsigned long min, unsigned long max,
		     unsigned int *ret_number);

/* ADDRESS[:PORT] of a TFTP server, IPv4. */
bool argument_server(const char *text, struct sockaddr_in *ret_server);

#endif
