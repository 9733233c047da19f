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
 * than boards use, kept only while the directory is provably unchanged.
 * Names are looked up here without touching any image; what a link to outside
 * the directory leads to is seen only when asked for.
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
#include "reason.h"

#define PBF_BOOTCODE "bootcode.bin"
#define PBF_DEFAULT_BOARD "default"

struct pbf_catalog;

struct pbf_board {
	char directory[PBF_ENTRY_BYTES]; /* as listed */
	char entry[PBF_ENTRY_BYTES];	 /* of the image directory: its own */
	/*
	 * The entry that holds the image, after links within the directory:
	 * equal for all boards of one image.
	 */
	char source[PBF_ENTRY_BYTES];
	/* The source is a link to outside; what it leads to is not known. */
	bool leads_outside;
	struct timespec modified; /* of the entry */
};

/*
 * PATH is the image directory; the catalog keeps it open.  DEFAULTS hold
 * for images of which no .conf says otherwise.
 */
int pbf_catalog_open(const char *path, struct pbf_image_conf defaults,
		     struct pbf_catalog **ret_catalog);
void pbf_catalog_free(struct pbf_catalog *catalog);

/*
 * Images inside this mounted tree will be refused: they would have the daemon
 * wait for itself.  PATH may be NULL when it is not known.  Call it before
 * other threads use the catalog.
 */
void pbf_catalog_exclude(struct pbf_catalog *catalog, dev_t device,
			 const char *path);

/* Finds the board of a directory NAME; -ENOENT when there is none. */
int pbf_catalog_find(struct pbf_catalog *catalog, const char *name,
		     struct pbf_board *ret_board);

/*
 * Whether what BOARD leads to is a regular file or a block device.  This may
 * touch storage outside the image directory.
 */
bool pbf_catalog_leads_to_image(struct pbf_catalog *catalog,
				const struct pbf_board *board);

/*
 * Calls TAKE for every board that is listed, in the directory's order, until
 * it returns non-zero; returns that, or negative errno.
 */
int pbf_catalog_list(struct pbf_catalog *catalog,
		     int (*take)(void *context, const struct pbf_board *board),
		     void *context);

/*
 * The entry that gives directory NAME too but lost against a better form;
 * false when there is none.
 */
bool pbf_catalog_conflict(struct pbf_catalog *catalog,
			  const struct pbf_board *board,
			  char ret_entry[PBF_ENTRY_BYTES]);

/* Whether the directory has a file of its own, bootcode.bin. */
bool pbf_catalog_has_bootcode(struct pbf_catalog *catalog);

/*
 * Opens the image of SOURCE, a name from struct pbf_board or PBF_BOOTCODE.
 * -ELOOP inside the excluded tree, else as pbf_image_open().
 */
int pbf_catalog_open_image(struct pbf_catalog *catalog, const char *source,
			   struct pbf_image **ret_image,
			   struct pbf_reason *why);

/* Takes the stamp of SOURCE without opening it, as pbf_stamp_of_path(). */
int pbf_catalog_stamp(struct pbf_catalog *catalog, const char *source,
		      struct pbf_stamp *ret_stamp);

/* The stamp of SOURCE's .conf; -ENOENT when there is none. */
int pbf_catalog_conf_stamp(struct pbf_catalog *catalog, const char *source,
			   struct pbf_stamp *ret_stamp);

/*
 * The settings of SOURCE: what its .conf says, for the rest the defaults.
 * Errors as pbf_image_conf_parse(), or from reading.
 */
int pbf_catalog_conf(struct pbf_catalog *catalog, const char *source,
		     struct pbf_image_conf *ret_conf, struct pbf_reason *why);

#endif
