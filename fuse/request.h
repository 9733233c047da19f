/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request of the kernel that is answered later, from another thread: by a
 * job on the lane of an image, by a snapshot being taken, or by its deadline.
 * Whoever claims it first answers; what the others find out is dropped.
 */
#ifndef PIBOOTFS_REQUEST_H
#define PIBOOTFS_REQUEST_H

#include <fuse_lowlevel.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "deadlines.h"
#include "lanes.h"
#include "listing.h"
#include "server.h"
#include "version.h"

struct request {
	fuse_req_t fuse;
	struct server *server;
	char source[PBF_ENTRY_BYTES]; /* the image, and its lane */

	/* Does the work, on the lane; answers through request_claim(). */
	void (*work)(struct request *request);
	/* Answers what was not done in time; has claimed the request. */
	void (*late)(struct request *request);
	/* NULL, or whether to wait on, because something is being done. */
	bool (*progressing)(struct request *request);
	/* Being late is the storage's fault: its lane takes no more work. */
	bool blames_storage;
	/* NULL, or what the log names in place of the lane. */
	const char *_Atomic waits_for;

	/* What the operations need beyond that. */
	char *path; /* "BOARD" or "BOARD/PATH"; owned */
	struct pbf_board board;
	bool board_is_known; /* else only what could be seen at once */
	void (*then)(struct request *request); /* board_request.c only */
	bool files_only; /* lookup: a directory does not count */
	/* opendir of the root: what is certain, and what is to be looked at. */
	struct listing *listing, *uncertain;
	struct pbf_version *version; /* with a reference */
	struct fuse_file_info file;  /* open, opendir */
	size_t size;		     /* read, getxattr */
	off_t offset;		     /* read */
	unsigned int attribute;	     /* getxattr */
	struct pbf_waiter waiter;

	/* request.c only */
	struct lane_job job;
	struct deadline deadline;
	int64_t timeout_ms;
	atomic_bool working;
	atomic_bool claimed;
	atomic_uint references;
};

/*
 * A request that concerns SOURCE; late() answers EIO.  NULL when there is no
 * memory: then FUSE is the caller's to answer.
 */
struct request *request_new(struct server *server, fuse_req_t fuse,
			    const char *source);

/*
 * Has work() called on the lane, and late() when nobody has claimed the
 * request after TIMEOUT_MS, or the lane is stuck.  Takes the caller's
 * reference.
 */
void request_submit(struct request *request, int64_t timeout_ms);

/* Only starts the deadline: the answer will come from somewhere else. */
void request_watch(struct request *request, int64_t timeout_ms);

/* True for exactly one caller, which then answers request->fuse. */
bool request_claim(struct request *request);

/* Claims the request and answers ERROR, a negative errno. */
void request_fail(struct request *request, int error);

struct request *request_ref(struct request *request);
void request_unref(struct request *request);

#endif
