/* SPDX-License-Identifier: BSD-2-Clause */
#include "version-bench.h"

#include <errno.h>

#include "fake-time.h"
#include "unit.h"

static int note_start(void *context, struct pbf_version *version)
{
	struct version_bench *bench = context;

	(void)version;
	bench->starts++;
	return bench->start_error;
}

void version_bench_make(struct version_bench *bench, uint64_t budget_bytes)
{
	*bench = (struct version_bench){ .last_id = 100 };
	fake_time_reset();
	bench_make(&bench->bench);
	bench->shared = (struct pbf_version_shared){
		.catalog = bench->bench.catalog,
		.timeout_ms = 3600000,
		.start_capture = note_start,
		.context = bench,
	};
	assert_int_equal(pbf_store_new(budget_bytes, &bench->shared.store), 0);
}

void version_bench_free(struct version_bench *bench)
{
	pbf_store_free(bench->shared.store);
	bench_free(&bench->bench);
}

struct pbf_version *version_bench_version(struct version_bench *bench,
					  const char *path)
{
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_found_ struct pbf_found found = { 0 };
	struct pbf_version *version;
	struct pbf_file_key key;

	bench_find(&bench->bench, path, &source, &found);
	key = (struct pbf_file_key){
		.device = pbf_image_stamp(source.image)->device,
		.inode = pbf_image_stamp(source.image)->inode,
		.path = found.path,
	};
	assert_int_equal(pbf_version_new(&bench->shared, ++bench->last_id,
					 BENCH_IMAGE, &key, &found, &version),
			 0);
	return version;
}

void version_bench_seal(struct version_bench *bench,
			struct pbf_version *version)
{
	struct pbf_reason why = { .text = "" };

	(void)bench;
	assert_int_equal(pbf_version_open(version, NULL, &why), 0);
	if (pbf_version_capture(version, &why) < 0)
		fail_msg("not captured: %s", why.text);
	assert_true(pbf_version_is_open(version));
}

static void wake(struct pbf_waiter *waiter, int error)
{
	struct waiter *noting = PBF_CONTAINER(waiter, struct waiter, waiter);

	noting->woken++;
	noting->error = error;
	if (noting->then)
		noting->then(noting);
}

void waiter_init(struct waiter *waiter)
{
	*waiter = (struct waiter){ .waiter = { .wake = wake } };
	pbf_list_init(&waiter->waiter.item);
}

int version_bench_read(struct pbf_version *version, uint64_t length,
		       struct waiter *waiter)
{
	struct pbf_snapshot *snapshot;
	const unsigned char *content;
	int error = pbf_version_read(version, length,
				     waiter ? &waiter->waiter : NULL, &snapshot,
				     &content);

	if (error < 0)
		return error;
	assert_memory_equal(content, bench_content(1), length);
	pbf_version_read_done(snapshot);
	return 0;
}

void version_bench_assert_readable(struct pbf_version *version)
{
	assert_int_equal(version_bench_read(version, BENCH_KERNEL_BYTES, NULL),
			 0);
	assert_int_equal(version_bench_read(version, 0, NULL), 0);
}

void version_bench_assert_failed(struct pbf_version *version,
				 const struct waiter *waiter)
{
	struct waiter later;

	assert_int_equal(waiter->woken, 1);
	assert_int_equal(waiter->error, -EIO);
	assert_false(pbf_version_is_alive(version));
	waiter_init(&later);
	assert_int_equal(version_bench_read(version, 1, &later), -EIO);
	assert_int_equal(later.woken, 0);
}
