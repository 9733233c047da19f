/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One TFTP request as a Raspberry Pi makes it: the options and habits of its
 * boot code (each stage has a client of its own), and what comes of it.
 * Where no source is named, it is in the logs that rom_boot.h names.
 */
#ifndef ROM_TFTP_H
#define ROM_TFTP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bench/tftp-packet.h"
#include "cleanup.h"

#define _cleanup_answer_ _cleanup_(rom_answer_free)

/* A server could send blocks for ever. */
#define ROM_FILE_MAX_BYTES ((size_t)512 << 20)

/* The server, and until when all has to be done, in rom_now_ms(). */
struct rom_server {
	struct sockaddr_in address;
	int64_t deadline_ms;
};

/* How the client of one stage goes about it. */
struct rom_habits {
	bool wants_tsize;
	unsigned int blksize; /* 0: does not ask for one, so it is 512 */
	/*
	 * "Early terminate" of a probe comes after the OACK was acknowledged
	 * and a block came, not in answer to the OACK.
	 */
	bool acks_probe;
	/* Block numbers do not go on after 65535: there the file ends. */
	bool has_block_limit;
	/* A file without tsize in an OACK is taken for missing. */
	bool needs_tsize;
	/* A file that does not come in time is taken for missing. */
	bool timeout_is_missing;
	int64_t file_timeout_ms; /* from the request to the last block */
	int64_t retransmit_ms;
};

enum rom_outcome {
	ROM_LOADED,
	ROM_PROBED, /* it is there, and that was all to know */
	ROM_NOT_FOUND,
	ROM_ERROR, /* the server sent another error, or nonsense */
	ROM_TIMEOUT
};

struct rom_file {
	unsigned char *bytes; /* NULL when there are none */
	size_t length;
};

struct rom_answer {
	enum rom_outcome outcome;
	struct rom_file file; /* of ROM_LOADED; the caller's */
	struct tftp_options granted;
	bool is_cut; /* at the block limit */
	uint16_t error_code;
	char message[80]; /* of ROM_ERROR */
};

int64_t rom_now_ms(void);

/*
 * Asks for PATH, of at most TFTP_PATH_MAX_CHARS, once, from a new port.  0
 * when something is known of the file, whatever that is; -ETIME when the
 * server's deadline is over, -ENOMEM, or the negative errno of a system call.
 */
int rom_transfer(const struct rom_server *server,
		 const struct rom_habits *habits, const char *path,
		 bool is_probe, struct rom_answer *ret_answer);

void rom_answer_free(struct rom_answer *answer);

#endif
