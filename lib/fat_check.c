/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "fat_check_internal.h"
#include "fat_volume_internal.h"

/* Microsoft FAT32 File System Specification 1.03, pages 11 to 13 */
#define BPB_EXT_FLAGS 0x28
#define BPB_BACKUP_SECTOR 0x32
#define BS_STATE_FAT32 0x41
#define BS_SIGNATURE_FAT16 0x26
#define BS_SIGNATURE_FAT32 0x42
#define BS_SERIAL_AFTER_SIGNATURE 1

#define EXT_FLAGS_NO_MIRROR 0x80u
#define EXTENDED_BOOT_SIGNATURE 0x29u
#define NO_BACKUP 0xffffu

/* --- Faults --- */

static void free_fault(struct pbf_fault *fault)
{
	free(fault->path);
	free(fault->other);
}

void pbf_health_release(struct pbf_health *health)
{
	for (size_t i = 0; i < health->fault_count; i++)
		free_fault(&health->faults[i]);
	free(health->faults);
	*health = (struct pbf_health){ 0 };
}

static void add_fault(struct pbf_check *check, struct pbf_fault fault)
{
	struct pbf_health *health = &check->health;

	if (check->second_round)
		return;
	if (health->fault_count == PBF_FAULTS_MAX) {
		health->faults_left_out++;
		return;
	}
	if (!health->faults)
		health->faults = calloc(PBF_FAULTS_MAX, sizeof(fault));
	fault.path = strdup(check->path);
	if (!health->faults || !fault.path) {
		free_fault(&fault);
		check->out_of_memory = true;
		return;
	}
	health->faults[health->fault_count++] = fault;
}

void pbf_check_add(struct pbf_check *check, enum pbf_fault_kind kind,
		   const struct pbf_reason *why)
{
	add_fault(check, (struct pbf_fault){ .kind = kind, .why = *why });
}

void pbf_check_add_cross_link(struct pbf_check *check, uint32_t cluster,
			      const struct pbf_reason *why)
{
	add_fault(check, (struct pbf_fault){ .kind = PBF_FAULT_CROSS_LINK,
					     .cluster = cluster,
					     .why = *why });
}

/* In the second round CLUSTER is claimed by who came first. */
static void name_other(void *context, uint32_t cluster)
{
	struct pbf_check *check = context;

	for (size_t i = 0; i < check->health.fault_count; i++) {
		struct pbf_fault *fault = &check->health.faults[i];

		if (fault->kind != PBF_FAULT_CROSS_LINK ||
		    fault->cluster != cluster)
			continue;
		fault->other = strdup(check->path);
		if (!fault->other)
			check->out_of_memory = true;
	}
}

static bool has_cross_links(const struct pbf_health *health)
{
	for (size_t i = 0; i < health->fault_count; i++)
		if (health->faults[i].kind == PBF_FAULT_CROSS_LINK)
			return true;
	return false;
}

/* --- The boot sector --- */

static enum pbf_backup compare_backup(const struct pbf_check *check,
				      unsigned char *sector)
{
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(check->volume);
	uint64_t number = get_le16(sector + BPB_BACKUP_SECTOR);
	unsigned char backup[PBF_FAT_BOOT_BYTES];

	if (geometry->type != PBF_FAT32 || number == 0 || number == NO_BACKUP)
		return PBF_BACKUP_NONE;
	if (pbf_fat_volume_read(check->volume, number * geometry->sector_bytes,
				backup, sizeof(backup), NULL) < 0)
		return PBF_BACKUP_UNREADABLE;
	/* Nobody marks the backup when the volume is mounted. */
	backup[BS_STATE_FAT32] = sector[BS_STATE_FAT32];
	return memcmp(sector, backup, sizeof(backup)) == 0 ? PBF_BACKUP_EQUAL :
							     PBF_BACKUP_DIFFERS;
}

/* Whether the copies of the table are meant to be the same. */
static bool is_mirrored(const struct pbf_check *check,
			const unsigned char *sector)
{
	return pbf_fat_volume_geometry(check->volume)->type != PBF_FAT32 ||
	       !(sector[BPB_EXT_FLAGS] & EXT_FLAGS_NO_MIRROR);
}

static int check_boot_sector(struct pbf_check *check, bool *ret_mirrored)
{
	struct pbf_health *health = &check->health;
	unsigned char sector[PBF_FAT_BOOT_BYTES];
	const unsigned char *signature =
		sector +
		(pbf_fat_volume_geometry(check->volume)->type == PBF_FAT32 ?
			 BS_SIGNATURE_FAT32 :
			 BS_SIGNATURE_FAT16);
	int error = pbf_fat_volume_read(check->volume, 0, sector,
					sizeof(sector), NULL);

	if (error < 0)
		return error;
	health->has_serial = *signature == EXTENDED_BOOT_SIGNATURE;
	if (health->has_serial)
		health->serial =
			get_le32(signature + BS_SERIAL_AFTER_SIGNATURE);
	health->backup = compare_backup(check, sector);
	*ret_mirrored = is_mirrored(check, sector);
	return 0;
}

/* --- The size --- */

static void check_size(struct pbf_check *check)
{
	const struct pbf_fat_volume *volume = check->volume;
	uint64_t end = volume->geometry.data_start +
		       (uint64_t)volume->geometry.cluster_count *
			       volume->geometry.cluster_bytes;
	uint64_t image_bytes = pbf_image_size_bytes(volume->image);
	bool image_ends =
		image_bytes - volume->start_bytes < volume->size_bytes;
	struct pbf_reason why;

	check->readable_bytes = image_ends ? image_bytes - volume->start_bytes :
					     volume->size_bytes;
	if (end <= check->readable_bytes)
		return;
	pbf_refuse(&why, 0, volume->start_bytes + check->readable_bytes,
		   "the %s ends here, %llu bytes before the volume does",
		   image_ends ? "image" : "partition",
		   (unsigned long long)(end - check->readable_bytes));
	pbf_check_add(check, PBF_FAULT_TRUNCATED, &why);
}

/* --- The table --- */

/* A scan of all copies of the table, cluster by cluster. */
struct scan {
	struct pbf_check *check;
	uint32_t copies;     /* to compare */
	uint32_t unreadable; /* a bit for each copy */
	uint32_t bad_mark;
	struct pbf_reason first_difference, first_lost;
};

static void count_entry(struct scan *scan, uint32_t cluster, uint32_t entry)
{
	struct pbf_health *health = &scan->check->health;

	if (entry == 0) {
		health->free_clusters++;
		return;
	}
	if (entry == scan->bad_mark) {
		health->bad_clusters++;
		return;
	}
	health->used_clusters++;
	if (!pbf_claims_owned(&scan->check->claims, cluster) &&
	    health->lost_clusters++ == 0)
		scan->first_lost.offset_bytes = pbf_fat_link_offset(
			scan->check->volume,
			scan->check->volume->geometry.active_fat, cluster);
}

/* Returns whether copy FAT_INDEX has ENTRY too, as far as it can be read. */
static bool copy_has(struct scan *scan, uint32_t fat_index, uint32_t cluster,
		     uint32_t entry)
{
	enum pbf_fat_link link;
	struct pbf_reason why;
	uint32_t other;

	if (scan->unreadable >> fat_index & 1)
		return true;
	if (pbf_fat_link(scan->check->volume, fat_index, cluster, &link, &other,
			 &why) == 0)
		return other == entry;
	scan->unreadable |= 1u << fat_index;
	pbf_check_add(scan->check, PBF_FAULT_TABLE, &why);
	return true;
}

static void compare_copies(struct scan *scan, uint32_t cluster, uint32_t entry)
{
	struct pbf_health *health = &scan->check->health;

	for (uint32_t i = 0; i < scan->copies; i++) {
		if (i == scan->check->volume->geometry.active_fat ||
		    copy_has(scan, i, cluster, entry))
			continue;
		if (health->differing_entries++ == 0)
			scan->first_difference.offset_bytes =
				pbf_fat_link_offset(scan->check->volume, i,
						    cluster);
		return;
	}
}

static void add_counts(struct scan *scan)
{
	const struct pbf_health *health = &scan->check->health;

	if (health->differing_entries > 0) {
		pbf_refuse(&scan->first_difference, 0,
			   scan->first_difference.offset_bytes,
			   "copies of the FAT differ, from here on in %u "
			   "entries",
			   health->differing_entries);
		pbf_check_add(scan->check, PBF_FAULT_COPIES,
			      &scan->first_difference);
	}
	if (health->lost_clusters > 0) {
		pbf_refuse(&scan->first_lost, 0, scan->first_lost.offset_bytes,
			   "%u clusters from here on are in use by no file",
			   health->lost_clusters);
		pbf_check_add(scan->check, PBF_FAULT_LOST, &scan->first_lost);
	}
}

static void scan_table(struct pbf_check *check, bool mirrored)
{
	const struct pbf_fat_geometry *geometry = &check->volume->geometry;
	struct scan scan = {
		.check = check,
		.copies = !mirrored ? 0 :
			  geometry->fat_count < PBF_CHECK_FATS_MAX ?
				      geometry->fat_count :
				      PBF_CHECK_FATS_MAX,
		.bad_mark = geometry->type == PBF_FAT32 ? 0x0ffffff7 :
			    geometry->type == PBF_FAT16 ? 0xfff7 :
							  0xff7,
	};

	check->path[0] = '\0';
	for (uint32_t i = 0; i < geometry->cluster_count; i++) {
		uint32_t cluster = PBF_FAT_FIRST_CLUSTER + i;
		enum pbf_fat_link link;
		struct pbf_reason why;
		uint32_t entry;

		if (pbf_fat_link(check->volume, geometry->active_fat, cluster,
				 &link, &entry, &why) < 0) {
			pbf_check_add(check, PBF_FAULT_TABLE, &why);
			break;
		}
		count_entry(&scan, cluster, entry);
		compare_copies(&scan, cluster, entry);
	}
	add_counts(&scan);
}

/* --- All of it --- */

static int run_check(struct pbf_check *check)
{
	bool mirrored = true;
	int error;

	check_size(check);
	error = check_boot_sector(check, &mirrored);
	if (error == 0)
		error = pbf_check_tree(check);
	if (error < 0)
		return error;
	scan_table(check, mirrored);
	if (has_cross_links(&check->health)) {
		check->second_round = true;
		check->claims.meet = name_other;
		check->claims.context = check;
		pbf_claims_restart(&check->claims);
		error = pbf_check_tree(check);
	}
	return check->out_of_memory ? -ENOMEM : error;
}

int pbf_fat_check(struct pbf_fat_volume *volume, struct pbf_health *ret_health)
{
	_cleanup_free_ struct pbf_check *check = calloc(1, sizeof(*check));
	int error;

	if (!check)
		return -ENOMEM;
	check->volume = volume;
	error = pbf_claims_init(&check->claims, volume);
	if (error == 0)
		error = run_check(check);
	pbf_claims_release(&check->claims);
	if (error < 0) {
		pbf_health_release(&check->health);
		return error;
	}
	*ret_health = check->health;
	return 0;
}
