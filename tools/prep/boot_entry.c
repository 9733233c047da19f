/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fat_check.h"
#include "source.h"

static int open_source(const struct prep_boot *boot,
		       struct pbf_source *ret_source, struct pbf_reason *why)
{
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", boot->fd);
	error = pbf_image_open(AT_FDCWD, path, &ret_source->image, why);
	if (error < 0)
		return error;
	return pbf_fat_volume_open(ret_source->image, boot->offset_bytes,
				   boot->size_bytes, &ret_source->volume, why);
}

int prep_boot_find(const struct prep_boot *boot, const char *path,
		   struct prep_boot_entry *ret_entry, struct pbf_reason *why)
{
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_found_ struct pbf_found found = { 0 };
	int error = open_source(boot, &source, why);

	path += strspn(path, "/");
	if (error == 0)
		error = pbf_source_find(&source, path, &found, why);
	if (error < 0)
		return error == -ENOTDIR ? -ENOENT : error;
	*ret_entry = (struct prep_boot_entry){
		.is_directory = found.is_directory,
		.size_bytes = found.size_bytes,
	};
	return 0;
}

bool prep_boot_has(const struct prep_boot *boot, const char *path)
{
	struct prep_boot_entry entry;

	return prep_boot_find(boot, path, &entry, NULL) == 0;
}

bool prep_boot_has_file(const struct prep_boot *boot, const char *path)
{
	struct prep_boot_entry entry;

	return prep_boot_find(boot, path, &entry, NULL) == 0 &&
	       !entry.is_directory;
}

static int ignore_piece(void *context, uint64_t offset_bytes,
			const unsigned char *bytes, size_t length)
{
	(void)context;
	(void)offset_bytes;
	(void)bytes;
	(void)length;
	return 0;
}

int prep_boot_read(const struct prep_boot *boot, const char *path,
		   size_t max_bytes, char **ret_content, size_t *ret_length,
		   struct pbf_reason *why)
{
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_found_ struct pbf_found found = { 0 };
	_cleanup_free_ char *content = NULL;
	struct pbf_reading reading = { .take = ignore_piece };
	int error = open_source(boot, &source, why);

	if (error == 0)
		error = pbf_source_find(&source, path, &found, why);
	if (error < 0)
		return error == -ENOTDIR ? -ENOENT : error;
	if (found.is_directory)
		return -ENOENT;
	if (found.size_bytes > max_bytes)
		return pbf_refuse(why, -EFBIG, found.slot_offset_bytes,
				  "has %llu bytes, more than %zu",
				  (unsigned long long)found.size_bytes,
				  max_bytes);
	error = pbf_source_chain(&source, &found, why);
	content = malloc(found.size_bytes + 1);
	if (error == 0 && !content)
		error = -ENOMEM;
	reading.into = (unsigned char *)content;
	if (error == 0)
		error = pbf_source_read(&source, &found, &reading, why);
	if (error < 0)
		return error;
	content[found.size_bytes] = '\0';
	*ret_length = found.size_bytes;
	*ret_content = content;
	content = NULL;
	return 0;
}

int prep_boot_space(const struct prep_boot *boot,
		    struct prep_boot_space *ret_space, struct pbf_reason *why)
{
	_cleanup_source_ struct pbf_source source = { 0 };
	_cleanup_health_ struct pbf_health health = { 0 };
	int error = open_source(boot, &source, why);

	if (error == 0)
		error = pbf_fat_check(source.volume, &health);
	if (error < 0)
		return error;
	*ret_space = (struct prep_boot_space){
		.free_clusters = health.free_clusters,
		.cluster_bytes =
			pbf_fat_volume_geometry(source.volume)->cluster_bytes,
	};
	return 0;
}
