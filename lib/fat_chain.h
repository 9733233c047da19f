/* SPDX-License-Identifier: BSD-2-Clause */
/* The clusters of one file, as the File Allocation Table chains them. */
#ifndef PBF_FAT_CHAIN_H
#define PBF_FAT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "fat_volume.h"
#include "reason.h"

/* Clusters that follow each other on the disk. */
struct pbf_cluster_run {
	uint32_t first_cluster;
	uint32_t cluster_count;
};

/* In the file's order. */
struct pbf_chain {
	struct pbf_cluster_run *runs;
	size_t run_count;
	size_t run_capacity;
};

/*
 * Walks the chain of a file of SIZE_BYTES that begins with FIRST_CLUSTER, as
 * copy FAT_INDEX of the table has it.  -EUCLEAN when the chain is free, short,
 * looped or leaves the volume; clusters beyond SIZE_BYTES do not matter.  A
 * loop is found within the volume's own number of clusters.  The caller gives
 * the runs back with pbf_chain_release().
 */
int pbf_fat_chain(struct pbf_fat_volume *volume, uint32_t fat_index,
		  uint32_t first_cluster, uint64_t size_bytes,
		  struct pbf_chain *ret_chain, struct pbf_reason *why);
void pbf_chain_release(struct pbf_chain *chain);
bool pbf_chain_equal(const struct pbf_chain *a, const struct pbf_chain *b);

/* Whether copy FAT_INDEX of the table has CHAIN too, as far as it goes. */
bool pbf_chain_is_in_copy(struct pbf_fat_volume *volume, uint32_t fat_index,
			  const struct pbf_chain *chain);

#define _cleanup_chain_ _cleanup_(pbf_chain_release)

#endif
