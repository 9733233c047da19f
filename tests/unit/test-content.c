/* SPDX-License-Identifier: BSD-2-Clause */
#include "content.h"

#include <errno.h>
#include <xxhash.h>

#include "bench.h"
#include "unit.h"

static struct bench bench;
static struct pbf_source source;
static struct pbf_found found;
static unsigned char bytes[BENCH_KERNEL_BYTES + 1];

static int setup(void **state)
{
	(void)state;
	bench_make(&bench);
	bench_find(&bench, "KERNEL.IMG", &source, &found);
	memset(bytes, 0x5a, sizeof(bytes));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pbf_found_release(&found);
	pbf_source_close(&source);
	bench_free(&bench);
	return 0;
}

struct steps {
	uint64_t filled[8];
	size_t count;
};

static void note_step(void *context, uint64_t filled_bytes)
{
	struct steps *steps = context;

	/* What is said to be there is there. */
	assert_memory_equal(bytes, bench_content(1), filled_bytes);
	assert_in_range(steps->count, 0, 7);
	steps->filled[steps->count++] = filled_bytes;
}

static int copy(struct steps *steps, struct pbf_digest *ret_digest,
		struct pbf_reason *why)
{
	const struct pbf_content_copying copying = {
		.bytes = bytes,
		.advance = note_step,
		.context = steps,
	};

	return pbf_content_copy(&source, &found, &copying, ret_digest, why);
}

static int compare(const unsigned char *with)
{
	const struct pbf_content_comparison comparison = { .bytes = with };

	return pbf_content_compare(&source, &found, &comparison, NULL);
}

static struct pbf_digest digest_of(const void *content, size_t length)
{
	XXH128_canonical_t canonical;
	struct pbf_digest digest;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(content, length));
	memcpy(digest.bytes, canonical.digest, sizeof(digest.bytes));
	return digest;
}

TEST(a_content_is_copied_as_it_comes)
{
	struct steps steps = { .count = 0 };
	struct pbf_digest digest;

	assert_int_equal(copy(&steps, &digest, NULL), 0);
	assert_memory_equal(bytes, bench_content(1), BENCH_KERNEL_BYTES);
	assert_int_equal(bytes[BENCH_KERNEL_BYTES], 0x5a);
	assert_int_equal(steps.count, 3);
	assert_int_equal(steps.filled[0], BENCH_PIECE_BYTES);
	assert_int_equal(steps.filled[1], 2 * BENCH_PIECE_BYTES);
	assert_int_equal(steps.filled[2], BENCH_KERNEL_BYTES);
}

TEST(the_digest_is_that_of_xxh128sum)
{
	struct pbf_digest copied, hashed,
		expected = digest_of(bench_content(1), BENCH_KERNEL_BYTES);
	struct steps steps = { .count = 0 };

	assert_int_equal(copy(&steps, &copied, NULL), 0);
	assert_int_equal(pbf_content_hash(&source, &found, &hashed, NULL), 0);
	assert_true(pbf_digest_equal(&copied, &expected));
	assert_true(pbf_digest_equal(&hashed, &expected));
}

TEST(digests_differ_in_any_byte)
{
	struct pbf_digest one = { .bytes = { 0 } }, other;

	for (size_t i = 0; i < PBF_DIGEST_BYTES; i++) {
		other = one;
		assert_true(pbf_digest_equal(&one, &other));
		other.bytes[i] = 1;
		assert_false(pbf_digest_equal(&one, &other));
	}
}

TEST(a_content_equals_itself)
{
	assert_int_equal(compare(bench_content(1)), 0);
}

TEST(a_content_differs_in_its_first_and_in_its_last_byte)
{
	memcpy(bytes, bench_content(1), BENCH_KERNEL_BYTES);
	bytes[0] ^= 1;
	assert_true(compare(bytes) > 0);
	bytes[0] ^= 1;
	bytes[BENCH_KERNEL_BYTES - 1] ^= 1;
	assert_true(compare(bytes) > 0);
	bytes[BENCH_KERNEL_BYTES - 1] ^= 1;
	bytes[BENCH_KERNEL_BYTES] ^= 1; /* not of the file */
	assert_int_equal(compare(bytes), 0);
}

static void note_compared(void *context, uint64_t compared_bytes)
{
	struct steps *steps = context;

	steps->filled[steps->count++ % 8] = compared_bytes;
}

TEST(comparing_tells_how_far_it_is)
{
	struct steps steps = { .count = 0 };
	const struct pbf_content_comparison comparison = {
		.bytes = bench_content(1),
		.advance = note_compared,
		.context = &steps,
	};

	assert_int_equal(
		pbf_content_compare(&source, &found, &comparison, NULL), 0);
	assert_int_equal(steps.count, 3);
	assert_int_equal(steps.filled[0], BENCH_PIECE_BYTES);
	assert_int_equal(steps.filled[2], BENCH_KERNEL_BYTES);
}

TEST(what_cannot_be_read_is_neither_equal_nor_different)
{
	struct steps steps = { .count = 0 };
	struct pbf_digest digest = { .bytes = { 77 } };
	struct pbf_reason why;

	scratch_truncate(&bench.scratch, BENCH_IMAGE,
			 fat_cluster_at(bench.image, 40));
	assert_int_equal(copy(&steps, &digest, &why), -EIO);
	assert_int_equal(pbf_content_hash(&source, &found, &digest, NULL),
			 -EIO);
	assert_int_equal(digest.bytes[0], 77);
	assert_int_equal(compare(bench_content(1)), -EIO);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_content_is_copied_as_it_comes),
		CLAIM(the_digest_is_that_of_xxh128sum),
		CLAIM(digests_differ_in_any_byte),
		CLAIM(a_content_equals_itself),
		CLAIM(a_content_differs_in_its_first_and_in_its_last_byte),
		CLAIM(comparing_tells_how_far_it_is),
		CLAIM(what_cannot_be_read_is_neither_equal_nor_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
