/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libjson-c rather than libsmartcols, whose JSON is one table: this is nested.
 * What json-c cannot allocate it leaves out, so each object is checked.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_report.h"
#include "utf.h"

struct writer {
	bool failed; /* out of memory */
};

/* Gives VALUE, which may be NULL for null, to OBJECT. */
static void put(struct writer *writer, struct json_object *object,
		const char *key, struct json_object *value)
{
	if (object && json_object_object_add(object, key, value) == 0)
		return;
	json_object_put(value);
	writer->failed = true;
}

static void put_new(struct writer *writer, struct json_object *object,
		    const char *key, struct json_object *value)
{
	writer->failed = writer->failed || !value;
	put(writer, object, key, value);
}

static void put_number(struct writer *writer, struct json_object *object,
		       const char *key, uint64_t number)
{
	put_new(writer, object, key, json_object_new_uint64(number));
}

static void put_bool(struct writer *writer, struct json_object *object,
		     const char *key, bool value)
{
	put_new(writer, object, key, json_object_new_boolean(value));
}

/* Bytes that are no UTF-8 come from pbf_utf8_next() as these. */
#define NOT_UTF8_FIRST 0xdc80u
#define NOT_UTF8_LAST 0xdcffu

/*
 * Strings of JSON are Unicode; what else is in TEXT becomes U+FFFD.  The caller
 * frees the copy.
 */
static char *to_unicode(const char *text)
{
	/* U+FFFD has three bytes and can stand for one. */
	char *copy = malloc(strlen(text) * 3 + 1);
	char *end = copy;
	uint32_t code_point;

	if (!copy)
		return NULL;
	while ((code_point = pbf_utf8_next(&text)) != 0) {
		if (code_point >= NOT_UTF8_FIRST && code_point <= NOT_UTF8_LAST)
			code_point = PBF_REPLACEMENT_CHARACTER;
		end += pbf_utf8_encode(code_point, end);
	}
	*end = '\0';
	return copy;
}

static void put_text(struct writer *writer, struct json_object *object,
		     const char *key, const char *text)
{
	_cleanup_free_ char *clean = to_unicode(text);

	put_new(writer, object, key,
		clean ? json_object_new_string(clean) : NULL);
}

static struct json_object *new_object(struct writer *writer)
{
	struct json_object *object = json_object_new_object();

	writer->failed = writer->failed || !object;
	return object;
}

static void put_reason(struct writer *writer, struct json_object *object,
		       const struct pbf_reason *why)
{
	if (why->offset_bytes == PBF_REASON_NO_OFFSET)
		put(writer, object, "byte", NULL);
	else
		put_number(writer, object, "byte", why->offset_bytes);
	put_text(writer, object, "reason", why->text);
}

static struct json_object *new_array(struct writer *writer)
{
	struct json_object *array = json_object_new_array();

	writer->failed = writer->failed || !array;
	return array;
}

static void append(struct writer *writer, struct json_object *array,
		   struct json_object *value)
{
	if (array && value && json_object_array_add(array, value) == 0)
		return;
	json_object_put(value);
	writer->failed = true;
}

static struct json_object *partitions(struct writer *writer,
				      const struct image_report *report)
{
	struct json_object *array = new_array(writer);

	for (size_t i = 0; i < report->table.count; i++) {
		const struct pbf_partition *partition =
			&report->table.partitions[i];
		const struct report_content *content = &report->contents[i];
		struct json_object *object = new_object(writer);

		put_number(writer, object, "number", partition->number);
		put_number(writer, object, "start", partition->start_bytes);
		put_number(writer, object, "size", partition->size_bytes);
		put_number(writer, object, "missing", content->missing_bytes);
		if (content->is_fat) {
			put_text(writer, object, "fat",
				 report_fat_word(content->type));
			put_text(writer, object, "label", content->label);
		} else {
			put(writer, object, "fat", NULL);
			put(writer, object, "label", NULL);
		}
		append(writer, array, object);
	}
	return array;
}

static struct json_object *boot(struct writer *writer,
				const struct image_report *report)
{
	struct json_object *object = new_object(writer);

	put_number(writer, object, "partition", report->view->choice.partition);
	put_text(writer, object, "reason", report_choice_word(report->view));
	return object;
}

static struct json_object *volume(struct writer *writer,
				  const struct image_report *report)
{
	const struct pbf_fat_volume *volume = report->view->source.volume;
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(volume);
	struct json_object *object = new_object(writer);
	char serial[REPORT_SERIAL_BYTES];

	put_text(writer, object, "fat", report_fat_word(geometry->type));
	put_text(writer, object, "label", report->label);
	if (report_serial(report, serial))
		put_text(writer, object, "serial", serial);
	else
		put(writer, object, "serial", NULL);
	put_number(writer, object, "start", pbf_fat_volume_start(volume));
	put_number(writer, object, "sector_size", geometry->sector_bytes);
	put_number(writer, object, "cluster_size", geometry->cluster_bytes);
	put_number(writer, object, "clusters", geometry->cluster_count);
	put_number(writer, object, "fat_copies", geometry->fat_count);
	put_number(writer, object, "active_fat", geometry->active_fat);
	return object;
}

static struct json_object *notes(struct writer *writer,
				 const struct image_report *report)
{
	struct json_object *array = new_array(writer);

	for (size_t i = 0; i < report->note_count; i++) {
		struct json_object *object = new_object(writer);

		put_reason(writer, object, &report->notes[i]);
		append(writer, array, object);
	}
	return array;
}

static struct json_object *faults(struct writer *writer,
				  const struct pbf_health *health)
{
	struct json_object *array = new_array(writer);

	for (size_t i = 0; i < health->fault_count; i++) {
		const struct pbf_fault *fault = &health->faults[i];
		struct json_object *object = new_object(writer);

		put_text(writer, object, "kind",
			 report_fault_word(fault->kind));
		put_text(writer, object, "path", fault->path);
		put_reason(writer, object, &fault->why);
		if (fault->other)
			put_text(writer, object, "other", fault->other);
		append(writer, array, object);
	}
	return array;
}

static struct json_object *health(struct writer *writer,
				  const struct image_report *report)
{
	const struct pbf_health *health = &report->health;
	struct json_object *object = new_object(writer);

	put_bool(writer, object, "sound", report_is_sound(report));
	put_bool(writer, object, "dirty",
		 pbf_fat_volume_geometry(report->view->source.volume)->dirty);
	put_text(writer, object, "backup_boot_sector",
		 report_backup_word(health->backup));
	put_number(writer, object, "files", health->files);
	put_number(writer, object, "directories", health->directories);
	put_number(writer, object, "used_clusters", health->used_clusters);
	put_number(writer, object, "free_clusters", health->free_clusters);
	put_number(writer, object, "bad_clusters", health->bad_clusters);
	put_number(writer, object, "lost_clusters", health->lost_clusters);
	put_number(writer, object, "differing_fat_entries",
		   health->differing_entries);
	put_new(writer, object, "notes", notes(writer, report));
	put_new(writer, object, "faults", faults(writer, health));
	put_number(writer, object, "faults_left_out", health->faults_left_out);
	return object;
}

static void put_volume(struct writer *writer, struct json_object *object,
		       const struct image_report *report)
{
	struct json_object *error;

	if (report->view) {
		put_new(writer, object, "boot", boot(writer, report));
		put_new(writer, object, "volume", volume(writer, report));
		put_new(writer, object, "health", health(writer, report));
		put(writer, object, "error", NULL);
		return;
	}
	error = new_object(writer);
	put_reason(writer, error, &report->why_not);
	put(writer, object, "boot", NULL);
	put(writer, object, "volume", NULL);
	put(writer, object, "health", NULL);
	put_new(writer, object, "error", error);
}

int report_print_json(const struct image_report *report)
{
	struct writer writer = { .failed = false };
	struct json_object *object = new_object(&writer);
	const char *text = NULL;

	put_text(&writer, object, "image", report->image);
	put_number(&writer, object, "size", report->size_bytes);
	if (report->undo)
		put_text(&writer, object, "undo", report->undo);
	else
		put(&writer, object, "undo", NULL);
	put_text(&writer, object, "table", report_table_word(&report->table));
	if (report->table.type != PBF_TABLE_NONE)
		put_number(&writer, object, "sector_size",
			   report->table.sector_bytes);
	else
		put(&writer, object, "sector_size", NULL);
	put_new(&writer, object, "partitions", partitions(&writer, report));
	put_volume(&writer, object, report);
	if (!writer.failed)
		text = json_object_to_json_string_ext(
			object, JSON_C_TO_STRING_SPACED |
					JSON_C_TO_STRING_PRETTY |
					JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		puts(text);
	json_object_put(object);
	return text ? 0 : -ENOMEM;
}
