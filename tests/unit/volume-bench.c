/* SPDX-License-Identifier: BSD-2-Clause */
#include "volume-bench.h"

#include "disk-image.h"
#include "unit.h"

static void close_opened(struct volume_bench *bench)
{
	pbf_fat_volume_free(bench->volume);
	pbf_image_free(bench->image);
	bench->volume = NULL;
	bench->image = NULL;
}

void volume_bench_free(struct volume_bench *bench)
{
	close_opened(bench);
	if (bench->built)
		fat_image_free(bench->built);
	bench->built = NULL;
}

void volume_bench_build(struct volume_bench *bench,
			const struct fat_layout *layout)
{
	bench->built = fat_image_new(layout);
}

void volume_bench_open(struct volume_bench *bench)
{
	assert_int_equal(volume_bench_open_cut(bench, bench->built->size, NULL),
			 0);
}

int volume_bench_open_cut(struct volume_bench *bench, size_t length,
			  struct pbf_reason *why)
{
	const struct fat_image *built = bench->built;

	close_opened(bench);
	bench->image = image_of_bytes(built->bytes, length);
	return pbf_fat_volume_open(bench->image, built->layout.start_bytes,
				   built->size - built->layout.start_bytes,
				   &bench->volume, why);
}
