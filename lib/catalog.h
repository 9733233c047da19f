/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image directory, which is the whole configuration: which boards there
 * are, and which image each one boots.
 *
 *	jammy.img, jammy.raw	a file, a block device or a link to one: jammy/
 *	lab3			a block device or a link: lab3/
 *	1000000089025d75	also found by the name the board asks for
 *	default			boards that have no entry of their own
 *	jammy.conf		settings for jammy.img (image_conf.h)
 *
 * Nothing is remembered but an index of serial numbers written in another form
 * than boards use, kept only while the directory is provably unchanged.  Images
 * are not opened to look up names.  Every look has a reach (path_walk.h): where
 * a link leads to storage that hangs, it hangs too, unless it is told not to go
 * there; then the result is -EAGAIN.
 *
 * Threads: any may call.
 */
#ifndef PBF_CATALOG_H
#define PBF_CATALOG_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "entry_name.h"
#include "image.h"
#include "image_conf.h"
#include "path_walk.h"
#include "reason.h"

#define PBF_BOOTCODE "bootcode.bin"
#define PBF_DEFAULT_BOARD "default"

struct pbf_catalog;

struct pbf_board {
	char directory[PBF_ENTRY_BYTES]; /* as listed */
	char entry[PBF_ENTRY_BYTES];	 /* of the image directory: its own */
	/*
	 * The entry that holds the image, or the last one on the way to it:
	 * equal for all boards of one image in the directory, through whatever
	 * kind of link they lead there.
	 */
	char source[PBF_ENTRY_BYTES];
	/* The source is a link to outside. */
	bool leads_outside;
	struct timespec modified; /* of the entry */
};

/*
 * PATH is the image directory, which is followed by its path from now on.
 * DEFAULTS hold for images of which no .conf says otherwise.
 */
int pbf_catalog_open(const char *path, struct pbf_image_conf defaults,
		     struct pbf_catalog **ret_catalog);
void pbf_catalog_free(struct pbf_catalog *catalog);

/* The image directory, as given and made absolute. */
const char *pbf_catalog_path(const struct pbf_catalog *catalog);

/*
 * Nothing on this file system, the daemon's own mount, will be looked at: it
 * would wait for itself.  0 when it is not known.  Call it before other threads
 * use the catalog.
 */
void pbf_catalog_exclude(struct pbf_catalog *catalog, dev_t device);

/*
 * Whether the path of the image directory has come to lead into that mount, so
 * that the directory of the start goes on.
 */
bool pbf_catalog_is_inside(struct pbf_catalog *catalog);

/*
 * Finds the board of a directory NAME.  -ENOENT when there is none; -EAGAIN
 * when the reach does not suffice to tell; -ENOTDIR when the image directory
 * itself is not there; other errors are the storage's.
 * After -ENOENT and -EAGAIN, ret_board->entry is an entry that is there but
 * leads to no image, or too far to see; "" when there is none, or it could not
 * even be seen.
 */
int pbf_catalog_find(struct pbf_catalog *catalog, const char *name,
		     enum pbf_reach reach, struct pbf_board *ret_board);

/*
 * Calls TAKE for every board that is listed, in the directory's order, until
 * it returns non-zero; returns that, or negative errno.  A board that leads to
 * another file system is not CERTAIN to lead to an image: that is not looked
 * at.  PASS, unless NULL, is given the names that give no directory.
 */
int pbf_catalog_list(struct pbf_catalog *catalog,
		     int (*take)(void *context, const struct pbf_board *board,
				 bool is_certain),
		     void (*pass)(void *context, const char *entry),
		     void *context);

/*
 * The entry that gives directory NAME too but lost against a better form;
 * false when there is none.
 */
bool pbf_catalog_conflict(struct pbf_catalog *catalog,
			  const struct pbf_board *board, enum pbf_reach reach,
			  char ret_entry[PBF_ENTRY_BYTES]);

/* Whether the directory has a file ENTRY, or a link to one; or -EAGAIN. */
int pbf_catalog_has_file(struct pbf_catalog *catalog, const char *entry,
			 enum pbf_reach reach);

/*
 * The last name of the path that ENTRY is a link to.  Negative errno when it is
 * not a link, or has no such name.
 */
int pbf_catalog_link_name(struct pbf_catalog *catalog, const char *entry,
			  char ret_name[PBF_ENTRY_BYTES]);

/*
 * Opens the image of SOURCE, a name from struct pbf_board or PBF_BOOTCODE.
 * -ELOOP inside the excluded file system, else as pbf_image_open().
 */
int pbf_catalog_open_image(struct pbf_catalog *catalog, const char *source,
			   struct pbf_image **ret_image,
			   struct pbf_reason *why);

/* Takes the stamp of SOURCE without opening it; errors as pbf_walk(). */
int pbf_catalog_stamp(struct pbf_catalog *catalog, const char *source,
		      enum pbf_reach reach, struct pbf_stamp *ret_stamp);

/* The stamp of SOURCE's .conf; -ENOENT when there is none. */
int pbf_catalog_conf_stamp(struct pbf_catalog *catalog, const char *source,
			   enum pbf_reach reach, struct pbf_stamp *ret_stamp);

/*
 * The settings of SOURCE: what its .conf says, for the rest the defaults.
 * Errors as pbf_image_conf_parse(), or from reading.
 */
int pbf_catalog_conf(struct pbf_catalog *catalog, const char *source,
		     struct pbf_image_conf *ret_conf, struct pbf_reason *why);

#endif
