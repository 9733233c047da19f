/* SPDX-License-Identifier: BSD-2-Clause */
#include "put_back.h"

#include <stddef.h>
#include <string.h>

#include "in_use.h"
#include "say.h"
#include "undo.h"
#include "undo_path.h"

static int put_back(const char *path, enum undo_outcome *ret_outcome,
		    struct pbf_reason *why)
{
	_cleanup_undo_ struct undo *undo = NULL;
	size_t unseen;
	int error = undo_open(path, &undo, why);

	if (error == 0)
		error = image_in_use(path, &unseen, why);
	return error < 0 ? error : undo_recover(undo, false, ret_outcome, why);
}

bool put_back_image(const char *path)
{
	enum undo_outcome outcome = UNDO_NONE;
	struct pbf_reason why = { .text = "" };
	int error;

	if (!undo_is_pending(path))
		return true;
	error = put_back(path, &outcome, &why);
	if (error < 0) {
		say("%s: warning: pibootfs-prep is writing to this image, or "
		    "was cut off doing so, and it may be half changed; it "
		    "cannot be put back now: %s",
		    path, why.text[0] ? why.text : strerror(-error));
		return false;
	}
	if (undo_outcome_text(outcome))
		say("%s: %s", path, undo_outcome_text(outcome));
	return true;
}
