/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An open file is a version.  READ answers full length, EIO or ESTALE; anything
 * else would make dnsmasq try again for ever.
 */
#include "file_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "nodes.h"
#include "request.h"
#include "server.h"

/*
 * An open waits until the snapshot of a file up to this size is sealed: the
 * first read would have to anyway, and an open that fails with ESTALE is
 * repeated by the kernel with a fresh walk, a read is not.
 */
#define WAIT_FOR_SEAL_BYTES (128u * 1024u)

/* Snapshots have lanes of their own, so as not to hold up lookups. */
#define CAPTURE_LANE_BYTES (PBF_ENTRY_BYTES + 16)

/* --- Snapshots --- */

struct capture_job {
	struct lane_job job;
	struct pbf_version *version;
};

static void log_open_failure(const struct server *server,
			     struct pbf_version *version, int error,
			     const struct pbf_reason *why)
{
	const char *source = pbf_version_source(version);
	const char *path = pbf_version_key(version).path;

	if (error == -EUCLEAN)
		log_refusal(LOG_WARNING, source, path, why,
			    "not served.  If the board is updating it: run "
			    "\"sync -f /boot/firmware\" there");
	else if (error == -EFBIG)
		log_once(LOG_ERR,
			 "%s: %s: file of %llu bytes does not fit into "
			 "snapshot_memory (%llu bytes); not served",
			 source, path,
			 (unsigned long long)pbf_version_size_bytes(version),
			 (unsigned long long)pbf_store_budget_bytes(
				 server->store));
	else if (error == -ENOMEM)
		log_message(LOG_ERR,
			    "%s: %s: no room left in snapshot_memory (%llu "
			    "bytes) beside what is being read; not served",
			    source, path,
			    (unsigned long long)pbf_store_budget_bytes(
				    server->store));
	else if (error != -ESTALE)
		log_refusal(LOG_WARNING, source, path, why,
			    "answering with an I/O error");
	else if (why->text[0])
		log_message(LOG_INFO, "%s: %s: %s; to be opened again", source,
			    path, why->text);
}

static void run_capture(struct lane_job *lane_job)
{
	struct capture_job *job =
		PBF_CONTAINER(lane_job, struct capture_job, job);
	struct pbf_version *version = job->version;
	struct pbf_reason why = { .offset_bytes = PBF_REASON_NO_OFFSET };
	int error = pbf_version_capture(version, &why);

	if (error < 0)
		log_open_failure(pbf_version_context(version), version, error,
				 &why);
	pbf_version_unref(version);
	free(job);
}

static void name_lane(const struct pbf_version *version,
		      char name[CAPTURE_LANE_BYTES])
{
	snprintf(name, CAPTURE_LANE_BYTES, "%s (snapshots)",
		 pbf_version_source(version));
}

int file_ops_start_capture(void *context, struct pbf_version *version)
{
	const struct server *server = context;
	struct capture_job *job = malloc(sizeof(*job));
	char lane[CAPTURE_LANE_BYTES];
	int error;

	if (!job)
		return -ENOMEM;
	job->job.run = run_capture;
	job->version = pbf_version_ref(version);
	name_lane(version, lane);
	error = lanes_submit(server->lanes, lane, &job->job);
	if (error < 0) {
		pbf_version_unref(version);
		free(job);
	}
	return error;
}

/* Whether a snapshot grew since the deadline was set: then wait on. */
static bool snapshot_is_growing(struct request *request)
{
	return pbf_version_progress_ms(request->version) >
	       pbf_monotonic_ms() - request->timeout_ms;
}

/*
 * The storage hangs under a snapshot that somebody waits for.  The request has
 * been claimed; the next ones shall fail at once.
 */
static void give_up_snapshot(struct request *request)
{
	char lane[CAPTURE_LANE_BYTES];

	/* Still finding the file: the version has done nothing wrong. */
	if (atomic_load(&request->working)) {
		fuse_reply_err(request->fuse, EIO);
		return;
	}
	name_lane(request->version, lane);
	if (lanes_set_stuck(request->server->lanes, lane))
		log_message(LOG_ERR,
			    "%s: %s: storage does not answer; giving up what "
			    "is being read",
			    request->source,
			    pbf_version_key(request->version).path);
	pbf_version_kill(request->version, -EIO);
	fuse_reply_err(request->fuse, EIO);
}

/* --- OPEN --- */

static void reply_open(struct request *request)
{
	struct handles *handles = request->server->handles;

	request->file.keep_cache = 1; /* a version never changes */
	request->file.fh = handles_open_version(handles, request->version);
	if (request->file.fh == 0)
		fuse_reply_err(request->fuse, ENOMEM);
	/* Interrupted meanwhile: there will be no RELEASE. */
	else if (fuse_reply_open(request->fuse, &request->file) == -ENOENT)
		handles_close(handles, request->file.fh);
}

static int open_error(int error)
{
	if (error == -ESTALE || error == -EFBIG || error == -ENOMEM)
		return error;
	return -EIO;
}

static void finish_open(struct request *request, int error)
{
	if (error < 0)
		request_fail(request, open_error(error));
	else if (request_claim(request))
		reply_open(request);
}

static void wake_open(struct pbf_waiter *waiter, int error)
{
	struct request *request = PBF_CONTAINER(waiter, struct request, waiter);

	finish_open(request, error);
	request_unref(request);
}

static void work_on_open(struct request *request)
{
	struct pbf_reason why = { .offset_bytes = PBF_REASON_NO_OFFSET };
	struct pbf_waiter *waiter = NULL;
	int error;

	if (pbf_version_size_bytes(request->version) <= WAIT_FOR_SEAL_BYTES) {
		waiter = &request->waiter;
		waiter->wake = wake_open;
		request_ref(request); /* the waiter's */
	}
	error = pbf_version_open(request->version, waiter, &why);
	if (error == -EINPROGRESS)
		return;
	if (error < 0)
		log_open_failure(request->server, request->version, error,
				 &why);
	finish_open(request, error);
	if (waiter)
		request_unref(request);
}

void file_ops_open(fuse_req_t fuse, fuse_ino_t inode,
		   struct fuse_file_info *file)
{
	struct server *server = fuse_req_userdata(fuse);
	_cleanup_node_ struct node node = { 0 };
	struct request *request;
	int error = nodes_get(server->nodes, inode, &node);

	if (error == 0 && !node.version)
		error = -EISDIR;
	if (error == 0 && (file->flags & O_ACCMODE) != O_RDONLY)
		error = -EROFS;
	if (error < 0) {
		fuse_reply_err(fuse, -error);
		return;
	}
	request = request_new(server, fuse, pbf_version_source(node.version));
	if (!request) {
		fuse_reply_err(fuse, ENOMEM);
		return;
	}
	request->file = *file;
	request->version = pbf_version_ref(node.version);
	request->progressing = snapshot_is_growing;
	request->late = give_up_snapshot;
	request->work = work_on_open;
	if (pbf_version_is_open(node.version)) {
		finish_open(request, 0);
		request_unref(request);
	} else {
		request_submit(request, server->settings.io_timeout_ms);
	}
}

/* --- READ --- */

static void reply_bytes(fuse_req_t fuse, struct pbf_snapshot *snapshot,
			const unsigned char *bytes, size_t length)
{
	fuse_reply_buf(fuse, (const char *)bytes, length);
	pbf_version_read_done(snapshot);
}

static void fail_read(struct request *request, int error)
{
	request_fail(request, error == -ESTALE ? -ESTALE : -EIO);
}

static void wake_read(struct pbf_waiter *waiter, int error);

/* Tries to answer; the request waits again when it cannot be yet. */
static void try_read(struct request *request)
{
	struct pbf_snapshot *snapshot;
	const unsigned char *content;
	int error;

	request->waiter.wake = wake_read;
	request_ref(request); /* the waiter's */
	error = pbf_version_read(request->version,
				 (uint64_t)request->offset + request->size,
				 &request->waiter, &snapshot, &content);
	if (error == -EINPROGRESS)
		return;
	if (error < 0)
		fail_read(request, error);
	else if (request_claim(request))
		reply_bytes(request->fuse, snapshot, content + request->offset,
			    request->size);
	else
		pbf_version_read_done(snapshot);
	request_unref(request);
}

static void wake_read(struct pbf_waiter *waiter, int error)
{
	struct request *request = PBF_CONTAINER(waiter, struct request, waiter);

	if (error < 0)
		fail_read(request, error);
	else
		try_read(request);
	request_unref(request);
}

static void wait_for_read(struct server *server, fuse_req_t fuse,
			  struct pbf_version *version, off_t offset,
			  size_t size)
{
	struct request *request =
		request_new(server, fuse, pbf_version_source(version));

	if (!request) {
		/* As for any READ that fails, this version ends here. */
		pbf_version_kill(version, -EIO);
		fuse_reply_err(fuse, EIO);
		return;
	}
	request->version = pbf_version_ref(version);
	request->offset = offset;
	request->size = size;
	request->progressing = snapshot_is_growing;
	request->late = give_up_snapshot;
	request_watch(request, server->settings.io_timeout_ms);
	try_read(request);
	request_unref(request);
}

void file_ops_read(fuse_req_t fuse, fuse_ino_t inode, size_t size, off_t offset,
		   struct fuse_file_info *file)
{
	struct server *server = fuse_req_userdata(fuse);
	struct pbf_version *version = handle_version(file->fh);
	uint64_t file_bytes = pbf_version_size_bytes(version);
	struct pbf_snapshot *snapshot;
	const unsigned char *content;
	int error;

	(void)inode;
	if (offset < 0 || (uint64_t)offset >= file_bytes) {
		fuse_reply_buf(fuse, NULL, 0);
		return;
	}
	if (size > file_bytes - (uint64_t)offset)
		size = (size_t)(file_bytes - (uint64_t)offset);
	error = pbf_version_read(version, (uint64_t)offset + size, NULL,
				 &snapshot, &content);
	if (error == 0)
		reply_bytes(fuse, snapshot, content + offset, size);
	else if (error == -EWOULDBLOCK)
		wait_for_read(server, fuse, version, offset, size);
	else
		fuse_reply_err(fuse, error == -ESTALE ? ESTALE : EIO);
}

void file_ops_release(fuse_req_t fuse, fuse_ino_t inode,
		      struct fuse_file_info *file)
{
	struct server *server = fuse_req_userdata(fuse);

	(void)inode;
	handles_close(server->handles, file->fh);
	fuse_reply_err(fuse, 0);
}
