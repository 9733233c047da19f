/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: nothing in a catalog changes but its index, which has a lock. */
#include "catalog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "board_index.h"
#include "board_name.h"
#include "entry_name.h"

/* Links within the image directory, one to the next. */
#define LINKS_MAX 8

#define CONF_NAME_BYTES (PBF_ENTRY_BYTES + 8)
#define FORM_COUNT 3 /* NAME, NAME.img, NAME.raw: the first one wins */

struct pbf_catalog {
	int fd;
	char *path; /* absolute, without links */
	struct pbf_image_conf defaults;
	dev_t excluded_device;
	char *excluded_path;
	struct pbf_board_index *index;
};

int pbf_catalog_open(const char *path, struct pbf_image_conf defaults,
		     struct pbf_catalog **ret_catalog)
{
	struct pbf_catalog *catalog = calloc(1, sizeof(*catalog));
	int error;

	if (!catalog)
		return -ENOMEM;
	catalog->defaults = defaults;
	catalog->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = catalog->fd < 0 ? -errno : 0;
	if (error == 0) {
		catalog->path = realpath(path, NULL);
		error = catalog->path ? 0 : -errno;
	}
	if (error == 0)
		error = pbf_board_index_new(&catalog->index);
	if (error < 0) {
		pbf_catalog_free(catalog);
		return error;
	}
	*ret_catalog = catalog;
	return 0;
}

void pbf_catalog_free(struct pbf_catalog *catalog)
{
	if (!catalog)
		return;
	if (catalog->fd >= 0)
		close(catalog->fd);
	pbf_board_index_free(catalog->index);
	free(catalog->excluded_path);
	free(catalog->path);
	free(catalog);
}

void pbf_catalog_exclude(struct pbf_catalog *catalog, dev_t device,
			 const char *path)
{
	catalog->excluded_device = device;
	free(catalog->excluded_path);
	catalog->excluded_path = path ? strdup(path) : NULL;
}

/* Names that never are a board's entry, whatever they name. */
static bool is_reserved(const char *name)
{
	return name[0] == '\0' || name[0] == '.' || strchr(name, '/') ||
	       strlen(name) >= PBF_ENTRY_BYTES ||
	       pbf_has_suffix(name, ".conf") || strcmp(name, PBF_BOOTCODE) == 0;
}

/* What follows in PATH after DIRECTORY and a slash; NULL when it is not in. */
static const char *path_within(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (strncmp(path, directory, length) != 0 || path[length] != '/')
		return NULL;
	return path + length + strspn(path + length, "/");
}

/*
 * Reads the link ENTRY.  Writes the entry it leads to, when that is one of
 * this directory too, or "" otherwise.
 */
static int read_link(const struct pbf_catalog *catalog, const char *entry,
		     char ret_entry[PBF_ENTRY_BYTES])
{
	char target[PATH_MAX];
	const char *within = target;
	ssize_t length =
		readlinkat(catalog->fd, entry, target, sizeof(target) - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	while (strncmp(within, "./", 2) == 0)
		within += 2;
	if (within[0] == '/')
		within = path_within(within, catalog->path);
	ret_entry[0] = '\0';
	if (within && !strchr(within, '/') && strcmp(within, "..") != 0 &&
	    strcmp(within, ".") != 0 && strlen(within) < PBF_ENTRY_BYTES)
		memcpy(ret_entry, within, strlen(within) + 1);
	return 0;
}

/* Follows BOARD's links as far as they stay in the image directory. */
static int follow_links(const struct pbf_catalog *catalog,
			struct pbf_board *board)
{
	for (int links = 0; links < LINKS_MAX; links++) {
		char next[PBF_ENTRY_BYTES];
		struct stat st;
		int error = read_link(catalog, board->source, next);

		if (error < 0)
			return error;
		board->leads_outside = next[0] == '\0';
		if (board->leads_outside)
			return 0;
		memcpy(board->source, next, sizeof(next));
		if (fstatat(catalog->fd, next, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
			return 0;
		if (!S_ISLNK(st.st_mode))
			return -ENOENT;
	}
	return -ENOENT;
}

/* Looks whether ENTRY is an image or a link; DIRECTORY is what it gives. */
static int examine(const struct pbf_catalog *catalog, const char *entry,
		   const char *directory, struct pbf_board *board)
{
	struct stat st;

	if (is_reserved(entry) || strlen(directory) >= PBF_ENTRY_BYTES)
		return -ENOENT;
	if (fstatat(catalog->fd, entry, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*board = (struct pbf_board){ .modified = st.st_mtim };
	memcpy(board->directory, directory, strlen(directory) + 1);
	memcpy(board->entry, entry, strlen(entry) + 1);
	memcpy(board->source, entry, strlen(entry) + 1);
	if (S_ISLNK(st.st_mode))
		return follow_links(catalog, board);
	if (S_ISBLK(st.st_mode) ||
	    (S_ISREG(st.st_mode) && pbf_has_image_suffix(entry)))
		return 0;
	return -ENOENT;
}

/* Looks for the FORMth entry that would give directory NAME. */
static int examine_form(const struct pbf_catalog *catalog, const char *name,
			int form, struct pbf_board *board)
{
	char entry[PBF_ENTRY_BYTES];

	if (form == 0)
		return pbf_has_image_suffix(name) ?
			       -ENOENT :
			       examine(catalog, name, name, board);
	if (strlen(name) + PBF_IMAGE_SUFFIX_LENGTH >= sizeof(entry))
		return -ENOENT;
	snprintf(entry, sizeof(entry), "%s%s", name,
		 pbf_image_suffixes[form - 1]);
	return examine(catalog, entry, name, board);
}

static int find_listed(const struct pbf_catalog *catalog, const char *name,
		       struct pbf_board *ret_board)
{
	for (int form = 0; form < FORM_COUNT; form++)
		if (examine_form(catalog, name, form, ret_board) == 0)
			return 0;
	return -ENOENT;
}

bool pbf_catalog_conflict(struct pbf_catalog *catalog,
			  const struct pbf_board *board,
			  char ret_entry[PBF_ENTRY_BYTES])
{
	bool passed = false;

	for (int form = 0; form < FORM_COUNT; form++) {
		struct pbf_board other;

		if (examine_form(catalog, board->directory, form, &other) < 0)
			continue;
		if (passed) {
			memcpy(ret_entry, other.entry, sizeof(other.entry));
			return true;
		}
		passed = strcmp(other.entry, board->entry) == 0;
	}
	return false;
}

/* A stream over the directory, independent of the catalog's descriptor. */
static DIR *open_stream(const struct pbf_catalog *catalog)
{
	int fd = openat(catalog->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (!stream && fd >= 0)
		close(fd);
	return stream;
}

/* What find_in_index() hands to take_indexed(). */
struct indexed_search {
	const struct pbf_catalog *catalog;
	struct pbf_board *ret_board;
};

static int take_indexed(void *context, const char *directory)
{
	const struct indexed_search *search = context;

	return find_listed(search->catalog, directory, search->ret_board);
}

/* Finds the board whose entry is spelled otherwise than KEY. */
static int find_in_index(struct pbf_catalog *catalog, const char *key,
			 struct pbf_board *ret_board)
{
	struct indexed_search search = {
		.catalog = catalog,
		.ret_board = ret_board,
	};

	return pbf_board_index_find(catalog->index, catalog->fd, key,
				    take_indexed, &search);
}

int pbf_catalog_find(struct pbf_catalog *catalog, const char *name,
		     struct pbf_board *ret_board)
{
	char key[PBF_BOARD_KEY_BYTES];
	int error = find_listed(catalog, name, ret_board);

	if (error != -ENOENT || !pbf_board_key(name, key))
		return error;
	if (strcmp(key, name) != 0)
		error = find_listed(catalog, key, ret_board);
	if (error == -ENOENT)
		error = find_in_index(catalog, key, ret_board);
	if (error == -ENOENT)
		error = find_listed(catalog, PBF_DEFAULT_BOARD, ret_board);
	return error;
}

bool pbf_catalog_leads_to_image(struct pbf_catalog *catalog,
				const struct pbf_board *board)
{
	struct stat st;

	return fstatat(catalog->fd, board->source, &st, 0) == 0 &&
	       (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
}

int pbf_catalog_list(struct pbf_catalog *catalog,
		     int (*take)(void *context, const struct pbf_board *board),
		     void *context)
{
	_cleanup_closedir_ DIR *stream = open_stream(catalog);
	const struct dirent *item;

	if (!stream)
		return -errno;
	while ((item = readdir(stream))) {
		char directory[PBF_ENTRY_BYTES];
		struct pbf_board board;
		int result;

		pbf_directory_of_entry(item->d_name, directory);
		if (strcmp(directory, PBF_DEFAULT_BOARD) == 0 ||
		    find_listed(catalog, directory, &board) < 0 ||
		    strcmp(board.entry, item->d_name) != 0)
			continue;
		result = take(context, &board);
		if (result != 0)
			return result;
	}
	return 0;
}

bool pbf_catalog_has_bootcode(struct pbf_catalog *catalog)
{
	struct stat st;

	return fstatat(catalog->fd, PBF_BOOTCODE, &st, 0) == 0 &&
	       S_ISREG(st.st_mode);
}

static bool leads_into_excluded(const struct pbf_catalog *catalog,
				const char *source)
{
	char target[PATH_MAX];
	ssize_t length =
		readlinkat(catalog->fd, source, target, sizeof(target) - 1);

	if (length < 0 || !catalog->excluded_path)
		return false;
	target[length] = '\0';
	return path_within(target, catalog->excluded_path);
}

int pbf_catalog_open_image(struct pbf_catalog *catalog, const char *source,
			   struct pbf_image **ret_image, struct pbf_reason *why)
{
	struct pbf_image *image;
	int error;

	/* The second look is for links further on, which are not read here. */
	if (!leads_into_excluded(catalog, source)) {
		error = pbf_image_open(catalog->fd, source, &image, why);
		if (error < 0)
			return error;
		if (catalog->excluded_device == 0 ||
		    pbf_image_stamp(image)->device !=
			    catalog->excluded_device) {
			*ret_image = image;
			return 0;
		}
		pbf_image_free(image);
	}
	return pbf_refuse(why, -ELOOP, PBF_REASON_NO_OFFSET,
			  "image lies inside the mount point; move it "
			  "elsewhere");
}

int pbf_catalog_stamp(struct pbf_catalog *catalog, const char *source,
		      struct pbf_stamp *ret_stamp)
{
	return pbf_stamp_of_path(catalog->fd, source, ret_stamp);
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
			   struct pbf_stamp *ret_stamp)
{
	char name[CONF_NAME_BYTES];

	name_conf(source, name);
	return pbf_stamp_of_path(catalog->fd, name, ret_stamp);
}

int pbf_catalog_conf(struct pbf_catalog *catalog, const char *source,
		     struct pbf_image_conf *ret_conf, struct pbf_reason *why)
{
	char name[CONF_NAME_BYTES];
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct pbf_image_conf conf = catalog->defaults;
	struct pbf_reason parsing;
	int error = 0;

	name_conf(source, name);
	fd = openat(catalog->fd, name,
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno != ENOENT && errno != ENAMETOOLONG)
		error = -errno;
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
