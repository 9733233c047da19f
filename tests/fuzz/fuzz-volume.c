/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The input is a whole disk image.  What a board could ask of it is asked:
 * the boot volume is found, every directory is walked and every file's chain,
 * each entry is looked up again by its name, and the volume's health is told.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boot_volume.h"
#include "fat_chain.h"
#include "fat_check.h"
#include "fat_dir.h"

/* A directory that contains itself must not keep the fuzzer here. */
#define DIRECTORIES_MAX 64u

struct queue {
	uint32_t clusters[DIRECTORIES_MAX];
	size_t count;
};

static void look_at_file(struct pbf_fat_volume *volume,
			 const struct pbf_fat_entry *entry)
{
	_cleanup_chain_ struct pbf_chain chain = { 0 };
	struct pbf_reason why;
	unsigned char bytes[64];

	if (pbf_fat_chain(volume, 0, entry->first_cluster, entry->size_bytes,
			  &chain, &why) < 0)
		return;
	for (size_t i = 0; i < chain.run_count; i++) {
		uint64_t offset_bytes = pbf_fat_cluster_offset(
			volume, chain.runs[i].first_cluster);

		pbf_fat_volume_read(volume, offset_bytes, bytes, sizeof(bytes),
				    &why);
	}
}

static void look_at_directory(struct pbf_fat_volume *volume,
			      uint32_t first_cluster, struct queue *queue)
{
	struct pbf_fat_entry entry, again;
	enum pbf_slot_kind kind;
	struct pbf_dir_walk walk;
	struct pbf_reason why;

	if (pbf_dir_walk_start(&walk, volume, first_cluster, &why) < 0)
		return;
	while (pbf_dir_walk_next(&walk, &kind, &entry, &why) == 0 &&
	       kind != PBF_SLOT_END) {
		if (kind != PBF_SLOT_ENTRY)
			continue;
		/* Whatever is listed can be found. */
		if (queue->count < 4 &&
		    pbf_dir_find(volume, first_cluster, entry.name, &again,
				 &why) < 0)
			abort();
		if (!entry.is_directory)
			look_at_file(volume, &entry);
		else if (queue->count < DIRECTORIES_MAX)
			queue->clusters[queue->count++] = entry.first_cluster;
	}
}

static void look_at_health(struct pbf_fat_volume *volume)
{
	_cleanup_health_ struct pbf_health health = { .files = 0 };
	uint64_t clusters;

	if (pbf_fat_check(volume, &health) < 0)
		abort();
	clusters = (uint64_t)health.used_clusters + health.free_clusters +
		   health.bad_clusters;
	if (clusters > pbf_fat_volume_geometry(volume)->cluster_count ||
	    health.lost_clusters > health.used_clusters)
		abort();
}

static void look_at_image(struct pbf_image *image)
{
	_cleanup_volume_ struct pbf_fat_volume *volume = NULL;
	struct queue queue = { .clusters = { PBF_FAT_ROOT }, .count = 1 };
	char label[PBF_FAT_ALIAS_BYTES];
	struct pbf_boot_choice choice;
	struct pbf_reason why;

	if (pbf_boot_volume_open(image, 0, &volume, &choice, &why) < 0)
		return;
	pbf_fat_label(volume, label);
	look_at_health(volume);
	for (size_t i = 0; i < queue.count; i++)
		look_at_directory(volume, queue.clusters[i], &queue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("image", MFD_CLOEXEC);
	_cleanup_image_ struct pbf_image *image = NULL;
	struct pbf_reason why;
	char name[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (pbf_image_open(-1, name, &image, &why) < 0)
		abort();
	look_at_image(image);
	return 0;
}
