/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files and directories: what a file handle of the kernel stands for.
 * The kernel does not close what is open when the mount goes away, so they are
 * all kept on one list, to be closed in the end.
 *
 * Threads: any may call; the list has its own lock.
 */
#ifndef PIBOOTFS_HANDLES_H
#define PIBOOTFS_HANDLES_H

#include <stdint.h>

#include "listing.h"
#include "version.h"

struct handles;

int handles_new(struct handles **ret_handles);
/* Closes what is still open. */
void handles_free(struct handles *handles);

/*
 * Opens a version (takes a reference of its own) or a listing (owns it from
 * now on).  0 when there is no memory; then the listing is the caller's.
 */
uint64_t handles_open_version(struct handles *handles,
			      struct pbf_version *version);
uint64_t handles_open_listing(struct handles *handles, struct listing *listing);

/* Borrowed until the handle is closed. */
struct pbf_version *handle_version(uint64_t handle);
const struct listing *handle_listing(uint64_t handle);

void handles_close(struct handles *handles, uint64_t handle);

#endif
