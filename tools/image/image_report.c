/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_report.h"

#include <stdio.h>

const char *report_table_word(const struct pbf_partition_table *table)
{
	switch (table->type) {
	case PBF_TABLE_MBR:
		return "mbr";
	case PBF_TABLE_GPT:
		return "gpt";
	case PBF_TABLE_OTHER:
		return table->name;
	case PBF_TABLE_NONE:
		break;
	}
	return "none";
}

const char *report_fat_word(enum pbf_fat_type type)
{
	switch (type) {
	case PBF_FAT12:
		return "FAT12";
	case PBF_FAT16:
		return "FAT16";
	case PBF_FAT32:
		break;
	}
	return "FAT32";
}

const char *report_choice_word(const struct image_view *view)
{
	switch (view->choice.reason) {
	case PBF_BOOT_NUMBERED:
		return view->by_conf ? "conf" : "option";
	case PBF_BOOT_UNPARTITIONED:
		return "unpartitioned";
	case PBF_BOOT_ONLY_FAT:
		return "only-fat";
	case PBF_BOOT_AUTOBOOT:
		return "autoboot";
	case PBF_BOOT_FILES:
		return "boot-files";
	case PBF_BOOT_FIRST_FAT:
		break;
	}
	return "first-fat";
}

const char *report_fault_word(enum pbf_fault_kind kind)
{
	static const char *const words[] = {
		[PBF_FAULT_TRUNCATED] = "truncated",
		[PBF_FAULT_TABLE] = "table",
		[PBF_FAULT_COPIES] = "copies",
		[PBF_FAULT_DIRECTORY] = "directory",
		[PBF_FAULT_LOOP] = "loop",
		[PBF_FAULT_NAME] = "name",
		[PBF_FAULT_CHAIN] = "chain",
		[PBF_FAULT_EXCESS] = "excess",
		[PBF_FAULT_CROSS_LINK] = "cross-link",
		[PBF_FAULT_LOST] = "lost",
	};

	return words[kind];
}

const char *report_backup_word(enum pbf_backup backup)
{
	static const char *const words[] = {
		[PBF_BACKUP_NONE] = "none",
		[PBF_BACKUP_EQUAL] = "equal",
		[PBF_BACKUP_DIFFERS] = "differs",
		[PBF_BACKUP_UNREADABLE] = "unreadable",
	};

	return words[backup];
}

bool report_is_sound(const struct image_report *report)
{
	for (size_t i = 0; i < report->table.count; i++)
		if (report->contents[i].missing_bytes > 0)
			return false;
	return report->health.fault_count == 0 &&
	       report->table.disk_bytes <= report->size_bytes;
}

bool report_serial(const struct image_report *report,
		   char ret_serial[REPORT_SERIAL_BYTES])
{
	uint32_t serial = report->health.serial;

	if (!report->health.has_serial)
		return false;
	snprintf(ret_serial, REPORT_SERIAL_BYTES, "%04X-%04X", serial >> 16,
		 serial & 0xffff);
	return true;
}

void report_take_notes(struct image_report *report)
{
	const struct pbf_fat_volume *volume = report->view->source.volume;
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(volume);
	const struct pbf_reason *found = pbf_fat_volume_oddity(volume);
	uint64_t start = pbf_fat_volume_start(volume);

	report->note_count = 0;
	if (geometry->oddity)
		pbf_refuse(&report->notes[report->note_count++], 0, start,
			   "the volume %s", geometry->oddity);
	if (geometry->sector_bytes < report->table.sector_bytes)
		pbf_refuse(&report->notes[report->note_count++], 0, start,
			   "the volume has sectors of %u bytes on a disk with "
			   "sectors of %u, where Linux would not mount it",
			   geometry->sector_bytes, report->table.sector_bytes);
	if (report->table.cut_extended != 0)
		pbf_refuse(&report->notes[report->note_count++], 0,
			   report->size_bytes,
			   "the image ends within partition %u, an extended "
			   "one: logical partitions can be missing",
			   report->table.cut_extended);
	if (found)
		report->notes[report->note_count++] = *found;
}
