/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each client does, step by step: a text file with one step in a line,
 *
 *     get PATH      load the file and compare it with the reference
 *     probe PATH    ask for its size, and leave ("Early terminate")
 *     miss PATH     ask for a file that must not be there
 *
 * and the names of the boards that stand for each `%` in a path.  Blank lines
 * and lines that begin with `#` count for nothing, in both files.
 *
 * What cannot be loaded is said on standard error.
 */
#ifndef BENCH_SCRIPT_H
#define BENCH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

enum step_kind {
	STEP_GET,
	STEP_PROBE,
	STEP_MISS
};

/* A file as it should arrive; all clients share the one copy. */
struct reference {
	char *name; /* below the reference directory */
	unsigned char *bytes;
	size_t size_bytes;
};

struct step {
	enum step_kind kind;
	char *path;	  /* as in the script, `%` and all */
	size_t reference; /* index into references; not for STEP_MISS */
};

struct script {
	struct step *steps;
	size_t step_count;
	struct reference *references;
	size_t reference_count;
};

struct boards {
	char **names;
	size_t count;
};

/* One name a line; there must be one.  boards_free() afterwards. */
bool boards_load(const char *file, struct boards *ret_boards);
void boards_free(struct boards *boards);

/*
 * Reads the script FILE, and the references that it needs from REFERENCE_DIR:
 * the file's path less a leading "%/".  BOARDS may be empty, then a path must
 * have no `%`.  script_free() afterwards.
 */
bool script_load(const char *file, const char *reference_dir,
		 const struct boards *boards, struct script *ret_script);
void script_free(struct script *script);

/* The word for KIND in a script. */
const char *step_word(enum step_kind kind);

/*
 * The path that client number CLIENT asks for at STEP, in PATH, which has room
 * for TFTP_PATH_MAX_CHARS and a NUL.  Every path of a loaded script fits.
 */
void step_path(const struct step *step, const struct boards *boards,
	       unsigned int client, char *path);

#endif
