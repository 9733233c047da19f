/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: everything is guarded by `lock`. */
#include "board_index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board_name.h"
#include "cleanup.h"
#include "entry_name.h"
#include "stamp.h"

struct item {
	char key[PBF_BOARD_KEY_BYTES];
	char directory[PBF_BOARD_KEY_BYTES]; /* MACs and serials are short */
};

struct pbf_board_index {
	pthread_mutex_t lock;
	bool made;
	struct pbf_stamp stamp; /* of the directory, before it was read */
	struct item *items;
	size_t count;
	size_t capacity;
};

int pbf_board_index_new(struct pbf_board_index **ret_index)
{
	struct pbf_board_index *index = calloc(1, sizeof(*index));

	if (!index)
		return -ENOMEM;
	pthread_mutex_init(&index->lock, NULL);
	*ret_index = index;
	return 0;
}

void pbf_board_index_free(struct pbf_board_index *index)
{
	if (!index)
		return;
	pthread_mutex_destroy(&index->lock);
	free(index->items);
	free(index);
}

static int add(struct pbf_board_index *index, const char *key,
	       const char *directory)
{
	if (index->count == index->capacity) {
		size_t capacity = index->capacity * 2 + 8;
		struct item *items =
			reallocarray(index->items, capacity, sizeof(items[0]));

		if (!items)
			return -ENOMEM;
		index->items = items;
		index->capacity = capacity;
	}
	memcpy(index->items[index->count].key, key, strlen(key) + 1);
	memcpy(index->items[index->count].directory, directory,
	       strlen(directory) + 1);
	index->count++;
	return 0;
}

/* With the lock held. */
static int make(struct pbf_board_index *index, int directory_fd)
{
	_cleanup_closedir_ DIR *stream = NULL;
	const struct dirent *entry;
	int fd;

	index->made = false;
	index->count = 0;
	if (pbf_stamp_of_descriptor(directory_fd, &index->stamp) < 0)
		return -EIO;
	fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -EIO;
	stream = fdopendir(fd);
	if (!stream) {
		close(fd);
		return -EIO;
	}
	while ((errno = 0, entry = readdir(stream))) {
		char directory[PBF_ENTRY_BYTES], key[PBF_BOARD_KEY_BYTES];

		pbf_directory_of_entry(entry->d_name, directory);
		if (!pbf_board_key(directory, key) ||
		    strcmp(key, directory) == 0)
			continue;
		if (add(index, key, directory) < 0)
			return -ENOMEM;
	}
	if (errno != 0)
		return -EIO;
	index->made = true;
	return 0;
}

int pbf_board_index_find(struct pbf_board_index *index, int directory_fd,
			 enum pbf_reach reach, const char *key,
			 int (*take)(void *context, const char *directory),
			 void *context)
{
	struct pbf_stamp now;
	int result = 0;

	/* Whoever holds the lock may be reading the directory. */
	if (reach != PBF_AT_ONCE)
		pthread_mutex_lock(&index->lock);
	else if (pthread_mutex_trylock(&index->lock) != 0)
		return -EAGAIN;
	if (!index->made || pbf_stamp_of_descriptor(directory_fd, &now) < 0 ||
	    !pbf_stamp_proves(&index->stamp, &now))
		result = reach == PBF_AT_ONCE ? -EAGAIN :
						make(index, directory_fd);
	if (result == 0)
		result = -ENOENT;
	for (size_t i = 0; i < index->count && result == -ENOENT; i++) {
		struct item item = index->items[i];

		if (strcmp(item.key, key) != 0)
			continue;
		/* What the name leads to may hang; it may change, too. */
		pthread_mutex_unlock(&index->lock);
		result = take(context, item.directory);
		if (result != -ENOENT)
			return result;
		if (reach != PBF_AT_ONCE)
			pthread_mutex_lock(&index->lock);
		else if (pthread_mutex_trylock(&index->lock) != 0)
			return -EAGAIN;
	}
	pthread_mutex_unlock(&index->lock);
	return result;
}
