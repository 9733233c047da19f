/* SPDX-License-Identifier: BSD-2-Clause */
/* A FAT volume built in memory, and the same opened by the code under test. */
#ifndef PBF_UNIT_VOLUME_BENCH_H
#define PBF_UNIT_VOLUME_BENCH_H

#include <stddef.h>

#include "fat-image.h"
#include "fat_volume.h"
#include "image.h"

struct volume_bench {
	struct fat_image *built;
	struct pbf_image *image;
	struct pbf_fat_volume *volume;
};

/* Frees what there is. */
void volume_bench_free(struct volume_bench *bench);

/* Builds; nothing may have been built before. */
void volume_bench_build(struct volume_bench *bench,
			const struct fat_layout *layout);

/* Opens what was built, afresh; the second cut to LENGTH bytes of image. */
void volume_bench_open(struct volume_bench *bench);
int volume_bench_open_cut(struct volume_bench *bench, size_t length,
			  struct pbf_reason *why);

#endif
