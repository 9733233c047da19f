/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench.h"

#include <pthread.h>

#include "unit.h"

#define SEEDS_MAX 4u

void bench_make(struct bench *bench)
{
	const struct fat_layout layout = { .cluster_sectors = 8,
					   .clusters = 300 };

	scratch_make(&bench->scratch);
	bench->image = fat_image_new(&layout);
	assert_int_equal(bench->image->cluster_bytes, BENCH_CLUSTER_BYTES);
	bench->config_slot = fat_add_text(bench->image, FAT_ROOT, "CONFIG  TXT",
					  BENCH_CONFIG_CLUSTER, "a=b\n");
	bench->kernel_slot = fat_add_file(bench->image, FAT_ROOT, "KERNEL  IMG",
					  BENCH_KERNEL_CLUSTER,
					  bench_content(1), BENCH_KERNEL_BYTES);
	fat_add_directory(bench->image, FAT_ROOT, "DIR        ", 6);
	bench_save(bench);
	assert_int_equal(pbf_catalog_open(bench->scratch.path,
					  (struct pbf_image_conf){ 0 },
					  &bench->catalog),
			 0);
}

void bench_free(struct bench *bench)
{
	pbf_catalog_free(bench->catalog);
	fat_image_free(bench->image);
	scratch_remove(&bench->scratch);
}

void bench_save(struct bench *bench)
{
	scratch_write(&bench->scratch, BENCH_IMAGE, bench->image->bytes,
		      bench->image->size);
}

void bench_replace(struct bench *bench)
{
	scratch_write(&bench->scratch, "new", bench->image->bytes,
		      bench->image->size);
	scratch_rename(&bench->scratch, "new", BENCH_IMAGE);
}

static unsigned char contents[SEEDS_MAX][BENCH_KERNEL_BYTES];

static void make_contents(void)
{
	for (uint32_t seed = 0; seed < SEEDS_MAX; seed++)
		for (uint32_t i = 0; i < BENCH_KERNEL_BYTES; i++)
			contents[seed][i] =
				(unsigned char)((i * 31 + i / 251 + seed * 17) &
						0xff);
}

const unsigned char *bench_content(unsigned int seed)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_contents);
	assert_in_range(seed, 0, SEEDS_MAX - 1);
	return contents[seed];
}

void bench_write_kernel(struct bench *bench, unsigned int seed)
{
	memcpy(bench->image->bytes +
		       fat_cluster_at(bench->image, BENCH_KERNEL_CLUSTER),
	       bench_content(seed), BENCH_KERNEL_BYTES);
}

void bench_move_kernel(struct bench *bench, uint32_t first_cluster)
{
	unsigned char *slot = bench->image->bytes + bench->kernel_slot;
	uint32_t old = (uint32_t)(slot[0x1a] | slot[0x1b] << 8);
	uint64_t from = fat_cluster_at(bench->image, old);

	memcpy(bench->image->bytes +
		       fat_cluster_at(bench->image, first_cluster),
	       bench->image->bytes + from, BENCH_KERNEL_BYTES);
	for (uint32_t i = 0; i < BENCH_KERNEL_CLUSTERS; i++)
		fat_link(bench->image, FAT_ALL, old + i, 0);
	fat_link_run(bench->image, first_cluster, BENCH_KERNEL_CLUSTERS);
	slot[0x1a] = (unsigned char)(first_cluster & 0xff);
	slot[0x1b] = (unsigned char)(first_cluster >> 8 & 0xff);
}

void bench_set_size(struct bench *bench, uint64_t slot, uint32_t size)
{
	for (unsigned int i = 0; i < 4; i++)
		bench->image->bytes[slot + 0x1c + i] =
			(unsigned char)(size >> 8 * i & 0xff);
}

void bench_find(struct bench *bench, const char *path,
		struct pbf_source *ret_source, struct pbf_found *ret_found)
{
	assert_int_equal(pbf_source_open(bench->catalog, BENCH_IMAGE, 0,
					 ret_source, NULL),
			 0);
	assert_int_equal(pbf_source_find(ret_source, path, ret_found, NULL), 0);
	if (!ret_found->is_directory)
		assert_int_equal(pbf_source_chain(ret_source, ret_found, NULL),
				 0);
}
