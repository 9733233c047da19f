/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All requests of one boot: which prefix goes before the names, what the
 * client of the running stage makes of an answer, and the log, in which each
 * request is one line, "PATH (OPTIONS): RESULT".  Lines that begin with "# "
 * say what a boot loader thinks of it.
 */
#ifndef ROM_SESSION_H
#define ROM_SESSION_H

#include <stdio.h>

#include "reason.h"
#include "rom_tftp.h"

/* TFTP_PREFIX_STR has at most 32 (raspberrypi/documentation, eeprom). */
#define ROM_PREFIX_BYTES 33u

struct rom_session {
	struct rom_server server;
	struct rom_habits habits; /* of the running stage */
	/* Reads probe first and ask again for the content. */
	bool probes_first;
	char prefix[ROM_PREFIX_BYTES]; /* ends with the slash it may have */
	FILE *log;
	int out_fd; /* -1: nothing is kept */
};

/*
 * Each asks for NAME behind the prefix and returns 0 when it is there; -ENOENT
 * when it is not, or the stage takes it for missing; -ETIMEDOUT when it did
 * not come and the stage gives up then, -ETIME when the whole boot takes too
 * long, or what the system says, all three with a reason.
 */

/* Whether it is there: "Early terminate". */
int rom_probe(const struct rom_session *session, const char *name,
	      struct pbf_reason *why);

/* RET_ANSWER, for rom_answer_free(), has the file. */
int rom_get(const struct rom_session *session, const char *name,
	    struct rom_answer *ret_answer, struct pbf_reason *why);

/* As rom_get(), with a probe before it where that is the stage's habit. */
int rom_read(const struct rom_session *session, const char *name,
	     struct rom_answer *ret_answer, struct pbf_reason *why);

/*
 * rom_read() of a file that there seldom is and that changes nothing here: 0
 * too when it is missing.
 */
int rom_read_seldom(const struct rom_session *session, const char *name,
		    struct pbf_reason *why);

/* A line that begins with "# ". */
__attribute__((format(printf, 2, 3))) void
rom_remark(const struct rom_session *session, const char *format, ...);

#endif
