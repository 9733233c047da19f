/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes into a cloud-config that has been scanned, between the bytes that are
 * there.
 */
#ifndef PREP_USER_DATA_WRITE_H
#define PREP_USER_DATA_WRITE_H

#include <stddef.h>

#include "reason.h"
#include "text.h"
#include "user_data_scan.h"

/*
 * Makes *RET_TEXT of TEXT, whose SCAN for WISH this is: package_update is
 * true, and the packages of WISH that are not in the list are behind those
 * that are.  -EUCLEAN, with WHY, if there is no place where one could put
 * them; -ENOMEM.
 */
int prep_user_data_write(const char *text, size_t length,
			 const struct prep_user_data_wish *wish,
			 const struct prep_user_data_scan *scan,
			 struct prep_text *ret_text, struct pbf_reason *why);

#endif
