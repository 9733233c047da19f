/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of undo.h share: nothing for others. */
#ifndef PREP_UNDO_INTERNAL_H
#define PREP_UNDO_INTERNAL_H

#include "stamp.h"
#include "undo.h"
#include "undo_file.h"

struct prep_undo {
	char *image_path; /* resolved */
	char *undo_path;
	const char *undo_name; /* its last part */
	int directory_fd;
	int fd;
	int undone_fd; /* the undo file of what was applied, without a name */
	struct pbf_stamp stamp; /* of the image, when nobody had changed it */
};

/* The image as it is now is what nobody else may change. */
int prep_undo_note_stamp(struct prep_undo *undo, struct pbf_reason *why);

/*
 * A device number says nothing after the next boot; this tells boots apart.
 * All NUL when it is not known.
 */
void prep_undo_read_boot_id(char ret_id[PREP_UNDO_BOOT_ID_BYTES]);

int prep_undo_remove_file(const struct prep_undo *undo, struct pbf_reason *why);
int prep_undo_sync_removal(const struct prep_undo *undo,
			   struct pbf_reason *why);

/* Puts the image back and removes the undo file. */
int prep_undo_finish(const struct prep_undo *undo, int undo_fd,
		     const struct prep_undo_header *header,
		     struct pbf_reason *why);

#endif
