/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ownership of local variables: a local marked with one of these gives back
 * what it holds when it goes out of scope.
 */
#ifndef PBF_CLEANUP_H
#define PBF_CLEANUP_H

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _cleanup_free_ _cleanup_(pbf_free_pointer)
#define _cleanup_close_ _cleanup_(pbf_close_descriptor)
#define _cleanup_closedir_ _cleanup_(pbf_close_directory)

static inline void pbf_free_pointer(void *pointer_address)
{
	free(*(void **)pointer_address);
}

static inline void pbf_close_descriptor(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* What is left in *FD needs no closing. */
static inline int pbf_take_descriptor(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void pbf_close_directory(DIR **stream)
{
	if (*stream)
		closedir(*stream);
}

#endif
