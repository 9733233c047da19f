/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: `open` is guarded by `lock`; a handle itself never changes. */
#include "handles.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "list.h"

/* One of the two is NULL. */
struct handle {
	struct pbf_list item;
	struct pbf_version *version;
	struct listing *listing;
};

struct handles {
	pthread_mutex_t lock;
	struct pbf_list open;
};

int handles_new(struct handles **ret_handles)
{
	struct handles *handles = calloc(1, sizeof(*handles));

	if (!handles)
		return -ENOMEM;
	pthread_mutex_init(&handles->lock, NULL);
	pbf_list_init(&handles->open);
	*ret_handles = handles;
	return 0;
}

static void free_handle(struct handle *handle)
{
	pbf_version_unref(handle->version);
	listing_free(handle->listing);
	free(handle);
}

void handles_free(struct handles *handles)
{
	if (!handles)
		return;
	while (!pbf_list_is_empty(&handles->open)) {
		struct handle *handle =
			PBF_CONTAINER(handles->open.next, struct handle, item);

		pbf_list_remove(&handle->item);
		free_handle(handle);
	}
	pthread_mutex_destroy(&handles->lock);
	free(handles);
}

static uint64_t add(struct handles *handles, struct pbf_version *version,
		    struct listing *listing)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return 0;
	handle->version = version ? pbf_version_ref(version) : NULL;
	handle->listing = listing;
	pthread_mutex_lock(&handles->lock);
	pbf_list_append(&handles->open, &handle->item);
	pthread_mutex_unlock(&handles->lock);
	return (uintptr_t)handle;
}

uint64_t handles_open_version(struct handles *handles,
			      struct pbf_version *version)
{
	return add(handles, version, NULL);
}

uint64_t handles_open_listing(struct handles *handles, struct listing *listing)
{
	return add(handles, NULL, listing);
}

struct pbf_version *handle_version(uint64_t handle)
{
	return ((struct handle *)(uintptr_t)handle)->version;
}

const struct listing *handle_listing(uint64_t handle)
{
	return ((struct handle *)(uintptr_t)handle)->listing;
}

void handles_close(struct handles *handles, uint64_t handle)
{
	struct handle *closed = (struct handle *)(uintptr_t)handle;

	pthread_mutex_lock(&handles->lock);
	pbf_list_remove(&closed->item);
	pthread_mutex_unlock(&handles->lock);
	free_handle(closed);
}
