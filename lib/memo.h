/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What names led to, for as long as their image is provably unchanged: a board
 * asks for the same names again and again, most of them in vain, and in an
 * image that nobody writes to the answer needs no reading.  An answer is kept
 * together with the stamp that proves it and never outlives it.
 *
 * Threads: any may call; the memo has its own lock.
 */
#ifndef PBF_MEMO_H
#define PBF_MEMO_H

#include <stdbool.h>
#include <time.h>

#include "catalog.h"
#include "source.h"
#include "version.h"

struct pbf_memo;

enum pbf_answer_kind {
	PBF_ANSWER_ABSENT,
	PBF_ANSWER_DIRECTORY,
	PBF_ANSWER_FILE,
};

struct pbf_answer {
	enum pbf_answer_kind kind;
	struct timespec modified;    /* of a directory */
	struct pbf_version *version; /* of a file */
};

/* What an answer depends on: the image, and its settings. */
struct pbf_proof {
	struct pbf_stamp image;
	bool has_conf;
	struct pbf_stamp conf;
};

int pbf_memo_new(struct pbf_catalog *catalog, struct pbf_memo **ret_memo);
void pbf_memo_free(struct pbf_memo *memo);

/*
 * The answer known for PATH (as asked for) in SOURCE, if it is proven within
 * REACH; with a reference to its version.  Looks at stamps only, and at the
 * image's only by its name.
 */
bool pbf_memo_recall(struct pbf_memo *memo, const char *source,
		     const char *path, enum pbf_reach reach,
		     struct pbf_answer *ret_answer);

/*
 * Keeps ANSWER if it can be proven.  BEFORE was taken by pbf_memo_prepare()
 * before the image was opened, IMAGE is the stamp from opening it.
 */
void pbf_memo_prepare(struct pbf_memo *memo, const char *source,
		      struct pbf_proof *ret_before);
void pbf_memo_keep(struct pbf_memo *memo, const char *source, const char *path,
		   const struct pbf_proof *before,
		   const struct pbf_stamp *image,
		   const struct pbf_answer *answer);

#endif
