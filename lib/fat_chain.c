/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checked.h"
#include "fat_table.h"
#include "fat_volume_internal.h"

/* A walk along a chain, whose steps are what makes a large file slow. */
struct chain_walk {
	struct pbf_fat_volume *volume;
	uint32_t fat_index;
	uint32_t last_cluster; /* of the volume */
	uint32_t cluster;
	uint32_t entry;	 /* of `cluster` */
	uint64_t done;	 /* clusters, up to and with this one */
	uint64_t needed; /* clusters in all */
};

static uint32_t last_cluster(const struct pbf_fat_volume *volume)
{
	return pbf_fat_volume_geometry(volume)->cluster_count +
	       PBF_FAT_FIRST_CLUSTER - 1;
}

static int append_run(struct pbf_chain *chain, uint32_t first_cluster,
		      uint32_t cluster_count)
{
	if (chain->run_count == chain->run_capacity) {
		size_t capacity = chain->run_capacity * 2 + 8;
		struct pbf_cluster_run *runs =
			realloc(chain->runs, capacity * sizeof(chain->runs[0]));

		if (!runs)
			return -ENOMEM;
		chain->runs = runs;
		chain->run_capacity = capacity;
	}
	chain->runs[chain->run_count++] = (struct pbf_cluster_run){
		.first_cluster = first_cluster,
		.cluster_count = cluster_count,
	};
	return 0;
}

/* Says why the chain cannot go on here. */
static int refuse_step(const struct chain_walk *walk, struct pbf_reason *why)
{
	uint64_t offset = pbf_fat_link_offset(walk->volume, walk->fat_index,
					      walk->cluster);
	enum pbf_fat_link kind = pbf_fat_link_kind(walk->volume, walk->entry);

	if (kind == PBF_LINK_FREE)
		return pbf_refuse(why, -EUCLEAN, offset,
				  "chain runs into free cluster %u after %llu "
				  "of %llu clusters",
				  walk->cluster, (unsigned long long)walk->done,
				  (unsigned long long)walk->needed);
	if (kind == PBF_LINK_END)
		return pbf_refuse(why, -EUCLEAN, offset,
				  "chain ends after %llu of %llu clusters",
				  (unsigned long long)walk->done,
				  (unsigned long long)walk->needed);
	return pbf_refuse(why, -EUCLEAN, offset,
			  "chain leaves the volume: cluster %u links to %#x",
			  walk->cluster, walk->entry);
}

/*
 * A cluster that comes twice belongs to a loop.  Within one run clusters are
 * distinct; across runs a bit for each cluster tells.
 */
static int check_distinct(const struct pbf_fat_volume *volume,
			  const struct pbf_chain *chain, uint32_t fat_index,
			  struct pbf_reason *why)
{
	_cleanup_free_ unsigned char *seen = NULL;

	if (chain->run_count <= 1)
		return 0;
	seen = calloc(pbf_fat_volume_geometry(volume)->cluster_count / 8 + 1,
		      1);
	if (!seen)
		return -ENOMEM;
	for (size_t i = 0; i < chain->run_count; i++) {
		uint32_t first = chain->runs[i].first_cluster;

		for (uint32_t j = 0; j < chain->runs[i].cluster_count; j++) {
			uint32_t bit = first + j - PBF_FAT_FIRST_CLUSTER;
			unsigned char mask = (unsigned char)(1u << bit % 8);

			if (seen[bit / 8] & mask)
				return pbf_refuse(
					why, -EUCLEAN,
					pbf_fat_link_offset(volume, fat_index,
							    first + j),
					"chain loops through cluster %u",
					first + j);
			seen[bit / 8] |= mask;
		}
	}
	return 0;
}

/*
 * Goes on as long as the next cluster of the chain is the next on the disk.
 * walk->entry then leads elsewhere, or is the last needed cluster's.
 */
static int walk_run(struct chain_walk *walk, struct pbf_reason *why)
{
	uint32_t last = walk->last_cluster;

	for (;;) {
		const struct pbf_table_page *page;
		uint32_t cluster = walk->cluster;
		uint64_t end = cluster + (walk->needed - walk->done);
		int error = pbf_fat_page(walk->volume, walk->fat_index, cluster,
					 &page, why);

		if (error < 0)
			return error;
		if (end > page->first_cluster + page->entry_count)
			end = page->first_cluster + page->entry_count;
		if (end > last)
			end = last;
		while (cluster < end &&
		       pbf_page_entry(page, cluster) == cluster + 1)
			cluster++;
		walk->done += cluster - walk->cluster;
		walk->cluster = cluster;
		if (cluster - page->first_cluster < page->entry_count) {
			walk->entry = pbf_page_entry(page, cluster);
			return 0;
		}
	}
}

/* Follows the links up to the last cluster's, which may lead anywhere. */
static int walk_chain(struct chain_walk *walk, struct pbf_chain *chain,
		      struct pbf_reason *why)
{
	for (walk->done = 1;; walk->done++) {
		uint32_t first = walk->cluster;
		int error = walk_run(walk, why);

		if (error == 0)
			error = append_run(chain, first,
					   walk->cluster - first + 1);
		if (error < 0 || walk->done == walk->needed)
			return error;
		if (walk->entry < PBF_FAT_FIRST_CLUSTER ||
		    walk->entry > walk->last_cluster)
			return refuse_step(walk, why);
		walk->cluster = walk->entry;
	}
}

int pbf_fat_chain(struct pbf_fat_volume *volume, uint32_t fat_index,
		  uint32_t first_cluster, uint64_t size_bytes,
		  struct pbf_chain *ret_chain, struct pbf_reason *why)
{
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(volume);
	struct chain_walk walk = {
		.volume = volume,
		.fat_index = fat_index,
		.last_cluster = last_cluster(volume),
		.cluster = first_cluster,
		.needed = div_round_up(size_bytes, geometry->cluster_bytes),
	};
	_cleanup_chain_ struct pbf_chain chain = { 0 };
	enum pbf_fat_link last_link;
	int error;

	if (walk.needed == 0) {
		*ret_chain = (struct pbf_chain){ 0 };
		return 0;
	}
	if (!pbf_fat_cluster_exists(volume, first_cluster))
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "first cluster %#x is not in the volume",
				  first_cluster);
	if (walk.needed > geometry->cluster_count)
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "size of %llu bytes is more than the volume "
				  "holds",
				  (unsigned long long)size_bytes);
	error = walk_chain(&walk, &chain, why);
	if (error < 0)
		return error;
	/*
	 * What follows the last cluster is of no interest, unless it tells
	 * that the chain was freed: then the clusters belong to nobody, or
	 * soon to another file.
	 */
	last_link = pbf_fat_link_kind(volume, walk.entry);
	if (last_link == PBF_LINK_FREE)
		return refuse_step(&walk, why);
	/* Who comes to an end has not gone round in a loop. */
	if (last_link != PBF_LINK_END)
		error = check_distinct(volume, &chain, fat_index, why);
	if (error < 0)
		return error;
	*ret_chain = chain;
	chain = (struct pbf_chain){ 0 };
	return 0;
}

void pbf_chain_release(struct pbf_chain *chain)
{
	free(chain->runs);
	*chain = (struct pbf_chain){ 0 };
}

bool pbf_chain_equal(const struct pbf_chain *a, const struct pbf_chain *b)
{
	return a->run_count == b->run_count &&
	       (a->run_count == 0 ||
		memcmp(a->runs, b->runs, a->run_count * sizeof(a->runs[0])) ==
			0);
}

bool pbf_chain_is_in_copy(struct pbf_fat_volume *volume, uint32_t fat_index,
			  const struct pbf_chain *chain)
{
	struct chain_walk walk = {
		.volume = volume,
		.fat_index = fat_index,
		.last_cluster = last_cluster(volume),
	};

	for (size_t i = 0; i < chain->run_count; i++) {
		const struct pbf_cluster_run *run = &chain->runs[i];

		/* The entry is the last run's: does it lead here? */
		if (i > 0 && walk.entry != run->first_cluster)
			return false;
		walk.cluster = run->first_cluster;
		walk.done = 1;
		walk.needed = run->cluster_count;
		if (walk_run(&walk, NULL) < 0 || walk.done != walk.needed)
			return false;
	}
	return chain->run_count == 0 || walk.entry != 0;
}
