/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_volume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "checked.h"

/* The pieces of the table that a volume keeps while it is open. */
#define TABLE_PAGE_BYTES 8192u
#define TABLE_PAGES 16u

struct table_page {
	uint64_t offset_bytes; /* from the volume's start */
	uint32_t length;       /* 0: nothing read yet */
	unsigned char bytes[TABLE_PAGE_BYTES];
};

struct pbf_fat_volume {
	struct pbf_image *image;
	uint64_t start_bytes;
	uint64_t size_bytes;
	struct pbf_fat_geometry geometry;
	enum pbf_code_page code_page;
	struct pbf_reason oddity;
	struct table_page *pages[TABLE_PAGES];
};

int pbf_fat_volume_open(struct pbf_image *image, uint64_t start_bytes,
			uint64_t size_bytes, struct pbf_fat_volume **ret_volume,
			struct pbf_reason *why)
{
	unsigned char sector[PBF_FAT_BOOT_BYTES];
	_cleanup_volume_ struct pbf_fat_volume *volume =
		calloc(1, sizeof(*volume));
	int error;

	if (!volume)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	volume->image = image;
	volume->start_bytes = start_bytes;
	volume->size_bytes = size_bytes;
	error = pbf_fat_volume_read(volume, 0, sector, sizeof(sector), why);
	if (error < 0)
		return error;
	error = pbf_fat_boot_decode(sector, size_bytes, &volume->geometry, why);
	if (error < 0) {
		if (why)
			why->offset_bytes += start_bytes;
		return error;
	}
	*ret_volume = volume;
	volume = NULL;
	return 0;
}

void pbf_fat_volume_free(struct pbf_fat_volume *volume)
{
	if (!volume)
		return;
	for (size_t i = 0; i < TABLE_PAGES; i++)
		free(volume->pages[i]);
	free(volume);
}

const struct pbf_fat_geometry *
pbf_fat_volume_geometry(const struct pbf_fat_volume *volume)
{
	return &volume->geometry;
}

uint64_t pbf_fat_volume_start(const struct pbf_fat_volume *volume)
{
	return volume->start_bytes;
}

void pbf_fat_volume_set_code_page(struct pbf_fat_volume *volume,
				  enum pbf_code_page page)
{
	volume->code_page = page;
}

enum pbf_code_page pbf_fat_volume_code_page(const struct pbf_fat_volume *volume)
{
	return volume->code_page;
}

void pbf_fat_volume_note(struct pbf_fat_volume *volume, uint64_t offset_bytes,
			 const char *text)
{
	if (volume->oddity.text[0] == '\0')
		pbf_refuse(&volume->oddity, 0, offset_bytes, "%s", text);
}

const struct pbf_reason *
pbf_fat_volume_oddity(const struct pbf_fat_volume *volume)
{
	return volume->oddity.text[0] != '\0' ? &volume->oddity : NULL;
}

int pbf_fat_volume_read(struct pbf_fat_volume *volume, uint64_t offset_bytes,
			void *buffer, size_t length, struct pbf_reason *why)
{
	uint64_t end_bytes;

	if (!checked_add(offset_bytes, length, &end_bytes) ||
	    end_bytes > volume->size_bytes)
		return pbf_refuse(why, -EIO, volume->start_bytes + offset_bytes,
				  "lies beyond the end of the partition, "
				  "which has %llu bytes",
				  (unsigned long long)volume->size_bytes);
	return pbf_image_read(volume->image, volume->start_bytes + offset_bytes,
			      buffer, length, why);
}

bool pbf_fat_cluster_exists(const struct pbf_fat_volume *volume,
			    uint32_t cluster)
{
	return cluster >= PBF_FAT_FIRST_CLUSTER &&
	       cluster - PBF_FAT_FIRST_CLUSTER < volume->geometry.cluster_count;
}

uint64_t pbf_fat_cluster_offset(const struct pbf_fat_volume *volume,
				uint32_t cluster)
{
	return volume->geometry.data_start +
	       (uint64_t)(cluster - PBF_FAT_FIRST_CLUSTER) *
		       volume->geometry.cluster_bytes;
}

/* Where the entry begins, from the volume's start. */
static uint64_t link_offset(const struct pbf_fat_geometry *geometry,
			    uint32_t fat_index, uint32_t cluster)
{
	uint64_t within = geometry->type == PBF_FAT12 ?
				  cluster + (uint64_t)cluster / 2 :
				  (uint64_t)cluster * geometry->type / 8;

	return geometry->fat_start + fat_index * geometry->fat_bytes + within;
}

uint64_t pbf_fat_link_offset(const struct pbf_fat_volume *volume,
			     uint32_t fat_index, uint32_t cluster)
{
	return volume->start_bytes +
	       link_offset(&volume->geometry, fat_index, cluster);
}

/* Reads a page, or as much of it as there is up to OFFSET_BYTES's sector. */
static int read_page(struct pbf_fat_volume *volume, uint64_t offset_bytes,
		     struct table_page *page, struct pbf_reason *why)
{
	uint32_t sector_bytes = volume->geometry.sector_bytes;
	uint64_t start = offset_bytes / TABLE_PAGE_BYTES * TABLE_PAGE_BYTES;
	uint64_t length = volume->size_bytes - start;
	int error;

	if (length > TABLE_PAGE_BYTES)
		length = TABLE_PAGE_BYTES;
	page->length = 0;
	error = pbf_fat_volume_read(volume, start, page->bytes, length, why);
	if (error < 0 && length > sector_bytes) {
		/* The image may end within the page, behind what is wanted. */
		length = (offset_bytes - start) / sector_bytes * sector_bytes +
			 sector_bytes;
		error = pbf_fat_volume_read(volume, start, page->bytes, length,
					    why);
	}
	if (error < 0)
		return error;
	page->offset_bytes = start;
	page->length = (uint32_t)length;
	return 0;
}

/*
 * The piece of the table around an offset; it stays valid until the next.
 * NULL with *ret_error.
 */
static const struct table_page *table_page(struct pbf_fat_volume *volume,
					   uint64_t offset_bytes,
					   int *ret_error,
					   struct pbf_reason *why)
{
	uint64_t number = offset_bytes / TABLE_PAGE_BYTES;
	struct table_page **slot = &volume->pages[number % TABLE_PAGES];

	if (!*slot) {
		*slot = malloc(sizeof(**slot));
		if (!*slot) {
			*ret_error = -ENOMEM;
			return NULL;
		}
		(*slot)->length = 0;
	}
	if ((*slot)->length == 0 ||
	    (*slot)->offset_bytes != number * TABLE_PAGE_BYTES ||
	    offset_bytes - (*slot)->offset_bytes >= (*slot)->length) {
		*ret_error = read_page(volume, offset_bytes, *slot, why);
		if (*ret_error < 0)
			return NULL;
	}
	return *slot;
}

static int table_byte(struct pbf_fat_volume *volume, uint64_t offset_bytes,
		      unsigned char *ret_byte, struct pbf_reason *why)
{
	const struct table_page *page;
	int error;

	if (offset_bytes >= volume->size_bytes)
		return pbf_refuse(why, -EIO, volume->start_bytes + offset_bytes,
				  "FAT lies beyond the end of the partition");
	page = table_page(volume, offset_bytes, &error, why);
	if (!page)
		return error;
	*ret_byte = page->bytes[offset_bytes - page->offset_bytes];
	return 0;
}

/* Bytes are fetched one by one: a FAT12 entry may cross a page. */
static int table_value(struct pbf_fat_volume *volume, uint32_t fat_index,
		       uint32_t cluster, uint32_t *ret_value,
		       struct pbf_reason *why)
{
	uint64_t offset = link_offset(&volume->geometry, fat_index, cluster);
	size_t length = volume->geometry.type == PBF_FAT32 ? 4 : 2;
	unsigned char bytes[4] = { 0 };

	for (size_t i = 0; i < length; i++) {
		int error = table_byte(volume, offset + i, &bytes[i], why);

		if (error < 0)
			return error;
	}
	*ret_value = get_le32(bytes);
	if (volume->geometry.type == PBF_FAT32)
		*ret_value &= 0x0fffffff;
	else if (volume->geometry.type == PBF_FAT12)
		*ret_value = cluster & 1 ? *ret_value >> 4 : *ret_value & 0xfff;
	return 0;
}

int pbf_fat_link(struct pbf_fat_volume *volume, uint32_t fat_index,
		 uint32_t cluster, enum pbf_fat_link *ret_link,
		 uint32_t *ret_next, struct pbf_reason *why)
{
	uint32_t end_mark = volume->geometry.type == PBF_FAT32 ? 0x0ffffff8 :
			    volume->geometry.type == PBF_FAT16 ? 0xfff8 :
								 0xff8;
	uint32_t value;
	int error = table_value(volume, fat_index, cluster, &value, why);

	if (error < 0)
		return error;
	*ret_next = value;
	if (value == 0)
		*ret_link = PBF_LINK_FREE;
	else if (value >= end_mark)
		*ret_link = PBF_LINK_END;
	else if (pbf_fat_cluster_exists(volume, value))
		*ret_link = PBF_LINK_NEXT;
	else
		*ret_link = PBF_LINK_BAD;
	return 0;
}

static int append_cluster(struct pbf_chain *chain, uint32_t cluster)
{
	if (chain->run_count > 0) {
		struct pbf_cluster_run *last =
			&chain->runs[chain->run_count - 1];

		if (last->first_cluster + last->cluster_count == cluster) {
			last->cluster_count++;
			return 0;
		}
	}
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
		.first_cluster = cluster,
		.cluster_count = 1,
	};
	return 0;
}

/* A step along a chain: the entry of its DONEth cluster. */
struct chain_step {
	uint32_t cluster;
	enum pbf_fat_link link;
	uint32_t next;
	uint64_t done;
	uint64_t needed;
};

/* Says why the chain cannot go on after STEP. */
static int refuse_step(const struct pbf_fat_volume *volume, uint32_t fat_index,
		       const struct chain_step *step, struct pbf_reason *why)
{
	uint64_t offset = pbf_fat_link_offset(volume, fat_index, step->cluster);

	if (step->link == PBF_LINK_FREE)
		return pbf_refuse(why, -EUCLEAN, offset,
				  "chain runs into free cluster %u after %llu "
				  "of %llu clusters",
				  step->cluster, (unsigned long long)step->done,
				  (unsigned long long)step->needed);
	if (step->link == PBF_LINK_END)
		return pbf_refuse(why, -EUCLEAN, offset,
				  "chain ends after %llu of %llu clusters",
				  (unsigned long long)step->done,
				  (unsigned long long)step->needed);
	return pbf_refuse(why, -EUCLEAN, offset,
			  "chain leaves the volume: cluster %u links to %#x",
			  step->cluster, step->next);
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
	seen = calloc(volume->geometry.cluster_count / 8 + 1, 1);
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

/* Follows NEEDED links, which the caller has bounded. */
static int walk_chain(struct pbf_fat_volume *volume, uint32_t fat_index,
		      uint32_t cluster, uint64_t needed,
		      struct pbf_chain *chain, struct pbf_reason *why)
{
	struct chain_step step = { .cluster = cluster, .needed = needed };

	for (;;) {
		int error = append_cluster(chain, step.cluster);

		step.done++;
		if (error == 0)
			error = pbf_fat_link(volume, fat_index, step.cluster,
					     &step.link, &step.next, why);
		if (error < 0)
			return error;
		/*
		 * What follows the last cluster is of no interest, unless it
		 * tells that the chain was freed: then the clusters belong to
		 * nobody, or soon to another file.
		 */
		if (step.done == needed && step.link != PBF_LINK_FREE)
			return 0;
		if (step.link != PBF_LINK_NEXT)
			return refuse_step(volume, fat_index, &step, why);
		step.cluster = step.next;
	}
}

int pbf_fat_chain(struct pbf_fat_volume *volume, uint32_t fat_index,
		  uint32_t first_cluster, uint64_t size_bytes,
		  struct pbf_chain *ret_chain, struct pbf_reason *why)
{
	const struct pbf_fat_geometry *geometry = &volume->geometry;
	uint64_t needed = div_round_up(size_bytes, geometry->cluster_bytes);
	_cleanup_chain_ struct pbf_chain chain = { 0 };
	int error;

	if (needed == 0) {
		*ret_chain = (struct pbf_chain){ 0 };
		return 0;
	}
	if (!pbf_fat_cluster_exists(volume, first_cluster))
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "first cluster %#x is not in the volume",
				  first_cluster);
	if (needed > geometry->cluster_count)
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "size of %llu bytes is more than the volume "
				  "holds",
				  (unsigned long long)size_bytes);
	error = walk_chain(volume, fat_index, first_cluster, needed, &chain,
			   why);
	if (error == 0)
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
