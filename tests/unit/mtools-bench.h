/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A boot partition in an image, made by mkfs.vfat, and the copy of it that is
 * under test.  What cannot be done here fails the test.
 */
#ifndef PBF_UNIT_MTOOLS_BENCH_H
#define PBF_UNIT_MTOOLS_BENCH_H

#include <stdint.h>

#include "boot_copy.h"
#include "scratch.h"

/* Where the partition begins in the image; behind it is as much again. */
#define MTOOLS_BENCH_START (1u << 20)

/* FAT16 or FAT32, each with clusters of 512 bytes. */
#define MTOOLS_BENCH_SMALL (4u << 20)
#define MTOOLS_BENCH_LARGE (40u << 20)

struct mtools_bench {
	struct scratch scratch;
	uint64_t size_bytes;
	int image_fd;
	struct prep_boot boot; /* taken from the image */
};

void mtools_bench_make(struct mtools_bench *bench, uint64_t size_bytes);
void mtools_bench_release(struct mtools_bench *bench);

/* Takes the copy anew, from an image that was changed. */
void mtools_bench_copy(struct mtools_bench *bench);

/* Runs a command on the copy, whose path takes the place of a %s. */
void mtools_bench_run(const struct mtools_bench *bench, const char *command);

/* Runs a shell command in the directory of the bench. */
void mtools_bench_shell(const struct mtools_bench *bench, const char *command);

#endif
