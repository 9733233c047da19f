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
#include "cmdline_words.h"

#define VALUE_BYTES 256u

/* The root= of the line that counts; "" if there is none. */
static void find_root(const char *text, size_t length,
		      char ret_value[VALUE_BYTES])
{
	struct prep_piece value;

	ret_value[0] = '\0';
	if (prep_cmdline_value(text, length, "root=", &value))
		snprintf(ret_value, VALUE_BYTES, "%.*s",
			 value.length < VALUE_BYTES ? (int)value.length :
						      (int)VALUE_BYTES,
			 value.start);
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

/*
 * How many partitions could be a root, which anything but FAT can that is a
 * file system; RET_NUMBER is the last of them.
 */
static size_t count_roots(const struct named *named, unsigned int *ret_number)
{
	size_t count = 0;

	for (size_t i = 0; i < named->count; i++) {
		const char *type = named->names[i].type;

		if (type[0] == '\0' || strcmp(type, "vfat") == 0)
			continue;
		*ret_number = named->numbers[i];
		count++;
	}
	return count;
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

static int refuse(const char *value, size_t count, struct pbf_reason *why)
{
	char roots[64] = "no partition has";

	if (count > 0)
		snprintf(roots, sizeof(roots), "%zu partitions have", count);
	return pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
			  "%s%s, and %s a Linux file system; "
			  "--root-partition says which it is",
			  value[0] ? "no partition is root=" : "has no root=",
			  value, roots);
}

int prep_root_partition(int image_fd, const struct prep_boot_partition *place,
			const char *text, size_t length,
			unsigned int *ret_partition, struct pbf_reason *why)
{
	_cleanup_free_ struct named *named = calloc(1, sizeof(*named));
	char value[VALUE_BYTES];
	unsigned int number;
	size_t count;
	int error;

	find_root(text, length, value);
	number = number_of_device(value);
	if (number != 0 && prep_boot_has_partition(&place->table, number)) {
		*ret_partition = number;
		return pbf_refuse(why, 0, PBF_REASON_NO_OFFSET, "%s", "");
	}
	error = named ? read_names(image_fd, &place->table, named, why) :
			-ENOMEM;
	if (error < 0)
		return error;
	*ret_partition = find_tagged(named, value);
	if (*ret_partition != 0)
		return pbf_refuse(why, 0, PBF_REASON_NO_OFFSET, "%s", "");
	count = count_roots(named, &number);
	if (count != 1)
		return refuse(value, count, why);
	*ret_partition = number;
	return pbf_refuse(why, 0, PBF_REASON_NO_OFFSET,
			  value[0] ? "no partition is root=%s, so that it "
				     "becomes partition %u, the only one with "
				     "a Linux file system" :
				     "has no root=%s; it becomes partition "
				     "%u, the only one with a Linux file "
				     "system",
			  value, number);
}
