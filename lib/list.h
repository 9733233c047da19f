/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doubly linked rings: a list is a ring with a head in it, and an item off any
 * list is a ring of itself, so that removing it twice does no harm.
 */
#ifndef PBF_LIST_H
#define PBF_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct pbf_list {
	struct pbf_list *next, *previous;
};

/* The struct of TYPE whose MEMBER is at ITEM. */
#define PBF_CONTAINER(item, type, member) \
	((type *)(void *)((char *)(item)-offsetof(type, member)))

static inline void pbf_list_init(struct pbf_list *list)
{
	list->next = list;
	list->previous = list;
}

static inline bool pbf_list_is_empty(const struct pbf_list *list)
{
	return list->next == list;
}

static inline void pbf_list_append(struct pbf_list *list, struct pbf_list *item)
{
	item->next = list;
	item->previous = list->previous;
	list->previous->next = item;
	list->previous = item;
}

static inline void pbf_list_remove(struct pbf_list *item)
{
	item->previous->next = item->next;
	item->next->previous = item->previous;
	pbf_list_init(item);
}

#endif
