/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a volume consists of: for fat_volume.c, fat_table.c, fat_chain.c and
 * fat_check.c.
 */
#ifndef PBF_FAT_VOLUME_INTERNAL_H
#define PBF_FAT_VOLUME_INTERNAL_H

#include "fat_table.h"
#include "fat_volume.h"

/*
 * The pieces of the table that a volume keeps while it is open.  Together they
 * tell of 64 MiB even in clusters of 512 bytes, so that a chain may jump about.
 */
#define PBF_TABLE_PAGES 32u
#define PBF_TABLE_PAGE_ENTRIES 4096u

/* Entries of consecutive clusters. */
struct pbf_table_page {
	uint32_t fat_index;
	uint32_t first_cluster; /* a multiple of PBF_TABLE_PAGE_ENTRIES */
	uint32_t entry_count;	/* 0: nothing read yet */
	uint32_t entries[PBF_TABLE_PAGE_ENTRIES]; /* 28 bits of each count */
};

struct pbf_fat_volume {
	struct pbf_image *image;
	uint64_t start_bytes;
	uint64_t size_bytes;
	struct pbf_fat_geometry geometry;
	enum pbf_code_page code_page;
	struct pbf_reason oddity;
	struct pbf_table_page *pages[PBF_TABLE_PAGES];
};

/* Reads the page with the entry of an existing CLUSTER. */
int pbf_fat_load_page(struct pbf_fat_volume *volume, uint32_t fat_index,
		      uint32_t cluster, struct pbf_reason *why);

/* What ENTRY means; other than 0, it is the cluster that follows or a mark. */
enum pbf_fat_link pbf_fat_link_kind(const struct pbf_fat_volume *volume,
				    uint32_t entry);

static inline struct pbf_table_page **
pbf_fat_page_slot(struct pbf_fat_volume *volume, uint32_t fat_index,
		  uint32_t cluster)
{
	return &volume->pages[(cluster / PBF_TABLE_PAGE_ENTRIES + fat_index) %
			      PBF_TABLE_PAGES];
}

/*
 * The page with the entry of an existing CLUSTER, valid until another entry is
 * asked for.  Inline: a chain asks for each of its fragments.
 */
static inline int pbf_fat_page(struct pbf_fat_volume *volume,
			       uint32_t fat_index, uint32_t cluster,
			       const struct pbf_table_page **ret_page,
			       struct pbf_reason *why)
{
	struct pbf_table_page **page =
		pbf_fat_page_slot(volume, fat_index, cluster);

	if (!*page || (*page)->fat_index != fat_index ||
	    cluster - (*page)->first_cluster >= (*page)->entry_count) {
		int error = pbf_fat_load_page(volume, fat_index, cluster, why);

		if (error < 0)
			return error;
	}
	*ret_page = *page;
	return 0;
}

/* The entry of CLUSTER, which is in PAGE. */
static inline uint32_t pbf_page_entry(const struct pbf_table_page *page,
				      uint32_t cluster)
{
	return page->entries[cluster - page->first_cluster] & 0x0fffffff;
}

#endif
