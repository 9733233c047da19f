/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads: a request belongs to the thread that made it until it is submitted
 * or watched; after that its fields do not change, atomics excepted.  The job
 * and the deadline each hold a reference.
 */
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static void answer_io_error(struct request *request)
{
	fuse_reply_err(request->fuse, EIO);
}

struct request *request_new(struct server *server, fuse_req_t fuse,
			    const char *source)
{
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->fuse = fuse;
	request->server = server;
	request->late = answer_io_error;
	request->blames_storage = true;
	strncpy(request->source, source, sizeof(request->source) - 1);
	pbf_list_init(&request->deadline.item);
	pbf_list_init(&request->waiter.item);
	atomic_init(&request->references, 1);
	return request;
}

struct request *request_ref(struct request *request)
{
	atomic_fetch_add(&request->references, 1);
	return request;
}

void request_unref(struct request *request)
{
	if (atomic_fetch_sub(&request->references, 1) != 1)
		return;
	pbf_version_unref(request->version);
	listing_free(request->listing);
	listing_free(request->uncertain);
	free(request->path);
	free(request);
}

bool request_claim(struct request *request)
{
	if (atomic_exchange(&request->claimed, true))
		return false;
	if (deadlines_cancel(request->server->deadlines, &request->deadline))
		request_unref(request); /* the deadline's; ours is left */
	return true;
}

void request_fail(struct request *request, int error)
{
	if (request_claim(request))
		fuse_reply_err(request->fuse, -error);
}

static void blame_storage(struct request *request)
{
	const char *waits_for = atomic_load(&request->waits_for);

	if (lanes_set_stuck(request->server->lanes, request->source))
		log_message(LOG_ERR,
			    "%s: storage did not answer within %lld s; "
			    "answering with I/O errors until it does",
			    waits_for ? waits_for : request->source,
			    (long long)request->timeout_ms / 1000);
}

static void expire(struct deadline *deadline)
{
	struct request *request =
		PBF_CONTAINER(deadline, struct request, deadline);

	if (request->progressing && request->progressing(request)) {
		deadlines_set(request->server->deadlines, deadline,
			      request->timeout_ms, expire);
		return;
	}
	if (!atomic_exchange(&request->claimed, true)) {
		if (request->blames_storage && atomic_load(&request->working))
			blame_storage(request);
		request->late(request);
	}
	request_unref(request);
}

void request_watch(struct request *request, int64_t timeout_ms)
{
	request->timeout_ms = timeout_ms;
	request_ref(request);
	deadlines_set(request->server->deadlines, &request->deadline,
		      timeout_ms, expire);
}

static void run(struct lane_job *job)
{
	struct request *request = PBF_CONTAINER(job, struct request, job);

	/* What nobody waits for any more need not be done. */
	if (!atomic_load(&request->claimed))
		request->work(request);
	atomic_store(&request->working, false);
	request_unref(request);
}

void request_submit(struct request *request, int64_t timeout_ms)
{
	request->job.run = run;
	atomic_store(&request->working, true);
	request_ref(request);
	request_watch(request, timeout_ms);
	if (lanes_submit(request->server->lanes, request->source,
			 &request->job) < 0) {
		if (request_claim(request))
			request->late(request);
		request_unref(request); /* the job's */
	}
	request_unref(request);
}
