/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which clusters of a volume belong to somebody.  A cluster belongs to the
 * first chain that comes to it, and a chain ends where it meets another's:
 * so all chains of a volume together are walked in as many steps as it has
 * clusters, whatever they link to.
 */
#ifndef PBF_FAT_CLAIM_H
#define PBF_FAT_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "fat_volume.h"
#include "reason.h"

struct pbf_claims {
	struct pbf_fat_volume *volume;
	unsigned char *owned;	  /* a bit for each cluster */
	unsigned char *contested; /* another chain has come to it as well */
	/*
	 * When not NULL, is told of each contested cluster as it is claimed:
	 * for a second round, which finds out who came first.
	 */
	void (*meet)(void *context, uint32_t cluster);
	void *context;
};

/* How a claimed chain ends. */
enum pbf_claim_end {
	PBF_CLAIM_COMPLETE,   /* with the mark of a last cluster */
	PBF_CLAIM_FREE,	      /* `cluster` is free; it was not claimed */
	PBF_CLAIM_LEAVES,     /* `cluster` links out of the volume */
	PBF_CLAIM_LOOP,	      /* `cluster` is in this chain already */
	PBF_CLAIM_SHARED,     /* `cluster` belongs to another chain */
	PBF_CLAIM_UNREADABLE, /* the entry of `cluster` cannot be read */
};

struct pbf_claim {
	enum pbf_claim_end end;
	uint64_t count;	  /* clusters that are this chain's own */
	uint32_t cluster; /* at fault; the last one of a complete chain */
	uint32_t entry;	  /* what the table has for it; LEAVES only */
	/* The table's entry at fault, or the one that leads to `cluster`. */
	uint64_t offset_bytes;
};

/* VOLUME is borrowed.  -ENOMEM. */
int pbf_claims_init(struct pbf_claims *claims, struct pbf_fat_volume *volume);
void pbf_claims_release(struct pbf_claims *claims);

/* No cluster belongs to anybody again; which ones are contested is kept. */
void pbf_claims_restart(struct pbf_claims *claims);

bool pbf_claims_owned(const struct pbf_claims *claims, uint32_t cluster);

/*
 * Claims the chain that begins with FIRST_CLUSTER, which exists.  When its
 * very first cluster belongs to another, offset_bytes is PBF_REASON_NO_OFFSET.
 * -ENOMEM and -ETIMEDOUT; a table that cannot be read is PBF_CLAIM_UNREADABLE,
 * and WHY says why.
 */
int pbf_claim_chain(struct pbf_claims *claims, uint32_t first_cluster,
		    struct pbf_claim *ret_claim, struct pbf_reason *why);

#define _cleanup_claims_ _cleanup_(pbf_claims_release)

#endif
