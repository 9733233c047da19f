/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_info.h"

#include <errno.h>
#include <string.h>

#include "fat_dir.h"
#include "image_report.h"
#include "image_view.h"
#include "say.h"
#include "undo_path.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Reads the partition table with the sector size by which the boot partition
 * was found, or with the first by which there is one at all.
 */
static void read_table(const struct image_view *view,
		       struct pbf_partition_table *table)
{
	static const uint32_t sizes[] = PBF_SECTOR_SIZES;
	uint32_t known = view->choice.sector_bytes;
	struct pbf_image *image = view->source.image;

	if (view->source.volume && known == 0)
		return; /* unpartitioned */
	if (known == 0)
		known = pbf_image_sector_bytes(image);
	if (known != 0) {
		pbf_partition_table_read(image, known, table, NULL);
		return;
	}
	for (size_t i = 0;
	     i < ARRAY_SIZE(sizes) && table->type == PBF_TABLE_NONE; i++)
		pbf_partition_table_read(image, sizes[i], table, NULL);
	if (table->type == PBF_TABLE_NONE)
		pbf_partition_table_read_any(image, sizes[0], table, NULL);
}

static void read_content(struct pbf_image *image,
			 const struct pbf_partition *partition,
			 enum pbf_code_page page,
			 struct report_content *content)
{
	_cleanup_volume_ struct pbf_fat_volume *volume = NULL;

	content->missing_bytes = pbf_partition_missing_bytes(partition, image);
	content->is_fat =
		pbf_fat_volume_open(image, partition->start_bytes,
				    partition->size_bytes, &volume, NULL) == 0;
	if (!content->is_fat)
		return;
	pbf_fat_volume_set_code_page(volume, page);
	content->type = pbf_fat_volume_geometry(volume)->type;
	pbf_fat_label(volume, content->label);
}

/* Fills in what there is; -EUCLEAN and such when there is no boot volume. */
static int examine(struct image_view *view, const struct image_options *options,
		   struct image_report *report)
{
	int no_volume = image_view_open_volume(view, options, &report->why_not);
	enum pbf_code_page page =
		no_volume < 0 ? options->code_page :
				pbf_fat_volume_code_page(view->source.volume);
	int error;

	report->size_bytes = pbf_image_size_bytes(view->source.image);
	read_table(view, &report->table);
	for (size_t i = 0; i < report->table.count; i++)
		read_content(view->source.image, &report->table.partitions[i],
			     page, &report->contents[i]);
	if (no_volume < 0)
		return no_volume;
	error = pbf_fat_check(view->source.volume, &report->health);
	if (error < 0) {
		pbf_refuse(&report->why_not, error, PBF_REASON_NO_OFFSET,
			   "its health cannot be told: %s", strerror(-error));
		return error;
	}
	pbf_fat_label(view->source.volume, report->label);
	report->view = view;
	report_take_notes(report);
	return 0;
}

static int print(const struct image_options *options,
		 const struct image_report *report)
{
	int error = options->json ? report_print_json(report) :
				    report_print_text(report);

	if (error != 0) {
		say("the report cannot be made: out of memory");
		return EXIT_UNREADABLE;
	}
	return say_end_of_output() ? 0 : EXIT_UNREADABLE;
}

int image_info(const struct image_options *options)
{
	_cleanup_view_ struct image_view view = { .name = NULL };
	_cleanup_free_ struct image_report *report = calloc(1, sizeof(*report));
	int status, error;

	if (!report) {
		say("out of memory");
		return EXIT_UNREADABLE;
	}
	report->image = options->image;
	if (image_view_open(options, &view) < 0)
		return EXIT_UNREADABLE;
	report->undo = undo_find(options->image);
	error = examine(&view, options, report);
	status = print(options, report);
	if (error < 0)
		image_view_say(options, error, &report->why_not);
	if (error < 0 || status != 0)
		status = EXIT_UNREADABLE;
	else if (!report_is_sound(report))
		status = EXIT_UNSOUND;
	pbf_health_release(&report->health);
	free(report->undo);
	return status;
}
