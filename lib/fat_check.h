/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The health of a FAT volume: all directories read, all chains followed, the
 * copies of the table compared, nothing changed.  What is called a fault here
 * is what fsck.fat(8) would repair, or what the volume hides from who reads
 * it; the mark that it is mounted is none.
 *
 * It is safe on any volume.  Each cluster is followed once or twice
 * (fat_claim.h), directories are walked without recursion, at most
 * PBF_FAT_DEPTH_MAX deep, and memory is needed for two bits for each cluster
 * and for PBF_FAULTS_MAX faults.
 */
#ifndef PBF_FAT_CHECK_H
#define PBF_FAT_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"
#include "fat_volume.h"
#include "reason.h"

/* Further faults are counted but not kept. */
#define PBF_FAULTS_MAX 1000u

/* Copies of the table that are compared; mkfs.fat(8) makes no more. */
#define PBF_CHECK_FATS_MAX 4u

enum pbf_fault_kind {
	PBF_FAULT_TRUNCATED,  /* partition or image end before the volume */
	PBF_FAULT_TABLE,      /* a copy of the FAT that cannot be read */
	PBF_FAULT_COPIES,     /* copies of the FAT differ */
	PBF_FAULT_DIRECTORY,  /* a directory that cannot be read to its end */
	PBF_FAULT_LOOP,	      /* a directory that contains itself */
	PBF_FAULT_NAME,	      /* an entry hidden for its name */
	PBF_FAULT_CHAIN,      /* a file that cannot be read */
	PBF_FAULT_EXCESS,     /* a file with more clusters than it needs */
	PBF_FAULT_CROSS_LINK, /* a cluster of two files or directories */
	PBF_FAULT_LOST,	      /* clusters in use that belong to no file */
};

struct pbf_fault {
	enum pbf_fault_kind kind;
	/* Of the file or directory at fault, "" for root or volume; owned. */
	char *path;
	/*
	 * Cross-links: who came to the cluster first; NULL when that is not
	 * known, as for all other kinds.  Owned.
	 */
	char *other;
	uint32_t cluster; /* cross-links: the cluster of both */
	struct pbf_reason why;
};

enum pbf_backup {
	PBF_BACKUP_NONE, /* FAT12 and FAT16 have none, FAT32 may */
	PBF_BACKUP_EQUAL,
	PBF_BACKUP_DIFFERS, /* in more than the mark that it is mounted */
	PBF_BACKUP_UNREADABLE,
};

struct pbf_health {
	uint32_t files, directories; /* found, the root not counted */
	/* How many clusters are ...; used ones include the lost. */
	uint32_t used_clusters, free_clusters, bad_clusters, lost_clusters;
	/* Entries of the FAT that are not the same in all copies. */
	uint32_t differing_entries;
	enum pbf_backup backup; /* of the boot sector */
	bool has_serial;
	uint32_t serial; /* the volume's serial number */
	/* In the order found, and how many there are beyond those. */
	struct pbf_fault *faults;
	size_t fault_count;
	uint64_t faults_left_out;
};

/*
 * Looks through VOLUME.  Storage that fails is a fault and no error; -ENOMEM,
 * and -ETIMEDOUT as pbf_image_read().  Oddities of directories are noted
 * (pbf_fat_volume_note()).  The caller releases *ret_health.
 */
int pbf_fat_check(struct pbf_fat_volume *volume, struct pbf_health *ret_health);
void pbf_health_release(struct pbf_health *health);

#define _cleanup_health_ _cleanup_(pbf_health_release)

#endif
