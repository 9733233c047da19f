/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of undo.h share: nothing for others. */
#ifndef TOOLS_UNDO_INTERNAL_H
#define TOOLS_UNDO_INTERNAL_H

#include "stamp.h"
#include "undo.h"
#include "undo_file.h"

struct undo {
	char *image_path; /* resolved */
	char *undo_path;
	const char *undo_name; /* its last part */
	int directory_fd;
	int fd;
	int undone_fd; /* the undo file of what was applied, without a name */
	struct pbf_stamp stamp; /* of the image, when nobody had changed it */
};

/* The image as it is now is what nobody else may change. */
int undo_note_stamp(struct undo *undo, struct pbf_reason *why);

/*
 * A device number says nothing after the next boot; this tells boots apart.
 * All NUL when it is not known.
 */
void undo_read_boot_id(char ret_id[UNDO_BOOT_ID_BYTES]);

int undo_remove_file(const struct undo *undo, struct pbf_reason *why);
int undo_sync_removal(const struct undo *undo, struct pbf_reason *why);

/* Puts the image back and removes the undo file. */
int undo_finish(const struct undo *undo, int undo_fd,
		const struct undo_header *header, struct pbf_reason *why);

#endif
