/* SPDX-License-Identifier: BSD-2-Clause */
/* Where in an image the partition is that boards boot from. */
#ifndef PREP_BOOT_PARTITION_H
#define PREP_BOOT_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "boot_volume.h"
#include "partition.h"
#include "reason.h"

struct prep_boot_partition {
	struct pbf_boot_choice choice;
	uint64_t offset_bytes;
	uint64_t size_bytes; /* of the partition, or of what is there of it */
	struct pbf_partition_table table; /* without partitions if none */
};

/*
 * Finds it in IMAGE_FD as the daemon does, PARTITION as there.  -EUCLEAN also
 * when the volume is larger than its partition; else as
 * pbf_boot_volume_open().
 */
int prep_boot_partition_find(int image_fd, unsigned int partition,
			     struct prep_boot_partition *ret_place,
			     struct pbf_reason *why);

/*
 * Finds out which partition the daemon would show boards, by the NAME.conf of
 * IMAGE_PATH or its own choice.  Errors as image_settings_read() and
 * prep_boot_partition_find().
 */
int prep_boot_partition_shown(int image_fd, const char *image_path,
			      unsigned int *ret_partition,
			      struct pbf_reason *why);

bool prep_boot_has_partition(const struct pbf_partition_table *table,
			     unsigned int number);

#endif
