/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A dnsmasq configuration among others.  dnsmasq reads all files of a
 * directory such as /etc/dnsmasq.d as if they were one, after dnsmasq.conf,
 * and does not start when two of them say what may be said once; so what the
 * others say counts for what one is to say.
 */
#ifndef PREP_DNSMASQ_OTHERS_H
#define PREP_DNSMASQ_OTHERS_H

#include "dnsmasq_conf.h"
#include "reason.h"
#include "text.h"

/*
 * Makes *RET_TEXT of BEFORE, which is what the file PATH has, as
 * prep_dnsmasq_conf_edit() does, and leaves to the other files what they say.
 * Others are those in the same directory but for names that dnsmasq skips, and
 * the dnsmasq.conf beside a directory dnsmasq.d; for a dnsmasq.conf they are
 * those in the dnsmasq.d beside it.
 *
 * The lines serve all images, so once is enough: if another file has them just
 * as they would be, *RET_ELSEWHERE is its path, for the caller to free, and
 * there is no text; else it is NULL.  If it has them with other values, or
 * both files have them, or any of them has TFTP serve another directory,
 * -EEXIST, and WHY says which and what to do.  Other errors as
 * prep_dnsmasq_conf_edit().
 */
int prep_dnsmasq_others_edit(const char *path, const struct prep_text *before,
			     const struct prep_tftp *tftp,
			     struct prep_text *ret_text, char **ret_elsewhere,
			     struct pbf_reason *why);

#endif
