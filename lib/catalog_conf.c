/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings of an image, and the stamps of both. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog_internal.h"

#define CONF_NAME_BYTES (PBF_ENTRY_BYTES + 8)

static int find_stamp(struct pbf_catalog *catalog, const char *name,
		      enum pbf_reach reach, struct pbf_stamp *ret_stamp)
{
	_cleanup_place_ struct pbf_place place = { .directory_fd = -1 };
	int error = pbf_catalog_find_file(catalog, name, reach, &place);

	if (error == 0)
		pbf_stamp_of_stat(&place.stat, ret_stamp);
	return error;
}

int pbf_catalog_stamp(struct pbf_catalog *catalog, const char *source,
		      enum pbf_reach reach, struct pbf_stamp *ret_stamp)
{
	return find_stamp(catalog, source, reach, ret_stamp);
}

/* Reads all of FD into TEXT and ends it with a NUL. */
static int read_text(int fd, char text[PBF_IMAGE_CONF_BYTES_MAX])
{
	size_t length = 0;

	for (;;) {
		ssize_t n = read(fd, text + length,
				 PBF_IMAGE_CONF_BYTES_MAX - length);

		if (n < 0)
			return -errno;
		length += (size_t)n;
		if (length == PBF_IMAGE_CONF_BYTES_MAX)
			return -EFBIG;
		if (n == 0)
			break;
	}
	text[length] = '\0';
	return 0;
}

/* NAME.conf for a SOURCE of NAME.img, NAME.raw or NAME. */
static void name_conf(const char *source, char ret_name[CONF_NAME_BYTES])
{
	char stem[PBF_ENTRY_BYTES];

	pbf_directory_of_entry(source, stem);
	snprintf(ret_name, CONF_NAME_BYTES, "%s.conf", stem);
}

int pbf_catalog_conf_stamp(struct pbf_catalog *catalog, const char *source,
			   enum pbf_reach reach, struct pbf_stamp *ret_stamp)
{
	char name[CONF_NAME_BYTES];

	name_conf(source, name);
	return find_stamp(catalog, name, reach, ret_stamp);
}

int pbf_catalog_conf(struct pbf_catalog *catalog, const char *source,
		     struct pbf_image_conf *ret_conf, struct pbf_reason *why)
{
	char name[CONF_NAME_BYTES];
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	_cleanup_place_ struct pbf_place place = { .directory_fd = -1 };
	struct pbf_image_conf conf = catalog->defaults;
	struct pbf_reason parsing;
	int error;

	name_conf(source, name);
	error = pbf_catalog_find_file(catalog, name, PBF_ANYWHERE, &place);
	if (error == 0) {
		fd = openat(place.directory_fd, place.name,
			    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		error = fd < 0 ? -errno : 0;
	}
	if (error == -ENOENT || error == -ENAMETOOLONG)
		error = 0;
	if (fd >= 0) {
		text = malloc(PBF_IMAGE_CONF_BYTES_MAX);
		error = text ? read_text(fd, text) : -ENOMEM;
		if (error == 0)
			error = pbf_image_conf_parse(text, &conf, &parsing);
		if (error == -EINVAL)
			return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
					  "%s: %s", name, parsing.text);
	}
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "%s cannot be read: %s", name,
				  strerror(-error));
	*ret_conf = conf;
	return 0;
}
