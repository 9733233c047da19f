/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One read of a volume goes wrong, each in turn: whatever the type of the FAT
 * and the size of its sectors, the result is the file or an error, and no
 * buffer is overrun.
 */
#include <errno.h>

#include "disk-image.h"
#include "fake-storage.h"
#include "fat_chain.h"
#include "fat_dir.h"
#include "fat_volume_internal.h"
#include "unit.h"

/* On both sides of the end of a page of the table, and at the table's end. */
static const uint32_t file_clusters[] = { 4039, 40, 4083, 41, 2730, 2731 };
#define FILE_CLUSTERS (sizeof(file_clusters) / sizeof(file_clusters[0]))

static struct fat_image *build(uint32_t type, uint32_t sector_bytes)
{
	const struct fat_layout layout = {
		.type = type,
		.sector_bytes = sector_bytes,
		.clusters = type == 12 ? 4084 : 4200,
		.root_entries = sector_bytes / FAT_SLOT_BYTES,
		.start_bytes = sector_bytes,
	};
	struct fat_image *built = fat_image_new(&layout);
	struct fat_slot slot = {
		.name = "KERNEL8 IMG",
		.first_cluster = file_clusters[0],
		.size = FILE_CLUSTERS * sector_bytes,
	};
	unsigned char bytes[FAT_SLOT_BYTES];

	fat_slot_write(&slot, bytes);
	fat_add_directory(built, FAT_ROOT, "OVERLAYS   ", 60);
	fat_append(built, 60, bytes);
	for (size_t i = 0; i < FILE_CLUSTERS; i++)
		fat_link(built, FAT_ALL, file_clusters[i],
			 i + 1 < FILE_CLUSTERS ? file_clusters[i + 1] :
						 FAT_END);
	return built;
}

static void assert_pages_fit(const struct pbf_fat_volume *volume)
{
	for (size_t i = 0; i < PBF_TABLE_PAGES; i++)
		if (volume->pages[i])
			assert_in_range(volume->pages[i]->entry_count, 0,
					PBF_TABLE_PAGE_ENTRIES);
}

/* Finds the file in IMAGE, and its clusters in both copies of the table. */
static int use(struct pbf_image *image, const struct fat_image *built,
	       struct pbf_reason *why)
{
	_cleanup_volume_ struct pbf_fat_volume *volume = NULL;
	_cleanup_chain_ struct pbf_chain chain = { 0 };
	uint64_t start_bytes = built->layout.start_bytes;
	struct pbf_fat_entry entry;
	int error = pbf_fat_volume_open(
		image, start_bytes, built->size - start_bytes, &volume, why);

	if (error == 0)
		error = pbf_fat_resolve(volume, "overlays/kernel8.img", NULL,
					&entry, NULL, why);
	if (error == 0)
		error = pbf_fat_chain(volume, 0, entry.first_cluster,
				      entry.size_bytes, &chain, why);
	if (error == 0 && !pbf_chain_is_in_copy(volume, 1, &chain))
		error = -EIO;
	if (volume)
		assert_pages_fit(volume);
	if (error < 0)
		return error;
	if (!chain.runs)
		return -ENODATA;
	assert_int_equal(chain.run_count, FILE_CLUSTERS - 1);
	for (size_t i = 0; i + 1 < FILE_CLUSTERS; i++)
		assert_int_equal(chain.runs[i].first_cluster, file_clusters[i]);
	return 0;
}

static void break_each_read(uint32_t type, uint32_t sector_bytes)
{
	struct fat_image *built = build(type, sector_bytes);
	_cleanup_image_ struct pbf_image *image = image_of_volume(built);
	unsigned int reads;

	fake_storage_break(FAKE_SOUND, 0);
	assert_int_equal(use(image, built, NULL), 0);
	reads = fake_storage_reads();
	assert_in_range(reads, 5, 50);
	for (unsigned int nth = 0; nth < reads; nth++) {
		for (int fault = 0; fault < FAKE_FAULTS; fault++) {
			struct pbf_reason why = { .text = "" };
			int error;

			fake_storage_break((enum fake_fault)fault, nth);
			error = use(image, built, &why);
			if (fault == FAKE_SOUND || fault == FAKE_SHORT)
				assert_int_equal(error, 0);
			else if (error != 0)
				assert_int_equal(error, -EIO);
		}
	}
	fat_image_free(built);
}

TEST(a_read_that_goes_wrong_overruns_nothing)
{
	for (uint32_t sector_bytes = 512; sector_bytes <= 4096;
	     sector_bytes *= 2) {
		break_each_read(12, sector_bytes);
		break_each_read(16, sector_bytes);
		break_each_read(32, sector_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_that_goes_wrong_overruns_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
