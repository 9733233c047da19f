/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "image_report.h"
#include "image_table.h"
#include "say.h"
#include "undo_path.h"

/* A table of two columns, what and how much. */
struct facts {
	struct libscols_table *table;
	bool failed; /* out of memory */
};

__attribute__((format(printf, 3, 4))) static void
add_fact(struct facts *facts, const char *what, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		text = NULL;
		facts->failed = true;
		return;
	}
	if (image_table_add(facts->table, (const char *[]){ what, text }) < 0)
		facts->failed = true;
}

static int print_facts(const struct image_report *report,
		       void (*add)(struct facts *facts,
				   const struct image_report *report))
{
	static const struct image_column columns[] = {
		{ "WHAT", 0 },
		{ "HOW", 0 },
		{ NULL, 0 },
	};
	_cleanup_table_ struct libscols_table *table =
		image_table_new(columns, true);
	struct facts facts = { .table = table };

	if (!table)
		return -ENOMEM;
	add(&facts, report);
	return facts.failed ? -ENOMEM : image_table_print(table);
}

static const char *choice_text(const struct image_view *view)
{
	switch (view->choice.reason) {
	case PBF_BOOT_NUMBERED:
		return view->by_conf ? "named by the .conf of the image" :
				       "named by --partition";
	case PBF_BOOT_UNPARTITIONED:
		return "the image as a whole is a FAT volume";
	case PBF_BOOT_ONLY_FAT:
		return "the only one with a FAT volume";
	case PBF_BOOT_AUTOBOOT:
		return "named by autoboot.txt in the first FAT volume";
	case PBF_BOOT_FILES:
		return "the first FAT volume with boot files";
	case PBF_BOOT_FIRST_FAT:
		break;
	}
	return "the first FAT volume; none has boot files";
}

static void add_table(struct facts *facts, const struct image_report *report)
{
	const struct pbf_partition_table *table = &report->table;

	switch (table->type) {
	case PBF_TABLE_NONE:
		add_fact(facts, "Partition table:", "none");
		break;
	case PBF_TABLE_OTHER:
		add_fact(facts, "Partition table:",
			 "%s; boards boot from GPT and MBR only", table->name);
		break;
	case PBF_TABLE_GPT:
	case PBF_TABLE_MBR:
		add_fact(facts,
			 "Partition table:", "%s, on sectors of %u bytes",
			 table->type == PBF_TABLE_GPT ? "GPT" : "MBR",
			 table->sector_bytes);
	}
	if (table->disk_bytes > report->size_bytes)
		add_fact(facts,
			 "Cut off:", "the GPT is for a disk of %llu bytes",
			 (unsigned long long)table->disk_bytes);
	for (size_t i = 0; i < table->count; i++) {
		uint64_t missing = report->contents[i].missing_bytes;

		if (missing > 0)
			add_fact(facts, "Cut off:",
				 "the image ends %s partition %u, of which "
				 "%llu bytes are missing",
				 missing == table->partitions[i].size_bytes ?
					 "before" :
					 "within",
				 table->partitions[i].number,
				 (unsigned long long)missing);
	}
}

static void add_image(struct facts *facts, const struct image_report *report)
{
	add_fact(facts, "Image:", "%s", report->image);
	add_fact(facts, "Size:", "%llu bytes",
		 (unsigned long long)report->size_bytes);
	if (report->undo) {
		add_fact(facts, "Undo file:", "%s", report->undo);
		add_fact(facts, "", "%s", UNDO_MEANING);
	}
	add_table(facts, report);
	if (report->view && report->view->choice.partition != 0)
		add_fact(facts, "Boot partition:", "%u: %s",
			 report->view->choice.partition,
			 choice_text(report->view));
	else
		add_fact(facts, "Boot partition:", "none%s%s",
			 report->view ? ": " : "",
			 report->view ? choice_text(report->view) : "");
}

static int print_partitions(const struct image_report *report)
{
	static const struct image_column columns[] = {
		{ "PARTITION", SCOLS_FL_RIGHT },
		{ "START", SCOLS_FL_RIGHT },
		{ "SIZE", SCOLS_FL_RIGHT },
		{ "FAT", 0 },
		{ "LABEL", 0 },
		{ NULL, 0 },
	};
	_cleanup_table_ struct libscols_table *table =
		image_table_new(columns, false);
	int error = table ? 0 : -ENOMEM;

	if (report->table.count == 0)
		return error;
	for (size_t i = 0; i < report->table.count && error == 0; i++) {
		const struct pbf_partition *partition =
			&report->table.partitions[i];
		const struct report_content *content = &report->contents[i];
		char number[16], start[24], size[24];
		const char *const cells[] = {
			number,
			start,
			size,
			content->is_fat ? report_fat_word(content->type) : "-",
			content->label,
		};

		snprintf(number, sizeof(number), "%u", partition->number);
		snprintf(start, sizeof(start), "%llu",
			 (unsigned long long)partition->start_bytes);
		snprintf(size, sizeof(size), "%llu",
			 (unsigned long long)partition->size_bytes);
		error = image_table_add(table, cells);
	}
	putchar('\n');
	if (error == 0)
		error = image_table_print(table);
	return error;
}

static void add_geometry(struct facts *facts, const struct image_report *report)
{
	const struct pbf_fat_volume *volume = report->view->source.volume;
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(volume);
	char serial[REPORT_SERIAL_BYTES] = "none";

	add_fact(facts, "Volume:", "%s, from byte %llu on",
		 report_fat_word(geometry->type),
		 (unsigned long long)pbf_fat_volume_start(volume));
	add_fact(facts, "Label:", "%s",
		 report->label[0] ? report->label : "none");
	report_serial(report, serial);
	add_fact(facts, "Serial number:", "%s", serial);
	add_fact(facts, "Clusters:", "%u of %u bytes", geometry->cluster_count,
		 geometry->cluster_bytes);
	if (geometry->active_fat != 0)
		add_fact(facts, "Copies of the FAT:", "%u, in use is number %u",
			 geometry->fat_count, geometry->active_fat + 1);
	else
		add_fact(facts, "Copies of the FAT:", "%u",
			 geometry->fat_count);
}

static const char *backup_text(enum pbf_backup backup)
{
	switch (backup) {
	case PBF_BACKUP_EQUAL:
		return "like the boot sector";
	case PBF_BACKUP_DIFFERS:
		return "not like the boot sector, which is mostly harmless";
	case PBF_BACKUP_UNREADABLE:
		return "cannot be read";
	case PBF_BACKUP_NONE:
		break;
	}
	return "none";
}

static void add_reason(struct facts *facts, const char *what,
		       const struct pbf_reason *why)
{
	if (why->offset_bytes == PBF_REASON_NO_OFFSET)
		add_fact(facts, what, "%s", why->text);
	else
		add_fact(facts, what, "byte %#llx: %s",
			 (unsigned long long)why->offset_bytes, why->text);
}

static void add_health(struct facts *facts, const struct image_report *report)
{
	const struct pbf_health *health = &report->health;
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(report->view->source.volume);
	uint64_t faults = health->fault_count + health->faults_left_out;

	add_fact(facts, "Files:", "%u", health->files);
	add_fact(facts, "Directories:", "%u", health->directories);
	add_fact(facts, "Clusters in use:", "%u", health->used_clusters);
	add_fact(facts, "Clusters free:", "%u", health->free_clusters);
	add_fact(facts, "Clusters marked bad:", "%u", health->bad_clusters);
	add_fact(facts, "Clusters lost:", "%u", health->lost_clusters);
	add_fact(facts, "Backup boot sector:", "%s",
		 backup_text(health->backup));
	add_fact(facts, "Marked as mounted:", "%s",
		 geometry->dirty ? "yes, or it was not unmounted" : "no");
	for (size_t i = 0; i < report->note_count; i++)
		add_reason(facts, "Note:", &report->notes[i]);
	if (report_is_sound(report))
		add_fact(facts, "Health:", "sound");
	else if (faults == 0)
		add_fact(facts,
			 "Health:", "no faults, but the image is cut off");
	else
		add_fact(facts, "Health:", "%llu fault%s",
			 (unsigned long long)faults, faults > 1 ? "s" : "");
}

static void add_volume(struct facts *facts, const struct image_report *report)
{
	add_geometry(facts, report);
	add_health(facts, report);
}

static int print_fault(const struct pbf_fault *fault)
{
	_cleanup_free_ char *line = NULL;
	_cleanup_free_ char *clean = NULL;
	char place[64] = "";
	const char *other = fault->other;

	if (fault->why.offset_bytes != PBF_REASON_NO_OFFSET)
		snprintf(place, sizeof(place), "byte %#llx: ",
			 (unsigned long long)fault->why.offset_bytes);
	if (asprintf(&line, "%s%s%s%s%s%s", fault->path,
		     fault->path[0] ? ": " : "", place, fault->why.text,
		     other ? ": " : "",
		     other && !other[0] ? "the root directory" :
		     other		? other :
					  "") < 0) {
		line = NULL;
		return -ENOMEM;
	}
	clean = say_masked(line);
	if (!clean)
		return -ENOMEM;
	puts(clean);
	return 0;
}

static int print_faults(const struct pbf_health *health)
{
	int error = 0;

	if (health->fault_count > 0)
		putchar('\n');
	for (size_t i = 0; i < health->fault_count && error == 0; i++)
		error = print_fault(&health->faults[i]);
	if (health->faults_left_out > 0)
		printf("and %llu more\n",
		       (unsigned long long)health->faults_left_out);
	return error;
}

int report_print_text(const struct image_report *report)
{
	int error = print_facts(report, add_image);

	if (error == 0)
		error = print_partitions(report);
	if (error != 0 || !report->view)
		return error;
	putchar('\n');
	error = print_facts(report, add_volume);
	return error == 0 ? print_faults(&report->health) : error;
}
