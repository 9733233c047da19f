/* SPDX-License-Identifier: BSD-2-Clause */
/* A new image, unpacked from what was downloaded and compared with its sum. */
#ifndef PREP_UNPACK_H
#define PREP_UNPACK_H

#include "prep_options.h"
#include "reason.h"

/* What SOURCE is called in a sentence: "-" is standard input. */
const char *prep_source_name(const char *source);

/*
 * -EOPNOTSUPP when FD, which is to be an image, is a compressed one; WHY says
 * what to do about that.
 */
int prep_refuse_packed(int fd, struct pbf_reason *why);

/*
 * Fills the empty file FD, which will be called ENTRY, from the source that
 * OPTIONS name, and tells so.  What fails is the source, whose name
 * *ret_culprit is then, unless it is the image.  -EBADMSG when the sum is
 * another one; else as prep_fetch() and prep_find_sum(), or the negative errno
 * of opening.
 */
int prep_unpack(const struct prep_options *options, const char *entry, int fd,
		const char **ret_culprit, struct pbf_reason *why);

#endif
