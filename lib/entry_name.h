/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of entries in the image directory, and the names of the directories
 * that they give: jammy.img and jammy.raw give jammy, lab3 gives lab3.
 */
#ifndef PBF_ENTRY_NAME_H
#define PBF_ENTRY_NAME_H

#include <stdbool.h>
#include <string.h>

#define PBF_ENTRY_BYTES 256u /* NAME_MAX and a NUL */

#define PBF_IMAGE_SUFFIX_LENGTH 4u
static const char *const pbf_image_suffixes[] = { ".img", ".raw" };

/* Whether NAME ends in SUFFIX and has something before it. */
static inline bool pbf_has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name);

	return length > strlen(suffix) &&
	       strcmp(name + length - strlen(suffix), suffix) == 0;
}

static inline bool pbf_has_image_suffix(const char *name)
{
	return pbf_has_suffix(name, pbf_image_suffixes[0]) ||
	       pbf_has_suffix(name, pbf_image_suffixes[1]);
}

/* ENTRY is shorter than PBF_ENTRY_BYTES. */
static inline void pbf_directory_of_entry(const char *entry,
					  char ret_directory[PBF_ENTRY_BYTES])
{
	size_t length = strlen(entry);

	if (pbf_has_image_suffix(entry))
		length -= PBF_IMAGE_SUFFIX_LENGTH;
	memcpy(ret_directory, entry, length);
	ret_directory[length] = '\0';
}

#endif
