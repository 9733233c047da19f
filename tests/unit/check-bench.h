/* SPDX-License-Identifier: BSD-2-Clause */
/* A small volume with something in each place, and what a check finds in it. */
#ifndef PBF_UNIT_CHECK_BENCH_H
#define PBF_UNIT_CHECK_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "fat_check.h"
#include "volume-bench.h"

/* The volume begins at this byte of the image; clusters have 512. */
#define START 4096u
#define CLUSTER 512u
/* First clusters of what is in the volume; the rest follows each. */
#define FILE_A 10u    /* A.BIN: 3 clusters */
#define FILE_B 20u    /* B.BIN: 3 clusters */
#define DIRECTORY 30u /* DIR: 1 cluster */
#define DEEP_FILE 40u /* DIR/DEEP.BIN: 2 clusters */

struct check_bench {
	struct volume_bench volume;
	struct pbf_health health;
};

void check_bench_free(struct check_bench *bench);

/* Builds the volume of FAT12, 16 or 32; what was built before goes. */
void check_bench_build(struct check_bench *bench, uint32_t type);
/* Builds an empty volume. */
void check_bench_build_empty(struct check_bench *bench,
			     const struct fat_layout *layout);

/* Checks what was built; the second cut to LENGTH bytes of image. */
void check_bench_check(struct check_bench *bench);
void check_bench_check_cut(struct check_bench *bench, size_t length);

/* The first fault of a kind that was found; fails when there is none. */
const struct pbf_fault *check_bench_fault(const struct check_bench *bench,
					  enum pbf_fault_kind kind);

/* Checks: among the faults is one of this kind, and this is what it says. */
void check_bench_expect_among(struct check_bench *bench,
			      enum pbf_fault_kind kind, const char *path,
			      uint64_t offset, const char *words);
/* The same, and it is the only one. */
void check_bench_expect(struct check_bench *bench, enum pbf_fault_kind kind,
			const char *path, uint64_t offset, const char *words);

/* The FAT's entry of CLUSTER becomes VALUE, in all copies. */
void check_bench_link(struct check_bench *bench, uint32_t cluster,
		      uint32_t value);

/* Where the entry of CLUSTER lies in the image. */
uint64_t check_bench_link_at(const struct check_bench *bench, uint32_t cluster);

/* Adds a slot of a file or directory and nothing else; returns where. */
uint64_t check_bench_add_file(struct check_bench *bench, uint32_t directory,
			      const char *name, uint32_t first_cluster,
			      uint32_t size);
uint64_t check_bench_add_directory(struct check_bench *bench,
				   uint32_t directory, const char *name,
				   uint32_t first_cluster);

#endif
