/* SPDX-License-Identifier: BSD-2-Clause */
#include "check-bench.h"

#include "unit.h"

void check_bench_free(struct check_bench *bench)
{
	pbf_health_release(&bench->health);
	volume_bench_free(&bench->volume);
}

void check_bench_build_empty(struct check_bench *bench,
			     const struct fat_layout *layout)
{
	check_bench_free(bench);
	volume_bench_build(&bench->volume, layout);
}

void check_bench_build(struct check_bench *bench, uint32_t type)
{
	const struct fat_layout layout = { .type = type, .start_bytes = START };
	static const char content[3 * CLUSTER];
	struct fat_image *built;

	check_bench_build_empty(bench, &layout);
	built = bench->volume.built;
	fat_add_file(built, FAT_ROOT, "A       BIN", FILE_A, content,
		     sizeof(content));
	fat_add_file(built, FAT_ROOT, "B       BIN", FILE_B, content,
		     sizeof(content) - 1);
	fat_add_directory(built, FAT_ROOT, "DIR        ", DIRECTORY);
	fat_add_file(built, DIRECTORY, "DEEP    BIN", DEEP_FILE, content,
		     2 * CLUSTER);
}

void check_bench_check(struct check_bench *bench)
{
	check_bench_check_cut(bench, bench->volume.built->size);
}

void check_bench_check_cut(struct check_bench *bench, size_t length)
{
	pbf_health_release(&bench->health);
	assert_int_equal(volume_bench_open_cut(&bench->volume, length, NULL),
			 0);
	assert_int_equal(pbf_fat_check(bench->volume.volume, &bench->health),
			 0);
}

const struct pbf_fault *check_bench_fault(const struct check_bench *bench,
					  enum pbf_fault_kind kind)
{
	static const struct pbf_fault none = { .path = NULL };

	for (size_t i = 0; i < bench->health.fault_count; i++)
		if (bench->health.faults[i].kind == kind)
			return &bench->health.faults[i];
	fail_msg("no fault of kind %d", (int)kind);
	return &none;
}

void check_bench_expect_among(struct check_bench *bench,
			      enum pbf_fault_kind kind, const char *path,
			      uint64_t offset, const char *words)
{
	const struct pbf_fault *fault;

	check_bench_check(bench);
	fault = check_bench_fault(bench, kind);
	assert_string_equal(fault->path, path);
	assert_reason(fault->why, offset, words);
}

void check_bench_expect(struct check_bench *bench, enum pbf_fault_kind kind,
			const char *path, uint64_t offset, const char *words)
{
	check_bench_expect_among(bench, kind, path, offset, words);
	assert_int_equal(bench->health.fault_count, 1);
}

void check_bench_link(struct check_bench *bench, uint32_t cluster,
		      uint32_t value)
{
	fat_link(bench->volume.built, FAT_ALL, cluster, value);
}

uint64_t check_bench_link_at(const struct check_bench *bench, uint32_t cluster)
{
	return fat_link_at(bench->volume.built, 0, cluster);
}

static uint64_t add_slot(struct check_bench *bench, uint32_t directory,
			 const struct fat_slot *slot)
{
	unsigned char bytes[FAT_SLOT_BYTES];

	fat_slot_write(slot, bytes);
	return fat_append(bench->volume.built, directory, bytes);
}

uint64_t check_bench_add_file(struct check_bench *bench, uint32_t directory,
			      const char *name, uint32_t first_cluster,
			      uint32_t size)
{
	const struct fat_slot slot = { .name = name,
				       .first_cluster = first_cluster,
				       .size = size };

	return add_slot(bench, directory, &slot);
}

uint64_t check_bench_add_directory(struct check_bench *bench,
				   uint32_t directory, const char *name,
				   uint32_t first_cluster)
{
	const struct fat_slot slot = { .name = name,
				       .attributes = FAT_ATTRIBUTE_DIRECTORY,
				       .first_cluster = first_cluster };

	return add_slot(bench, directory, &slot);
}
