/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs can be started with descriptors 0 to 2 closed.  The next files that
 * are opened get these numbers, and messages are written into an image.
 */
#ifndef PBF_STANDARD_FDS_H
#define PBF_STANDARD_FDS_H

#include <stdbool.h>

/*
 * Takes the place of those that are closed, by descriptors that can neither be
 * read nor written as is their purpose: that fails with EBADF, as before.  To
 * be called before anything is opened.  False with errno when it cannot.
 */
bool pbf_standard_fds_open(void);

#endif
