/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing an image in place, all or nothing: whatever happens on the way
 * (kill -9, a full disk, a power cut), the image is as before or as wanted, at
 * the latest after the next undo_recover().
 *
 * Before the first byte is written, `IMAGE.undo` beside the image holds the
 * old bytes (undo_file.h), checksummed and synced together with the directory.
 * Then the image is written and synced, and then the undo file is removed.  An
 * undo file that is not complete thus means that the image is as before; a
 * complete one means that it may be half changed, and has what is to be put
 * back.
 *
 * Regular files only: an undo file beside a block device would lie in /dev,
 * which a power cut empties.
 */
#ifndef TOOLS_UNDO_H
#define TOOLS_UNDO_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"
#include "ranges.h"
#include "reason.h"

/* An image that is being changed by nobody else of us. */
struct undo;

/*
 * Opens the image that PATH leads to and locks it (flock, exclusive) until it
 * is closed.  -EBUSY when another program holds the lock, -EOPNOTSUPP when it
 * is no regular file, else the negative errno of what failed.  The caller
 * closes it.  This tells nothing about programs that do not lock, see
 * in_use.h.
 */
int undo_open(const char *path, struct undo **ret_undo, struct pbf_reason *why);
void undo_close(struct undo *undo);

/* The image, open for reading and writing; borrowed. */
int undo_fd(const struct undo *undo);

/* Of the image, with all links resolved; borrowed. */
const char *undo_image_path(const struct undo *undo);

enum undo_outcome {
	UNDO_NONE,     /* there was no undo file */
	UNDO_DROPPED,  /* it was incomplete: the image was untouched */
	UNDO_RESTORED, /* the image is as it was before that change */
};

/* What is said of the image after that, NULL if there is nothing to say. */
const char *undo_outcome_text(enum undo_outcome outcome);

/*
 * Finishes what an earlier run left behind; to be called before anything else
 * is done with an image.
 *
 * -ESTALE	the undo file is of another image and not of one that this is
 *		a copy of, or the image has been changed by somebody else
 *		since; FORCE overrides the latter
 * -EPERM	it belongs to somebody else than root, the image's owner and
 *		this process's user, or others may write to it
 * -EOPNOTSUPP	IMAGE.undo is something else
 * others	the negative errno of reading or writing
 *
 * After an error image and undo file are there for another attempt.
 */
int undo_recover(struct undo *undo, bool force, enum undo_outcome *ret_outcome,
		 struct pbf_reason *why);

/*
 * -ESTALE when somebody has written to the image since it was opened or
 * recovered: what was made of its content until then would undo that.
 */
int undo_check_unchanged(const struct undo *undo, struct pbf_reason *why);

/*
 * Writes RANGES, which are put into order, into the image, which is made
 * larger before if NEW_SIZE is not 0.  Space for all of it is reserved first,
 * so that a full disk is noticed while nothing has been changed.  Signals do
 * not interrupt it.
 *
 * -EEXIST	there is an undo file: call undo_recover() first
 * -EINVAL	a range is wrong, or NEW_SIZE smaller than the image
 * -ENOSPC and others: the negative errno of reading or writing
 *
 * After an error the image is as before, unless WHY says that it is half
 * changed, for undo_recover() to put back, or that removing the undo file
 * could not be synced, which leaves it as wanted as long as the power stays on.
 * The process should ignore SIGXFSZ.
 */
int undo_apply(struct undo *undo, struct ranges *ranges,
	       uint64_t new_size_bytes, struct pbf_reason *why);

/*
 * Takes back what undo_apply() did, as when what was to follow failed.
 * -ENOMEM, or the negative errno of reading or writing.
 */
int undo_revert(struct undo *undo, struct pbf_reason *why);

static inline void undo_close_pointer(struct undo **undo)
{
	undo_close(*undo);
}
#define _cleanup_undo_ _cleanup_(undo_close_pointer)

#endif
