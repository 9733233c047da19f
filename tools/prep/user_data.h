/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user-data, in which cloud-init is told what to do at the first boot: here,
 * to install packages, without which the initrd that the board makes of its
 * next kernel could not mount a root disk over the network.  What is there is
 * not written anew; bytes are put in between, so that comments and style stay.
 * (cloudinit.readthedocs.io, "User data formats" and module "Package Update
 * Upgrade Install".)
 */
#ifndef PREP_USER_DATA_H
#define PREP_USER_DATA_H

#include <stddef.h>

#include "reason.h"
#include "text.h"

#define PREP_USER_DATA_BYTES_MAX (1u << 20)

/* How many packages can be asked for at once. */
#define PREP_USER_DATA_PACKAGES_MAX 64u

/*
 * Whether this can be the name of a package (Debian Policy 5.6.1): lower-case
 * letters, digits, '+', '-' and '.', at least two, with a letter or digit at
 * the beginning.
 */
bool prep_package_name_is_valid(const char *name);

/*
 * Makes *RET_TEXT of the user-data in TEXT, so that package_update is true and
 * PACKAGES are in the list under packages:, after those that are there.  One
 * that is there already, in whatever form apt takes, as [name, version] or
 * under "apt:", is not added again.  An empty TEXT, as where there is no such
 * file, gives a new cloud-config.  With its own result it changes nothing.
 *
 * -EINVAL for packages that are none or too many.  -EUCLEAN, with WHY, for a
 * text that is no cloud-config (a script, MIME parts, a Jinja template), is
 * not YAML, is longer than PREP_USER_DATA_BYTES_MAX, says one of the two keys
 * twice, or has them as what cannot be added to: an alias, a string, a list
 * that an alias elsewhere repeats.  -ENOMEM.
 */
int prep_user_data_edit(const char *text, size_t length,
			const char *const *packages, size_t package_count,
			struct prep_text *ret_text, struct pbf_reason *why);

#endif
