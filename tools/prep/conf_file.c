/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "entry_name.h"
#include "fd_io.h"

#define CONF_BYTES_MAX (4u << 20)
#define STANDARD_OUTPUT "-"
#define CONF_SUFFIX ".conf"

bool prep_conf_is_printed(const char *path)
{
	return strcmp(path, STANDARD_OUTPUT) == 0;
}

const char *prep_conf_name(const char *path)
{
	return prep_conf_is_printed(path) ? "standard output" : path;
}

static int refuse_kind(const char *path, mode_t mode, struct pbf_reason *why)
{
	const char *kind = "a pipe";

	if (S_ISDIR(mode))
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "%s is a directory: name a file in it, or - "
				  "for standard output",
				  path);
	if (S_ISCHR(mode) || S_ISBLK(mode))
		kind = "a device";
	else if (S_ISSOCK(mode))
		kind = "a socket";
	return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
			  "%s is %s: name a regular file, or - for standard "
			  "output",
			  path, kind);
}

static int refuse_errno(const char *path, struct pbf_reason *why)
{
	int error = -errno;

	return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
			  "%s cannot be read: %s", path, strerror(-error));
}

static int read_file(const char *path, struct prep_text *ret_text,
		     struct pbf_reason *why)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int error;

	/* A device might do something when it is opened. */
	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : refuse_errno(path, why);
	if (!S_ISREG(st.st_mode))
		return refuse_kind(path, st.st_mode, why);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse_errno(path, why);
	if (st.st_size > CONF_BYTES_MAX)
		return pbf_refuse(why, -EFBIG, PBF_REASON_NO_OFFSET,
				  "%s is too large for a configuration", path);
	free(ret_text->bytes);
	ret_text->bytes = calloc(1, (size_t)st.st_size + 1);
	if (!ret_text->bytes)
		return -ENOMEM;
	error = fd_read_at(fd, 0, ret_text->bytes, (size_t)st.st_size);
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "%s cannot be read: %s", path,
				  strerror(-error));
	ret_text->length = (size_t)st.st_size;
	return 0;
}

int prep_conf_read(const char *path, struct prep_text *ret_text,
		   struct pbf_reason *why)
{
	_cleanup_text_ struct prep_text text = { .bytes = calloc(1, 1) };
	int error = text.bytes ? 0 : -ENOMEM;

	if (path[0] == '\0')
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "the name of a configuration is empty: name "
				  "a file, or - for standard output");
	if (error == 0 && !prep_conf_is_printed(path))
		error = read_file(path, &text, why);
	if (error < 0)
		return error;
	*ret_text = text;
	text = (struct prep_text){ 0 };
	return 0;
}

/* Where a file is, or would be. */
struct place {
	struct stat directory;
	const char *name; /* in it; borrowed from the path */
};

static bool find_place(const char *path, struct place *ret_place)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *directory = NULL;

	ret_place->name = slash ? slash + 1 : path;
	/* With the slash, so that it is "/" for what is in that. */
	directory =
		slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	return directory && stat(directory, &ret_place->directory) == 0;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool prep_conf_is_same(const char *a, const char *b)
{
	struct place place_a, place_b;
	struct stat st_a, st_b;

	if (prep_conf_is_printed(a) || prep_conf_is_printed(b))
		return false;
	if (stat(a, &st_a) == 0 && stat(b, &st_b) == 0)
		return is_same_file(&st_a, &st_b);
	return find_place(a, &place_a) && find_place(b, &place_b) &&
	       is_same_file(&place_a.directory, &place_b.directory) &&
	       strcmp(place_a.name, place_b.name) == 0;
}

/* Whether STEM.img or STEM.raw is in the directory that PATH is in. */
static bool has_image(const char *path, const char *stem)
{
	const char *name = strrchr(path, '/');
	int directory_length = name ? (int)(name - path) + 1 : 0;
	char image[PATH_MAX];
	struct stat st;

	for (size_t i = 0;
	     i < sizeof(pbf_image_suffixes) / sizeof(pbf_image_suffixes[0]);
	     i++) {
		int length = snprintf(image, sizeof(image), "%.*s%s%s",
				      directory_length, path, stem,
				      pbf_image_suffixes[i]);

		if (length > 0 && length < (int)sizeof(image) &&
		    stat(image, &st) == 0)
			return true;
	}
	return false;
}

/* Whether PATH, in the directory that IMAGE is in, is an image's settings. */
static bool is_settings(const char *path, const struct place *place,
			const struct place *image)
{
	char stem[PBF_ENTRY_BYTES], own[PBF_ENTRY_BYTES];

	if (!pbf_has_suffix(place->name, CONF_SUFFIX) ||
	    strlen(place->name) >= sizeof(stem) ||
	    strlen(image->name) >= sizeof(own))
		return false;
	memcpy(stem, place->name, strlen(place->name) + 1);
	stem[strlen(stem) - strlen(CONF_SUFFIX)] = '\0';
	pbf_directory_of_entry(image->name, own);
	return strcmp(stem, own) == 0 || has_image(path, stem);
}

int prep_conf_check_place(const char *path, const char *image,
			  struct pbf_reason *why)
{
	struct place place, image_place;

	if (prep_conf_is_printed(path))
		return 0;
	if (prep_conf_is_same(path, image))
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "%s is the image: name another file for a "
				  "server's configuration, or - for standard "
				  "output",
				  path);
	if (!find_place(path, &place) || !find_place(image, &image_place) ||
	    !is_same_file(&place.directory, &image_place.directory) ||
	    !is_settings(path, &place, &image_place))
		return 0;
	return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
			  "%s is where pibootfs looks for its own settings of "
			  "an image, and with a server's lines there it would "
			  "not serve that image: name a file in another "
			  "directory, or - for standard output",
			  path);
}
