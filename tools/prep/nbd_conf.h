/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nbd-server's configuration: the export of a board's disk is put into a text
 * that may have other things in it, which stay byte for byte.
 */
#ifndef PREP_NBD_CONF_H
#define PREP_NBD_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "reason.h"
#include "text.h"

/* A disk that nbd-server gives out.  The strings are borrowed. */
struct prep_export {
	const char *name;
	const char *path; /* absolute */
};

/* What a configuration says of an export so far. */
struct prep_export_said {
	char *path; /* owned; NULL when there is no such export */
	bool is_read_only;
};

/* Looks for the export NAME in TEXT; -ENOMEM.  The caller releases *RET_SAID.
 */
int prep_nbd_conf_look(const char *text, size_t length, const char *name,
		       struct prep_export_said *ret_said);
void prep_export_said_release(struct prep_export_said *said);

/*
 * Makes *RET_TEXT of the nbd-server configuration in TEXT, such as a file in
 * /etc/nbd-server/conf.d, so that its section [NAME] exports PATH.  A section
 * that is there keeps its other keys, and says flush, fua and trim as it does;
 * where it does not say them they become true: nbd-server has them off, and a
 * board's sync would then not reach the disk of the server (nbd-server(5)).
 * Trim keeps an image sparse, and does nothing where that cannot be.  With its
 * own result it changes nothing.
 *
 * -EINVAL, and WHY says why, for a name or a path that cannot be written
 * there: the file is in the syntax of GLib's GKeyFile, in UTF-8, and
 * nbd-server takes a '%' in a path for a place to put the client's address.
 * No '/' either, as initramfs-tools would split the name there, and not
 * "generic", which is the name of the server's own section.  -ENOMEM.
 */
int prep_nbd_conf_edit(const char *text, size_t length,
		       const struct prep_export *export,
		       struct prep_text *ret_text, struct pbf_reason *why);

#endif
