/* SPDX-License-Identifier: BSD-2-Clause */
#include "root_partition.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "text.h"

#define ROOT_KEY "root="
#define VALUE_BYTES 256u

/* The last root= of the line that counts; "" if there is none. */
static void find_root(const char *text, size_t length,
		      char ret_value[VALUE_BYTES])
{
	struct prep_line line;
	const char *word, *end;

	ret_value[0] = '\0';
	do {
		if (!prep_next_line(&text, &length, &line))
			return;
	} while (line.length == 0 || line.start[0] == '#');
	end = line.start + line.length;
	for (word = line.start; word < end;) {
		size_t blanks = prep_blanks(word, (size_t)(end - word));
		const char *start = word + blanks;

		for (word = start; word < end && *word != ' ' && *word != '\t';)
			word++;
		if (prep_starts_with(start, (size_t)(word - start), ROOT_KEY))
			snprintf(ret_value, VALUE_BYTES, "%.*s",
				 (int)((size_t)(word - start) -
				       strlen(ROOT_KEY)),
				 start + strlen(ROOT_KEY));
	}
}

/* "/dev/mmcblk0p2", "/dev/nbd0p2", "/dev/sda2": 2; 0 for other names. */
static unsigned int number_of_device(const char *value)
{
	const size_t prefix = strlen("/dev/");
	size_t length = strlen(value);
	size_t digits = length;
	char *end;
	unsigned long number;
	bool has_p;

	if (strncmp(value, "/dev/", prefix) != 0)
		return 0;
	while (digits > prefix && value[digits - 1] >= '0' &&
	       value[digits - 1] <= '9')
		digits--;
	if (digits == length || digits < prefix + 2)
		return 0;
	has_p = value[digits - 1] == 'p' && value[digits - 2] >= '0' &&
		value[digits - 2] <= '9';
	if (!has_p && strncmp(value, "/dev/sd", 7) != 0 &&
	    strncmp(value, "/dev/vd", 7) != 0)
		return 0;
	number = strtoul(value + digits, &end, 10);
	return number > 0 && number < 10000 ? (unsigned int)number : 0;
}

/* What the partitions of an image are called by. */
struct named {
	size_t count;
	unsigned int numbers[PBF_PARTITIONS_MAX];
	struct pbf_partition_names names[PBF_PARTITIONS_MAX];
};

static int read_names(int image_fd, const struct pbf_partition_table *table,
		      struct named *named, struct pbf_reason *why)
{
	_cleanup_image_ struct pbf_image *image = NULL;
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", image_fd);
	error = pbf_image_open(AT_FDCWD, path, &image, why);
	for (size_t i = 0; error == 0 && i < table->count; i++) {
		named->numbers[i] = table->partitions[i].number;
		error = pbf_partition_names_read(image, table,
						 &table->partitions[i],
						 &named->names[i], why);
		named->count++;
	}
	return error;
}

/* Anything but FAT that is a file system can be a root. */
static unsigned int find_only(const struct named *named)
{
	unsigned int found = 0;

	for (size_t i = 0; i < named->count; i++) {
		const char *type = named->names[i].type;

		if (type[0] == '\0' || strcmp(type, "vfat") == 0)
			continue;
		if (found != 0)
			return 0;
		found = named->numbers[i];
	}
	return found;
}

/* Where in struct pbf_partition_names the value of a tag is. */
static const struct {
	const char *prefix;
	size_t offset;
	bool is_hex; /* so that its case does not count */
} tags[] = {
	{ "PARTUUID=", offsetof(struct pbf_partition_names, part_uuid), true },
	{ "PARTLABEL=", offsetof(struct pbf_partition_names, part_label),
	  false },
	{ "UUID=", offsetof(struct pbf_partition_names, uuid), true },
	{ "LABEL=", offsetof(struct pbf_partition_names, label), false },
};

static unsigned int find_tagged(const struct named *named, const char *value)
{
	for (size_t t = 0; t < sizeof(tags) / sizeof(tags[0]); t++) {
		size_t length = strlen(tags[t].prefix);

		if (strncmp(value, tags[t].prefix, length) != 0)
			continue;
		for (size_t i = 0; i < named->count; i++) {
			const char *name =
				(const char *)&named->names[i] + tags[t].offset;

			if (name[0] != '\0' &&
			    (tags[t].is_hex ?
				     strcasecmp(name, value + length) == 0 :
				     strcmp(name, value + length) == 0))
				return named->numbers[i];
		}
	}
	return 0;
}

int prep_root_partition(int image_fd, const struct prep_boot_partition *place,
			const char *text, size_t length,
			unsigned int *ret_partition, struct pbf_reason *why)
{
	_cleanup_free_ struct named *named = calloc(1, sizeof(*named));
	char value[VALUE_BYTES];
	unsigned int number;
	int error;

	find_root(text, length, value);
	number = number_of_device(value);
	if (number == 0) {
		error = named ? read_names(image_fd, &place->table, named,
					   why) :
				-ENOMEM;
		if (error < 0)
			return error;
		number = find_tagged(named, value);
	}
	if (number == 0)
		number = find_only(named);
	*ret_partition = number;
	if (number != 0)
		return 0;
	return pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
			  "%s%s%s, and it is not the case that just one "
			  "partition has a Linux file system; say "
			  "--root-partition",
			  value[0] ? "no partition is \"" : "root= is not said",
			  value, value[0] ? "\"" : "");
}
