/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory for the files of one test, gone after it.  What cannot be done
 * here fails the test.
 */
#ifndef PBF_UNIT_SCRATCH_H
#define PBF_UNIT_SCRATCH_H

#include <stddef.h>

struct scratch {
	char path[64];
	int fd;
};

void scratch_make(struct scratch *scratch);
/* Removes the directory and what is in it; directories in it must be empty. */
void scratch_remove(struct scratch *scratch);

/* Writes the file NAME anew: its whole content, under the same inode. */
void scratch_write(const struct scratch *scratch, const char *name,
		   const void *bytes, size_t length);
void scratch_touch(const struct scratch *scratch, const char *name);
void scratch_link(const struct scratch *scratch, const char *target,
		  const char *name);
void scratch_mkdir(const struct scratch *scratch, const char *name);
void scratch_unlink(const struct scratch *scratch, const char *name);
void scratch_rename(const struct scratch *scratch, const char *from,
		    const char *to);
void scratch_truncate(const struct scratch *scratch, const char *name,
		      size_t length);

#endif
