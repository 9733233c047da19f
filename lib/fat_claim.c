/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_claim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fat_table.h"

static size_t map_bytes(const struct pbf_claims *claims)
{
	return pbf_fat_volume_geometry(claims->volume)->cluster_count / 8 + 1;
}

static bool has_bit(const unsigned char *map, uint32_t cluster)
{
	uint32_t bit = cluster - PBF_FAT_FIRST_CLUSTER;

	return map[bit / 8] >> bit % 8 & 1;
}

static void set_bit(unsigned char *map, uint32_t cluster)
{
	uint32_t bit = cluster - PBF_FAT_FIRST_CLUSTER;

	map[bit / 8] |= (unsigned char)(1u << bit % 8);
}

int pbf_claims_init(struct pbf_claims *claims, struct pbf_fat_volume *volume)
{
	*claims = (struct pbf_claims){ .volume = volume };
	/* The pages of a volume's unused parts are never touched. */
	claims->owned = calloc(map_bytes(claims), 1);
	claims->contested = calloc(map_bytes(claims), 1);
	if (claims->owned && claims->contested)
		return 0;
	pbf_claims_release(claims);
	return -ENOMEM;
}

void pbf_claims_release(struct pbf_claims *claims)
{
	free(claims->owned);
	free(claims->contested);
	*claims = (struct pbf_claims){ 0 };
}

void pbf_claims_restart(struct pbf_claims *claims)
{
	memset(claims->owned, 0, map_bytes(claims));
}

bool pbf_claims_owned(const struct pbf_claims *claims, uint32_t cluster)
{
	return has_bit(claims->owned, cluster);
}

static int read_link(const struct pbf_claims *claims, uint32_t cluster,
		     enum pbf_fat_link *ret_link, uint32_t *ret_next,
		     struct pbf_reason *why)
{
	return pbf_fat_link(claims->volume,
			    pbf_fat_volume_geometry(claims->volume)->active_fat,
			    cluster, ret_link, ret_next, why);
}

static uint64_t link_offset(const struct pbf_claims *claims, uint32_t cluster)
{
	return pbf_fat_link_offset(
		claims->volume,
		pbf_fat_volume_geometry(claims->volume)->active_fat, cluster);
}

/*
 * Whether CLUSTER is among the COUNT that begin with FIRST_CLUSTER.  It costs
 * as many steps as claiming them did.
 */
static bool is_in_chain(const struct pbf_claims *claims, uint32_t cluster,
			uint32_t first_cluster, uint64_t count)
{
	uint32_t at = first_cluster;

	for (uint64_t i = 0; i < count; i++) {
		enum pbf_fat_link link;

		if (at == cluster)
			return true;
		if (read_link(claims, at, &link, &at, NULL) < 0 ||
		    link != PBF_LINK_NEXT)
			return false;
	}
	return false;
}

static void claim_cluster(struct pbf_claims *claims, struct pbf_claim *claim)
{
	set_bit(claims->owned, claim->cluster);
	claim->count++;
	if (claims->meet && has_bit(claims->contested, claim->cluster))
		claims->meet(claims->context, claim->cluster);
}

/* CLAIM comes to a cluster that belongs to somebody. */
static void contest_cluster(const struct pbf_claims *claims,
			    uint32_t first_cluster, struct pbf_claim *claim)
{
	claim->end = PBF_CLAIM_LOOP;
	if (is_in_chain(claims, claim->cluster, first_cluster, claim->count))
		return;
	claim->end = PBF_CLAIM_SHARED;
	set_bit(claims->contested, claim->cluster);
}

int pbf_claim_chain(struct pbf_claims *claims, uint32_t first_cluster,
		    struct pbf_claim *ret_claim, struct pbf_reason *why)
{
	struct pbf_claim claim = {
		.cluster = first_cluster,
		.offset_bytes = PBF_REASON_NO_OFFSET,
	};

	for (;;) {
		enum pbf_fat_link link;
		uint32_t next;
		int error = read_link(claims, claim.cluster, &link, &next, why);

		if (error < 0 && error != -EIO)
			return error;
		/* A cluster that is owned is not free. */
		if (error == 0 && pbf_claims_owned(claims, claim.cluster)) {
			contest_cluster(claims, first_cluster, &claim);
			break;
		}
		claim.offset_bytes = link_offset(claims, claim.cluster);
		if (error < 0 || link == PBF_LINK_FREE) {
			claim.end = error < 0 ? PBF_CLAIM_UNREADABLE :
						PBF_CLAIM_FREE;
			break;
		}
		claim_cluster(claims, &claim);
		if (link != PBF_LINK_NEXT) {
			claim.end = link == PBF_LINK_END ? PBF_CLAIM_COMPLETE :
							   PBF_CLAIM_LEAVES;
			claim.entry = next;
			break;
		}
		claim.cluster = next;
	}
	*ret_claim = claim;
	return 0;
}
