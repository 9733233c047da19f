/* SPDX-License-Identifier: BSD-2-Clause */
/* An image to change in place, and what to change it to. */
#ifndef PBF_UNIT_UNDO_BENCH_H
#define PBF_UNIT_UNDO_BENCH_H

#include "scratch.h"
#include "undo.h"

struct undo_bench {
	struct scratch scratch;
	char path[128]; /* of the image */
	int content_fd;
};

/* Makes an image of SIZE bytes, none like its neighbours. */
void undo_bench_make(struct undo_bench *bench, unsigned char *ret_image,
		     size_t size);
void undo_bench_free(struct undo_bench *bench);

/* Says what undo_bench_add() takes from. */
void undo_bench_set_content(struct undo_bench *bench,
			    const unsigned char *bytes, size_t length);

/* Adds a range that gets the content of the same place. */
void undo_bench_add(const struct undo_bench *bench, struct ranges *ranges,
		    uint64_t offset, uint64_t length);

#endif
