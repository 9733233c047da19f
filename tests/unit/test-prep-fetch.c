/* SPDX-License-Identifier: BSD-2-Clause */
/* Compressed sources; raw ones are in test-prep-fetch-raw.c. */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch-bench.h"
#include "packed.h"
#include "scratch.h"
#include "unit.h"

#define SIZE (3u * 1024 * 1024)

static struct scratch scratch;
static unsigned char content[SIZE];

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	fetch_bench_fill(content, SIZE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static struct fetch_outcome fetch(const char *name)
{
	return fetch_bench_file(&scratch, name,
				(struct prep_fetch){ .wants_sum = true });
}

static void write_packed(const char *name, const struct packed *packed)
{
	scratch_write(&scratch, name, packed->bytes, packed->length);
}

static void write_compressed(const char *name, enum prep_format format)
{
	_cleanup_packed_ struct packed packed = { 0 };

	packed_compress(&packed, format, content, SIZE);
	write_packed(name, &packed);
}

static void assert_written(const struct fetch_outcome *outcome)
{
	static unsigned char buffer[SIZE];
	struct stat st;

	assert_int_equal(outcome->error, 0);
	assert_int_equal(outcome->fetched.size_bytes, SIZE);
	assert_int_equal(fstat(outcome->fd, &st), 0);
	assert_int_equal(st.st_size, SIZE);
	assert_int_equal(pread(outcome->fd, buffer, SIZE, 0), SIZE);
	assert_memory_equal(buffer, content, SIZE);
}

static const enum prep_format formats[] = {
	PREP_FORMAT_BZIP2,
	PREP_FORMAT_GZIP,
	PREP_FORMAT_XZ,
	PREP_FORMAT_ZSTD,
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

TEST(an_image_is_decompressed_whatever_its_name)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

		write_compressed("image.img", formats[i]);
		outcome = fetch("image.img");
		assert_written(&outcome);
		assert_int_equal(outcome.fetched.format, formats[i]);
	}
}

TEST(runs_of_zeroes_become_holes)
{
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };
	struct stat st;

	write_compressed("image.xz", PREP_FORMAT_XZ);
	outcome = fetch("image.xz");
	assert_written(&outcome);
	assert_int_equal(fstat(outcome.fd, &st), 0);
	assert_in_range(st.st_blocks * 512, 1, SIZE / 4);
}

TEST(an_image_that_ends_in_zeroes_has_its_size)
{
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

	content[SIZE - 1] = 0;
	write_compressed("image.gz", PREP_FORMAT_GZIP);
	outcome = fetch("image.gz");
	assert_written(&outcome);
}

static struct prep_sum sum_of(const char *name)
{
	static unsigned char buffer[2 * SIZE];
	_cleanup_hasher_ struct prep_hasher *hasher = prep_hasher_new();
	_cleanup_close_ int fd = openat(scratch.fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, buffer, sizeof(buffer));
	struct prep_sum sum;

	assert_true(n > 0);
	prep_hasher_add(hasher, buffer, (size_t)n);
	prep_hasher_finish(hasher, &sum);
	return sum;
}

TEST(the_sum_is_that_of_the_source)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };
		struct prep_sum sum;

		write_compressed("image", formats[i]);
		sum = sum_of("image");
		outcome = fetch("image");
		assert_int_equal(outcome.error, 0);
		assert_true(prep_sum_equal(&outcome.fetched.sum, &sum));
	}
}

TEST(padding_behind_the_compressed_data_is_in_the_sum_not_in_the_image)
{
	_cleanup_packed_ struct packed packed = { 0 };
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };
	struct prep_sum sum;

	packed_compress(&packed, PREP_FORMAT_GZIP, content, SIZE);
	packed_add_zeroes(&packed, SIZE);
	write_packed("image.gz", &packed);
	sum = sum_of("image.gz");
	outcome = fetch("image.gz");
	assert_written(&outcome);
	assert_true(prep_sum_equal(&outcome.fetched.sum, &sum));
}

static void assert_refused(const char *name, int error, uint64_t offset,
			   const char *words)
{
	_cleanup_outcome_ struct fetch_outcome outcome = fetch(name);

	assert_int_equal(outcome.error, error);
	assert_reason(outcome.why, offset, words);
}

TEST(anything_else_behind_the_compressed_data_is_refused)
{
	_cleanup_packed_ struct packed packed = { 0 };
	size_t length;

	packed_compress(&packed, PREP_FORMAT_GZIP, content, SIZE);
	length = packed.length;
	packed_add_zeroes(&packed, 3000000);
	packed_add(&packed, "x", 1);
	write_packed("image.gz", &packed);
	assert_refused("image.gz", -EUCLEAN, length, "something else follows");
}

TEST(whatever_is_behind_xz_data_is_said_to_be_there)
{
	/* Less than libarchive takes for the beginning of more, and more. */
	static const size_t lengths[] = { 1, 5, 11, 12, 13, 300, 2000000 };
	static unsigned char junk[2000000];

	memset(junk, '<', sizeof(junk));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		size_t length;

		packed_compress(&packed, PREP_FORMAT_XZ, content, SIZE);
		length = packed.length;
		packed_add(&packed, junk, lengths[i]);
		write_packed("image.xz", &packed);
		assert_refused("image.xz", -EUCLEAN, length,
			       "something else follows");
	}
}

TEST(half_of_another_part_behind_xz_data_is_missing_the_rest)
{
	static const size_t lengths[] = { 1, 11, 12, 40 };
	_cleanup_packed_ struct packed packed = { 0 };
	size_t length;

	packed_compress(&packed, PREP_FORMAT_XZ, content, SIZE);
	length = packed.length;
	packed_compress(&packed, PREP_FORMAT_XZ, content, SIZE);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		packed.length = length + lengths[i];
		write_packed("image.xz", &packed);
		assert_refused("image.xz", -EUCLEAN, packed.length,
			       "end too early");
	}
}

TEST(a_truncated_download_is_refused)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };

		packed_compress(&packed, formats[i], content, SIZE);
		packed.length -= 5;
		write_packed("image", &packed);
		assert_refused("image", -EUCLEAN, packed.length,
			       "end too early");
	}
}

TEST(a_damaged_download_is_refused)
{
	for (size_t i = 0; i < FORMATS; i++) {
		_cleanup_packed_ struct packed packed = { 0 };
		_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

		packed_compress(&packed, formats[i], content, SIZE);
		memset(packed.bytes + 20, 0xff, packed.length - 40);
		write_packed("image", &packed);
		outcome = fetch("image");
		assert_int_equal(outcome.error, -EUCLEAN);
		if (!strstr(outcome.why.text, "damaged"))
			fail_msg("%s", outcome.why.text);
	}
}

TEST(an_archive_in_a_compressed_file_is_refused)
{
	_cleanup_packed_ struct packed packed = { 0 };

	memcpy(content + 257, "ustar", 5);
	packed_compress(&packed, PREP_FORMAT_XZ, content, SIZE);
	write_packed("image.tar.xz", &packed);
	assert_refused("image.tar.xz", -EOPNOTSUPP, 257, "tar archive");
}

TEST(formats_that_images_do_not_come_in_are_refused)
{
	_cleanup_packed_ struct packed packed = { 0 };

	packed_compress(&packed, PREP_FORMAT_LZ4, content, SIZE);
	write_packed("image.lz4", &packed);
	assert_refused("image.lz4", -EOPNOTSUPP, 0, "compressed with lz4");
}

TEST(nothing_compressed_is_no_image)
{
	_cleanup_packed_ struct packed packed = { 0 };

	packed_compress(&packed, PREP_FORMAT_XZ, content, 0);
	write_packed("image.xz", &packed);
	assert_refused("image.xz", -ENODATA, 0, "nothing in it");
}

TEST(an_image_may_have_as_many_bytes_as_it_may)
{
	_cleanup_outcome_ struct fetch_outcome enough = { .fd = -1 };
	_cleanup_outcome_ struct fetch_outcome too_few = { .fd = -1 };

	write_compressed("image.xz", PREP_FORMAT_XZ);
	enough =
		fetch_bench_file(&scratch, "image.xz",
				 (struct prep_fetch){ .size_bytes_max = SIZE });
	assert_written(&enough);
	too_few = fetch_bench_file(
		&scratch, "image.xz",
		(struct prep_fetch){ .size_bytes_max = SIZE - 1 });
	assert_int_equal(too_few.error, -EFBIG);
	assert_reason(too_few.why, SIZE - 1, "larger than 3145727 bytes");
}

/* What a progress callback was told, and when to stop. */
struct watch {
	uint64_t done_bytes, total_bytes;
	unsigned int told, asked;
	unsigned int cancel_at; /* 0: never */
};

static void watch_progress(void *context, uint64_t done_bytes,
			   uint64_t total_bytes)
{
	struct watch *watch = context;

	assert_true(done_bytes >= watch->done_bytes);
	watch->done_bytes = done_bytes;
	watch->total_bytes = total_bytes;
	watch->told++;
}

static bool watch_cancelled(void *context)
{
	struct watch *watch = context;

	watch->asked++;
	return watch->cancel_at != 0 && watch->asked >= watch->cancel_at;
}

static struct fetch_outcome fetch_watched(const char *name, struct watch *watch)
{
	return fetch_bench_file(&scratch, name,
				(struct prep_fetch){
					.progress = watch_progress,
					.is_cancelled = watch_cancelled,
					.context = watch,
				});
}

TEST(progress_is_told_up_to_the_end_of_the_source)
{
	_cleanup_packed_ struct packed packed = { 0 };
	_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };
	struct watch watch = { 0 };

	packed_compress(&packed, PREP_FORMAT_GZIP, content, SIZE);
	packed_add_zeroes(&packed, SIZE);
	write_packed("image.gz", &packed);
	outcome = fetch_watched("image.gz", &watch);
	assert_written(&outcome);
	assert_int_equal(watch.done_bytes, packed.length);
	assert_int_equal(watch.total_bytes, packed.length);
	assert_in_range(watch.told, 3, 100);
}

TEST(fetching_can_be_cancelled_at_any_time)
{
	_cleanup_outcome_ struct fetch_outcome whole = { .fd = -1 };
	struct watch watch = { 0 };
	unsigned int asked;

	write_compressed("image.xz", PREP_FORMAT_XZ);
	whole = fetch_watched("image.xz", &watch);
	assert_written(&whole);
	asked = watch.asked;
	for (unsigned int i = 1; i <= asked; i++) {
		_cleanup_outcome_ struct fetch_outcome outcome = { .fd = -1 };

		watch = (struct watch){ .cancel_at = i };
		outcome = fetch_watched("image.xz", &watch);
		assert_int_equal(outcome.error, -ECANCELED);
		assert_reason(outcome.why, watch.done_bytes, "interrupted");
	}
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(an_image_is_decompressed_whatever_its_name),
		CLAIM(runs_of_zeroes_become_holes),
		CLAIM(an_image_that_ends_in_zeroes_has_its_size),
		CLAIM(the_sum_is_that_of_the_source),
		CLAIM(padding_behind_the_compressed_data_is_in_the_sum_not_in_the_image),
		CLAIM(anything_else_behind_the_compressed_data_is_refused),
		CLAIM(whatever_is_behind_xz_data_is_said_to_be_there),
		CLAIM(half_of_another_part_behind_xz_data_is_missing_the_rest),
		CLAIM(a_truncated_download_is_refused),
		CLAIM(a_damaged_download_is_refused),
		CLAIM(an_archive_in_a_compressed_file_is_refused),
		CLAIM(formats_that_images_do_not_come_in_are_refused),
		CLAIM(nothing_compressed_is_no_image),
		CLAIM(an_image_may_have_as_many_bytes_as_it_may),
		CLAIM(progress_is_told_up_to_the_end_of_the_source),
		CLAIM(fetching_can_be_cancelled_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
