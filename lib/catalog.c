/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: nothing in a catalog changes but what its members guard. */
#include "catalog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "board_index.h"
#include "board_name.h"
#include "catalog_internal.h"
#include "entry_name.h"

#define FORM_COUNT 3 /* NAME, NAME.img, NAME.raw: the first one wins */

/* The image directory for the time of one call. */
struct entered {
	struct pbf_image_directory *path;
	struct pbf_directory *directory;
	enum pbf_reach reach;
};

static int enter(const struct pbf_catalog *catalog, enum pbf_reach reach,
		 struct entered *ret_entered)
{
	int error = pbf_image_directory_enter(catalog->directory, reach,
					      &ret_entered->directory);

	ret_entered->path = catalog->directory;
	ret_entered->reach = reach;
	/* Not to be taken for an entry that is not there. */
	return error == -ENOENT ? -ENOTDIR : error;
}

static void leave(const struct entered *entered)
{
	if (entered->directory)
		pbf_image_directory_leave(entered->path, entered->directory);
}

#define _cleanup_entered_ _cleanup_(leave)

/* Follows NAME in the directory, and what it may be a link to. */
static int follow(const struct entered *entered, const char *name,
		  struct pbf_walk walk, struct pbf_place *ret_place)
{
	walk.reach = entered->reach;
	walk.excluded = pbf_image_directory_excluded(entered->path);
	return pbf_walk(&walk, entered->directory->fd, name, ret_place);
}

int pbf_catalog_open(const char *path, struct pbf_image_conf defaults,
		     struct pbf_catalog **ret_catalog)
{
	struct pbf_catalog *catalog = calloc(1, sizeof(*catalog));
	int error =
		catalog ? pbf_image_directory_open(path, &catalog->directory) :
			  -ENOMEM;

	if (error < 0) {
		free(catalog);
		return error;
	}
	catalog->defaults = defaults;
	*ret_catalog = catalog;
	return 0;
}

void pbf_catalog_free(struct pbf_catalog *catalog)
{
	if (!catalog)
		return;
	pbf_image_directory_free(catalog->directory);
	free(catalog);
}

const char *pbf_catalog_path(const struct pbf_catalog *catalog)
{
	return pbf_image_directory_path(catalog->directory);
}

void pbf_catalog_exclude(struct pbf_catalog *catalog, dev_t device)
{
	pbf_image_directory_exclude(catalog->directory, device);
}

bool pbf_catalog_is_inside(struct pbf_catalog *catalog)
{
	return pbf_image_directory_is_inside(catalog->directory);
}

/* Names that never are a board's entry, whatever they name. */
static bool is_reserved(const char *name)
{
	return name[0] == '\0' || name[0] == '.' || strchr(name, '/') ||
	       strlen(name) >= PBF_ENTRY_BYTES ||
	       pbf_has_suffix(name, ".conf") || strcmp(name, PBF_BOOTCODE) == 0;
}

/* What is learnt on the way from an entry to its image. */
struct tracing {
	const struct pbf_directory *directory;
	struct pbf_board *board;
	bool is_file; /* the entry itself, not a link or device */
};

static void trace(void *context, const struct stat *directory, const char *name,
		  const struct stat *object)
{
	struct tracing *tracing = context;
	struct pbf_board *board = tracing->board;

	if (board->entry[0] == '\0') {
		memcpy(board->entry, name, strlen(name) + 1);
		board->modified = object->st_mtim;
		tracing->is_file =
			!S_ISLNK(object->st_mode) && !S_ISBLK(object->st_mode);
	}
	board->leads_outside =
		directory->st_dev != tracing->directory->device ||
		directory->st_ino != tracing->directory->inode;
	if (!board->leads_outside)
		memcpy(board->source, name, strlen(name) + 1);
}

/* What following a name ended in, when it did not end in an image. */
static int no_image(int error)
{
	return error == -ENOTDIR || error == -ELOOP || error == -EACCES ||
			       error == -ENAMETOOLONG ?
		       -ENOENT :
		       error;
}

/* Looks whether ENTRY is an image or leads to one; DIRECTORY is what it gives.
 */
static int examine(const struct entered *entered, const char *entry,
		   const char *directory, struct pbf_board *board)
{
	_cleanup_place_ struct pbf_place place = { .directory_fd = -1 };
	struct tracing tracing = {
		.directory = entered->directory,
		.board = board,
	};
	int error;

	if (is_reserved(entry) || strlen(directory) >= PBF_ENTRY_BYTES)
		return -ENOENT;
	memcpy(board->directory, directory, strlen(directory) + 1);
	error = follow(entered, entry,
		       (struct pbf_walk){ .met = trace,
					  .context = &tracing,
					  .only_stat = true },
		       &place);
	if (error < 0 && board->entry[0] != '\0')
		board->leads_outside = true;
	/* To be refused when it is opened, and until then a board like others.
	 */
	if (error == -EDEADLK)
		return 0;
	if (error < 0)
		return no_image(error);
	if (S_ISBLK(place.stat.st_mode))
		return 0;
	return S_ISREG(place.stat.st_mode) && (!tracing.is_file ||
					       pbf_has_image_suffix(entry)) ?
		       0 :
		       -ENOENT;
}

/* Looks for the FORMth entry that would give directory NAME. */
static int examine_form(const struct entered *entered, const char *name,
			int form, struct pbf_board *board)
{
	char entry[PBF_ENTRY_BYTES];

	*board = (struct pbf_board){ .entry = "" };
	if (form == 0)
		return pbf_has_image_suffix(name) ?
			       -ENOENT :
			       examine(entered, name, name, board);
	if (strlen(name) + PBF_IMAGE_SUFFIX_LENGTH >= sizeof(entry))
		return -ENOENT;
	snprintf(entry, sizeof(entry), "%s%s", name,
		 pbf_image_suffixes[form - 1]);
	return examine(entered, entry, name, board);
}

/* A link that leads to no image is told of in *ret_board, as in catalog.h. */
static int find_listed(const struct entered *entered, const char *name,
		       struct pbf_board *ret_board)
{
	struct pbf_board lame = { .entry = "" };

	for (int form = 0; form < FORM_COUNT; form++) {
		int error = examine_form(entered, name, form, ret_board);

		if (error != -ENOENT)
			return error;
		if (ret_board->leads_outside)
			lame = *ret_board;
	}
	*ret_board = lame;
	return -ENOENT;
}

bool pbf_catalog_conflict(struct pbf_catalog *catalog,
			  const struct pbf_board *board, enum pbf_reach reach,
			  char ret_entry[PBF_ENTRY_BYTES])
{
	_cleanup_entered_ struct entered entered = { .path = NULL };
	bool passed = false;

	if (enter(catalog, reach, &entered) < 0)
		return false;
	for (int form = 0; form < FORM_COUNT; form++) {
		struct pbf_board other;
		int error =
			examine_form(&entered, board->directory, form, &other);

		/* What leads too far to be seen from here counts as an image.
		 */
		if (error < 0 && (error != -EAGAIN || other.entry[0] == '\0'))
			continue;
		if (passed) {
			memcpy(ret_entry, other.entry, sizeof(other.entry));
			return true;
		}
		passed = strcmp(other.entry, board->entry) == 0;
	}
	return false;
}

/* What find_in_index() hands to take_indexed(). */
struct indexed_search {
	const struct entered *entered;
	struct pbf_board *ret_board;
};

static int take_indexed(void *context, const char *directory)
{
	const struct indexed_search *search = context;

	return find_listed(search->entered, directory, search->ret_board);
}

/* Finds the board whose entry is spelled otherwise than KEY. */
static int find_in_index(const struct entered *entered, const char *key,
			 struct pbf_board *ret_board)
{
	struct indexed_search search = {
		.entered = entered,
		.ret_board = ret_board,
	};

	return pbf_board_index_find(entered->directory->index,
				    entered->directory->fd, entered->reach, key,
				    take_indexed, &search);
}

int pbf_catalog_find(struct pbf_catalog *catalog, const char *name,
		     enum pbf_reach reach, struct pbf_board *ret_board)
{
	_cleanup_entered_ struct entered entered = { .path = NULL };
	char key[PBF_BOARD_KEY_BYTES];
	int error;

	*ret_board = (struct pbf_board){ .entry = "" };
	error = enter(catalog, reach, &entered);
	if (error == 0)
		error = find_listed(&entered, name, ret_board);
	/* An entry that leads nowhere is an entry, and not the default's. */
	if (error != -ENOENT || ret_board->entry[0] != '\0' ||
	    !pbf_board_key(name, key))
		return error;
	if (strcmp(key, name) != 0)
		error = find_listed(&entered, key, ret_board);
	if (error == -ENOENT)
		error = find_in_index(&entered, key, ret_board);
	if (error == -ENOENT)
		error = find_listed(&entered, PBF_DEFAULT_BOARD, ret_board);
	return error;
}

/* A stream over the directory, independent of its descriptor. */
static DIR *open_stream(const struct entered *entered)
{
	int fd = openat(entered->directory->fd, ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (!stream && fd >= 0)
		close(fd);
	return stream;
}

int pbf_catalog_list(struct pbf_catalog *catalog,
		     int (*take)(void *context, const struct pbf_board *board,
				 bool is_certain),
		     void (*pass)(void *context, const char *entry),
		     void *context)
{
	_cleanup_entered_ struct entered entered = { .path = NULL };
	_cleanup_closedir_ DIR *stream = NULL;
	const struct dirent *item;
	int result = enter(catalog, PBF_NEAR, &entered);

	if (result < 0)
		return result;
	stream = open_stream(&entered);
	if (!stream)
		return -errno;
	while (result == 0 && (errno = 0, item = readdir(stream))) {
		char directory[PBF_ENTRY_BYTES];
		struct pbf_board board;
		int error;

		pbf_directory_of_entry(item->d_name, directory);
		if (strcmp(directory, PBF_DEFAULT_BOARD) == 0)
			continue;
		error = find_listed(&entered, directory, &board);
		/* An entry that is a mount itself cannot be seen from here. */
		if (error == -EAGAIN && board.entry[0] == '\0')
			result = take(context, &board, false);
		else if ((error == 0 || error == -EAGAIN) &&
			 strcmp(board.entry, item->d_name) == 0)
			result = take(context, &board, error == 0);
		else if (error == -ENOENT && pass)
			pass(context, item->d_name);
	}
	if (result == 0 && errno != 0)
		result = -errno;
	return result;
}

int pbf_catalog_find_file(struct pbf_catalog *catalog, const char *name,
			  enum pbf_reach reach, struct pbf_place *ret_place)
{
	_cleanup_entered_ struct entered entered = { .path = NULL };
	int error = enter(catalog, reach, &entered);

	return error < 0 ? error :
			   follow(&entered, name,
				  (struct pbf_walk){ .only_stat = reach ==
								  PBF_AT_ONCE },
				  ret_place);
}

int pbf_catalog_has_file(struct pbf_catalog *catalog, const char *entry,
			 enum pbf_reach reach)
{
	_cleanup_place_ struct pbf_place place = { .directory_fd = -1 };
	int error = pbf_catalog_find_file(catalog, entry, reach, &place);

	if (error == -EAGAIN)
		return error;
	return error == 0 && S_ISREG(place.stat.st_mode);
}

int pbf_catalog_link_name(struct pbf_catalog *catalog, const char *entry,
			  char ret_name[PBF_ENTRY_BYTES])
{
	_cleanup_entered_ struct entered entered = { .path = NULL };
	char target[PATH_MAX];
	const char *slash, *name;
	int error = enter(catalog, PBF_NEAR, &entered);
	ssize_t length;

	if (error < 0)
		return error;
	length = readlinkat(entered.directory->fd, entry, target,
			    sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	slash = strrchr(target, '/');
	name = slash ? slash + 1 : target;
	if (name[0] == '\0' || strlen(name) >= PBF_ENTRY_BYTES)
		return -ENOENT;
	memcpy(ret_name, name, strlen(name) + 1);
	return 0;
}

int pbf_catalog_open_image(struct pbf_catalog *catalog, const char *source,
			   struct pbf_image **ret_image, struct pbf_reason *why)
{
	_cleanup_place_ struct pbf_place place = { .directory_fd = -1 };
	int error =
		pbf_catalog_find_file(catalog, source, PBF_ANYWHERE, &place);

	if (error == -EDEADLK)
		return pbf_refuse(why, -ELOOP, PBF_REASON_NO_OFFSET,
				  "image lies inside the mount point; move it "
				  "elsewhere");
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "cannot be opened: %s", strerror(-error));
	return pbf_image_open(place.directory_fd, place.name, ret_image, why);
}
