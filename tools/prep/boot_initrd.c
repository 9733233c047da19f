/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_initrd.h"
#include "boot_entry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value of config.txt has no room for more names. */
#define FILES_MAX PREP_CONFIG_VALUE_BYTES

struct file {
	char path[PREP_CONFIG_PATH_BYTES];
	char *bytes;
	size_t length;
};

struct files {
	struct file items[FILES_MAX];
	size_t count;
	size_t length;	   /* of all of them */
	char missing[128]; /* the names of those that are not there */
};

static void free_files(struct files **files)
{
	if (*files)
		for (size_t i = 0; i < (*files)->count; i++)
			free((*files)->items[i].bytes);
	free(*files);
}

/* Reads from the files as if they were one. */
static int read_joined(void *context, uint64_t offset_bytes, void *buffer,
		       size_t length)
{
	const struct files *files = context;
	unsigned char *out = buffer;

	for (size_t i = 0; i < files->count && length > 0; i++) {
		const struct file *file = &files->items[i];
		size_t part;

		if (offset_bytes >= file->length) {
			offset_bytes -= file->length;
			continue;
		}
		part = file->length - (size_t)offset_bytes;
		if (part > length)
			part = length;
		memcpy(out, file->bytes + offset_bytes, part);
		out += part;
		length -= part;
		offset_bytes = 0;
	}
	return length == 0 ? 0 : -EIO;
}

static void note_missing(struct files *files, const char *path)
{
	size_t used = strlen(files->missing);

	snprintf(files->missing + used, sizeof(files->missing) - used, "%s%s",
		 used > 0 ? ", " : "", path);
}

/* Reads the file whose path is in the next item; a missing one is skipped. */
static int read_file(struct files *files, const struct prep_boot *boot,
		     struct pbf_reason *why)
{
	struct file *file = &files->items[files->count];
	struct pbf_reason reason = { .offset_bytes = PBF_REASON_NO_OFFSET };
	int error = prep_boot_read(boot, file->path,
				   PREP_BOOT_INITRD_BYTES_MAX - files->length,
				   &file->bytes, &file->length, &reason);

	if (error == -ENOENT) {
		note_missing(files, file->path);
		return 0;
	}
	if (error < 0)
		return pbf_refuse(
			why, error, reason.offset_bytes, "%s: %s", file->path,
			reason.text[0] ? reason.text : strerror(-error));
	files->length += file->length;
	files->count++;
	return 0;
}

/* Of the file that has this byte of them all, or the last one. */
static size_t find_file(const struct files *files, uint64_t *offset_bytes)
{
	size_t i = 0;

	while (i + 1 < files->count && *offset_bytes >= files->items[i].length)
		*offset_bytes -= files->items[i++].length;
	return i;
}

static int refuse(const struct files *files, int error,
		  const struct pbf_reason *reason, struct pbf_reason *why)
{
	uint64_t offset = reason->offset_bytes;
	size_t i = 0;

	if (offset != PBF_REASON_NO_OFFSET)
		i = find_file(files, &offset);
	return pbf_refuse(why, error, offset, "%s: %s", files->items[i].path,
			  reason->text[0] ? reason->text : strerror(-error));
}

static int read_files(const struct prep_boot *boot,
		      const struct prep_config *config, struct files *files,
		      struct pbf_reason *why)
{
	int error = 0;

	for (size_t i = 0;
	     error == 0 && files->count < FILES_MAX &&
	     prep_config_initramfs(config, i, files->items[files->count].path);
	     i++)
		error = read_file(files, boot, why);
	if (error < 0 || files->count > 0)
		return error;
	if (files->missing[0] == '\0')
		return pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
				  "config.txt names no initrd");
	return pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET, "%s: not there",
			  files->missing);
}

static int look(const struct prep_boot *boot, const struct prep_config *config,
		struct prep_initrd *ret_initrd, struct pbf_reason *why)
{
	_cleanup_(free_files) struct files *files = calloc(1, sizeof(*files));
	struct prep_initrd_source source = { .read = read_joined };
	struct pbf_reason reason = { .offset_bytes = PBF_REASON_NO_OFFSET };
	int error;

	if (!files)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	error = read_files(boot, config, files, why);
	if (error < 0)
		return error;
	source.context = files;
	source.size_bytes = files->length;
	error = prep_initrd_read(&source, NULL, ret_initrd, &reason);
	if (error < 0)
		return refuse(files, error, &reason, why);
	return pbf_refuse(why, 0, PBF_REASON_NO_OFFSET, "%s%s", files->missing,
			  files->missing[0] ? ": not there" : "");
}

void prep_boot_initrds_release(struct prep_boot_initrds *initrds)
{
	free(initrds->items);
	initrds->items = NULL;
	initrds->count = 0;
}

static struct prep_boot_initrd_look *find(const struct prep_boot_initrds *known,
					  const struct prep_config *config)
{
	for (size_t i = 0; i < known->count; i++)
		if (strcmp(known->items[i].os_prefix, config->os_prefix) == 0 &&
		    strcmp(known->items[i].initramfs, config->initramfs) == 0)
			return &known->items[i];
	return NULL;
}

static struct prep_boot_initrd_look *add(struct prep_boot_initrds *known,
					 const struct prep_config *config)
{
	struct prep_boot_initrd_look *items, *item;

	items = reallocarray(known->items, known->count + 1, sizeof(*items));
	if (!items)
		return NULL;
	known->items = items;
	item = &items[known->count++];
	*item = (struct prep_boot_initrd_look){
		.initrd = { .generator = PREP_INITRD_UNKNOWN },
		.reason = { .offset_bytes = PBF_REASON_NO_OFFSET },
	};
	memcpy(item->os_prefix, config->os_prefix, sizeof(item->os_prefix));
	memcpy(item->initramfs, config->initramfs, sizeof(item->initramfs));
	item->error = look(known->boot, config, &item->initrd, &item->reason);
	return item;
}

int prep_boot_initrd(struct prep_boot_initrds *initrds,
		     const struct prep_config *config,
		     struct prep_initrd *ret_initrd, struct pbf_reason *why)
{
	struct prep_boot_initrd_look *item = find(initrds, config);

	if (!item)
		item = add(initrds, config);
	if (!item)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	if (item->error == 0)
		*ret_initrd = item->initrd;
	if (why)
		*why = item->reason;
	return item->error;
}
