/* SPDX-License-Identifier: BSD-2-Clause */
/* What `pibootfs-image info` has found out, and the two ways to print it. */
#ifndef PBF_IMAGE_REPORT_H
#define PBF_IMAGE_REPORT_H

#include <stdbool.h>

#include "fat_check.h"
#include "fat_entry.h"
#include "image_view.h"
#include "partition.h"

#define REPORT_NOTES_MAX 4

/* What a partition holds. */
struct report_content {
	bool is_fat;
	enum pbf_fat_type type;		 /* if it is */
	char label[PBF_FAT_ALIAS_BYTES]; /* likewise */
	uint64_t missing_bytes;		 /* beyond the end of the image */
};

struct image_report {
	const char *image; /* as named on the command line; borrowed */
	char *undo;	   /* the undo file beside it, or NULL; owned */
	uint64_t size_bytes;
	struct pbf_partition_table table;
	struct report_content contents[PBF_PARTITIONS_MAX];
	/* The boot volume; NULL when there is none, and then why. */
	const struct image_view *view;
	struct pbf_reason why_not;
	char label[PBF_FAT_ALIAS_BYTES];
	struct pbf_health health;
	/* What is strange about the volume but served nevertheless. */
	struct pbf_reason notes[REPORT_NOTES_MAX];
	size_t note_count;
};

/* Short words for what a table, a choice, a fault and a backup are. */
const char *report_table_word(const struct pbf_partition_table *table);
const char *report_fat_word(enum pbf_fat_type type);
const char *report_choice_word(const struct image_view *view);
const char *report_fault_word(enum pbf_fault_kind kind);
const char *report_backup_word(enum pbf_backup backup);

/* Whether there is nothing to be repaired, and nothing missing. */
bool report_is_sound(const struct image_report *report);

/* The volume's serial number as "89AB-CDEF"; false when it has none. */
#define REPORT_SERIAL_BYTES 10
bool report_serial(const struct image_report *report,
		   char ret_serial[REPORT_SERIAL_BYTES]);

/* Fills in the notes, when all the rest is there. */
void report_take_notes(struct image_report *report);

/* Print it for a person, or as JSON; -ENOMEM. */
int report_print_text(const struct image_report *report);
int report_print_json(const struct image_report *report);

#endif
