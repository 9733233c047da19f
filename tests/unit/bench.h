/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An image directory with one image, disk.img, that a test can change while
 * the code under test reads it.  The image is built in memory; nothing of it
 * is on the disk before bench_save().
 *
 *	/CONFIG.TXT	"a=b\n", in cluster 5
 *	/KERNEL.IMG	BENCH_KERNEL_BYTES, from cluster 10 on
 *	/DIR		a directory, in cluster 6
 */
#ifndef PBF_UNIT_BENCH_H
#define PBF_UNIT_BENCH_H

#include "catalog.h"
#include "fat-image.h"
#include "scratch.h"
#include "source.h"

#define BENCH_IMAGE "disk.img"
#define BENCH_CLUSTER_BYTES 4096u
#define BENCH_CONFIG_CLUSTER 5u
#define BENCH_KERNEL_CLUSTER 10u
/* Three pieces of the 128 KiB that are read at a time; the last is short. */
#define BENCH_PIECE_BYTES (128u * 1024u)
#define BENCH_KERNEL_BYTES (2u * BENCH_PIECE_BYTES + 44001u)
#define BENCH_KERNEL_CLUSTERS \
	((BENCH_KERNEL_BYTES + BENCH_CLUSTER_BYTES - 1) / BENCH_CLUSTER_BYTES)

struct bench {
	struct scratch scratch;
	struct fat_image *image;
	struct pbf_catalog *catalog;
	uint64_t config_slot, kernel_slot; /* in the image */
};

/* Makes everything and saves it; the kernel has the content of seed 1. */
void bench_make(struct bench *bench);
void bench_free(struct bench *bench);

/* Writes the image as it is in memory: in place, or as a new file. */
void bench_save(struct bench *bench);
void bench_replace(struct bench *bench);

/* The kernel's content for a SEED, for as long as the test runs. */
const unsigned char *bench_content(unsigned int seed);
void bench_write_kernel(struct bench *bench, unsigned int seed);

/* Moves the kernel to other clusters, content and all. */
void bench_move_kernel(struct bench *bench, uint32_t first_cluster);

/* Changes the size in a slot. */
void bench_set_size(struct bench *bench, uint64_t slot, uint32_t size);

/* Opens the source and finds PATH in it; the caller releases both. */
void bench_find(struct bench *bench, const char *path,
		struct pbf_source *ret_source, struct pbf_found *ret_found);

#endif
