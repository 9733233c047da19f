/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One board: goes through the script once, a request after the other, each
 * from a socket of its own and in lock step, one ACK for one block.  Content
 * is compared as it arrives and never kept.  A client ends with its last step
 * or its first fault.
 *
 * Clients of one load share the epoll instance, in which each has at most one
 * socket, whose events carry the client's address.
 */
#ifndef BENCH_TFTP_CLIENT_H
#define BENCH_TFTP_CLIENT_H

#include <netinet/in.h>
#include <stdint.h>

#include "script.h"
#include "tally.h"
#include "tftp-packet.h"

/* No packet of a UDP socket is longer. */
#define CLIENT_RECEIVED_MAX_BYTES 65536

/* What all clients have in common. */
struct load {
	const struct script *script;
	const struct boards *boards;
	struct sockaddr_in server;
	unsigned int blksize;
	int64_t patience_ns; /* without progress, until a client gives up */
	int epoll_fd;
	unsigned int running; /* clients that have not ended */
	struct tally *tally;
	unsigned char received[CLIENT_RECEIVED_MAX_BYTES];
};

struct client {
	struct load *load;
	unsigned int number;
	size_t step;	  /* index of the current one */
	int fd;		  /* of the current request; -1 when ended */
	bool answered;	  /* the server's port is known and connected to */
	uint64_t awaited; /* block; 0 for the answer to the request */
	int64_t requested_ns;
	int64_t progress_ns; /* when what was awaited last came */
	int64_t sent_ns;
	size_t sent_length;
	unsigned char sent[TFTP_SENT_MAX_BYTES]; /* last packet, to repeat */
};

int64_t monotonic_ns(void);

/* Sends the first request. */
void client_start(struct client *client, struct load *load,
		  unsigned int number);

/* Takes one packet from the socket, which is ready. */
void client_receive(struct client *client);

/*
 * Repeats the last packet when it is a second old, and gives up when the load's
 * patience is over.  To be called a few times in a second.
 */
void client_tick(struct client *client, int64_t now_ns);

#endif
