/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A check of a volume under way: fat_check.c looks at its table and keeps the
 * faults, fat_check_tree.c goes through its directories.
 */
#ifndef PBF_FAT_CHECK_INTERNAL_H
#define PBF_FAT_CHECK_INTERNAL_H

#include "fat_check.h"
#include "fat_claim.h"
#include "fat_dir.h"

/* Every directory on the way, and a file in the last one. */
#define PBF_CHECK_PATH_BYTES ((PBF_FAT_DEPTH_MAX + 2) * PBF_NAME_BYTES)

struct pbf_check {
	struct pbf_fat_volume *volume;
	struct pbf_claims claims;
	/* What there is of the volume in partition and image, in bytes. */
	uint64_t readable_bytes;
	/* What is being looked at; names separated by '/'. */
	char path[PBF_CHECK_PATH_BYTES];
	/*
	 * The second round finds who came first to clusters that are contested.
	 * It meets the same faults again, and does not count them.
	 */
	bool second_round;
	bool out_of_memory;
	struct pbf_health health;
};

/* Keeps a fault of what is at check->path. */
void pbf_check_add(struct pbf_check *check, enum pbf_fault_kind kind,
		   const struct pbf_reason *why);

/* The same, for a cluster that belongs to somebody else already. */
void pbf_check_add_cross_link(struct pbf_check *check, uint32_t cluster,
			      const struct pbf_reason *why);

/*
 * Goes through all directories and claims every chain.  -ENOMEM, -ETIMEDOUT.
 */
int pbf_check_tree(struct pbf_check *check);

#endif
