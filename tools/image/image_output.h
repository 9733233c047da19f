/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file being written outside the image.  It gets its name only when it is
 * whole: until then it has a temporary one beside it, and a signal that ends
 * programs is held back until that is gone.
 */
#ifndef PBF_IMAGE_OUTPUT_H
#define PBF_IMAGE_OUTPUT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct image_output {
	int directory_fd; /* borrowed */
	const char *name; /* in it; borrowed */
	bool force;	  /* replace a file that is there */
	int fd;
	char temporary[64];
	sigset_t signals_before;
};

/*
 * Begins the file NAME in DIRECTORY_FD.  -EEXIST when it exists and is not to
 * be replaced, or is no regular file; negative errno of open(2).
 */
int image_output_begin(int directory_fd, const char *name, bool force,
		       struct image_output *ret_output);

/* Writes it all; -EINTR when a signal is waiting, else as write(2). */
int image_output_write(const struct image_output *output, const void *bytes,
		       size_t length);

/*
 * Gives the file its time and its name, or removes it when RESULT, of what
 * was done in between, is not 0.  Returns the first that went wrong, as
 * image_output_begin().
 */
int image_output_end(struct image_output *output, struct timespec modified,
		     int result);

#endif
