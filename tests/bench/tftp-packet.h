/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TFTP packets as bytes: a client's side of RFC 1350 with the options blksize
 * (RFC 2348) and tsize (RFC 2349), as a Raspberry Pi's boot loader uses them.
 * Nothing here does I/O.
 */
#ifndef BENCH_TFTP_PACKET_H
#define BENCH_TFTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tftp_operation {
	TFTP_RRQ = 1,
	TFTP_DATA = 3,
	TFTP_ACK = 4,
	TFTP_ERROR = 5,
	TFTP_OACK = 6
};

enum tftp_error {
	TFTP_NOT_DEFINED = 0,
	TFTP_NOT_FOUND = 1
};

/* Operation and block number, which is all of an ACK and heads DATA. */
#define TFTP_HEADER_BYTES 4
#define TFTP_BLKSIZE_MIN 8
#define TFTP_BLKSIZE_MAX 65464
#define TFTP_PATH_MAX_CHARS 400
/* Enough for every packet that a client sends (RFC 2347). */
#define TFTP_SENT_MAX_BYTES 512

/* What an OACK says.  An option that it does not name is 0 and not present. */
struct tftp_options {
	bool has_blksize;
	bool has_tsize;
	uint64_t blksize;
	uint64_t tsize;
};

static inline uint16_t get_be16(const unsigned char *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/*
 * The tftp_put_ functions write to PACKET, which has room for
 * TFTP_SENT_MAX_BYTES, and return the packet's length.
 */

/* Asks for PATH (at most TFTP_PATH_MAX_CHARS) with both options. */
size_t tftp_put_request(unsigned char *packet, const char *path,
			unsigned int blksize);
size_t tftp_put_ack(unsigned char *packet, uint16_t block);
/* MESSAGE is cut where it does not fit. */
size_t tftp_put_error(unsigned char *packet, enum tftp_error code,
		      const char *message);

/*
 * Reads an OACK.  False when it is malformed or grants an option that
 * tftp_put_request() does not ask for.
 */
bool tftp_get_options(const unsigned char *packet, size_t length,
		      struct tftp_options *ret_options);

/*
 * The message of an ERROR, which has its header, as one line of printable
 * text, cut to SIZE bytes with its NUL.
 */
void tftp_get_message(const unsigned char *packet, size_t length, char *text,
		      size_t size);

#endif
