/* SPDX-License-Identifier: BSD-2-Clause */
#include "listing.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct item {
	char *name;
	bool is_directory;
};

/* Names in their order, and a hash table of their indices plus 1. */
struct listing {
	struct item *items;
	size_t count;
	size_t *slots;
	size_t slot_count; /* a power of two, more than half of it empty */
};

struct listing *listing_new(void)
{
	return calloc(1, sizeof(struct listing));
}

void listing_free(struct listing *listing)
{
	if (!listing)
		return;
	for (size_t i = 0; i < listing->count; i++)
		free(listing->items[i].name);
	free(listing->items);
	free(listing->slots);
	free(listing);
}

/* The slot that NAME is in, or would go into. */
static size_t *find_slot(const struct listing *listing, const char *name)
{
	uint64_t hash = XXH3_64bits(name, strlen(name));

	for (;; hash++) {
		size_t *slot =
			&listing->slots[hash & (listing->slot_count - 1)];

		if (*slot == 0 ||
		    strcmp(listing->items[*slot - 1].name, name) == 0)
			return slot;
	}
}

/* Makes room for one more name. */
static int grow(struct listing *listing)
{
	size_t slot_count = listing->slot_count ? listing->slot_count * 2 : 64;
	struct item *items;

	if (listing->count + 1 < listing->slot_count / 2)
		return 0;
	items = reallocarray(listing->items, slot_count / 2, sizeof(items[0]));
	if (!items)
		return -ENOMEM;
	listing->items = items;
	free(listing->slots);
	listing->slots = calloc(slot_count, sizeof(listing->slots[0]));
	listing->slot_count = listing->slots ? slot_count : 0;
	if (!listing->slots)
		return -ENOMEM;
	for (size_t i = 0; i < listing->count; i++)
		*find_slot(listing, listing->items[i].name) = i + 1;
	return 0;
}

int listing_add(struct listing *listing, const char *name, bool is_directory)
{
	size_t *slot;
	char *copy;

	if (grow(listing) < 0)
		return -ENOMEM;
	slot = find_slot(listing, name);
	if (*slot != 0)
		return 0;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	listing->items[listing->count++] = (struct item){
		.name = copy,
		.is_directory = is_directory,
	};
	*slot = listing->count;
	return 0;
}

const char *listing_at(const struct listing *listing, size_t index,
		       bool *ret_is_directory)
{
	if (index >= listing->count)
		return NULL;
	*ret_is_directory = listing->items[index].is_directory;
	return listing->items[index].name;
}
