/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directory entries of FAT: the 32-byte slots of a directory, fed in order,
 * become files and directories with names.
 *
 * A long name lies in up to 20 slots before the slot of its file, last part
 * first, each with a checksum of the file's short name.  It counts only when
 * the parts are complete, in order and the checksum fits; otherwise the short
 * name stands alone (Linux, fs/fat/dir.c, fat_parse_long()).
 */
#ifndef PBF_FAT_ENTRY_H
#define PBF_FAT_ENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "fat_boot.h"
#include "reason.h"
#include "utf.h"

#define PBF_FAT_SLOT_BYTES 32u
#define PBF_FAT_LONG_UNITS 260u /* 20 slots of 13 UTF-16 units */
#define PBF_FAT_NAME_UNITS_MAX 255u
#define PBF_FAT_ALIAS_BYTES 40u /* 8 + dot + 3 characters, 3 bytes each */

/* NAME_MAX and a NUL; a longer name is shown by its alias. */
#define PBF_NAME_BYTES 256u

struct pbf_fat_entry {
	char name[PBF_NAME_BYTES];	 /* UTF-8, as shown */
	char alias[PBF_FAT_ALIAS_BYTES]; /* UTF-8 of the short name */
	bool is_directory;
	uint32_t first_cluster;
	uint32_t size_bytes;
	struct timespec modified, created, accessed;
	uint64_t slot_offset_bytes; /* of its 32 bytes, in the image */
};

enum pbf_slot_kind {
	PBF_SLOT_END,	/* nothing follows in this directory */
	PBF_SLOT_NONE,	/* free, part of a long name, "." or ".." */
	PBF_SLOT_LABEL, /* the volume's label: entry.alias has it */
	PBF_SLOT_ENTRY,
	PBF_SLOT_BAD, /* must not be shown: WHY says what is wrong */
};

/* Zero it, but for the code page, before the first slot. */
struct pbf_slot_reader {
	enum pbf_code_page code_page; /* of short names */
	/* The long name being collected. */
	uint16_t units[PBF_FAT_LONG_UNITS + 1];
	unsigned int parts; /* of the whole name; 0: none is being collected */
	unsigned int missing; /* parts still to come before the short name */
	unsigned char checksum;
};

/*
 * Takes the next slot of a directory.  *ret_entry is written for
 * PBF_SLOT_ENTRY and PBF_SLOT_LABEL.  OFFSET_BYTES is where the slot lies in
 * the image.
 */
enum pbf_slot_kind pbf_slot_feed(struct pbf_slot_reader *reader,
				 enum pbf_fat_type type,
				 const unsigned char slot[PBF_FAT_SLOT_BYTES],
				 uint64_t offset_bytes,
				 struct pbf_fat_entry *ret_entry,
				 struct pbf_reason *why);

/*
 * Whether Linux counts SLOT as one of a directory, "." and ".." among them.  It
 * enters no directory but the root that has fewer than PBF_FAT_SUBDIRS_MIN of
 * them, in any place up to the end of its chain, even behind an end mark
 * (fs/fat/inode.c, fat_validate_dir(), and fs/fat/dir.c, fat_subdirs()).
 */
bool pbf_slot_is_subdirectory(const unsigned char slot[PBF_FAT_SLOT_BYTES]);

#define PBF_FAT_SUBDIRS_MIN 2u
#define PBF_FAT_SUBDIRS_NOTE                                          \
	"a directory with fewer than two entries of directories, as " \
	"\".\" and \"..\" are, which Linux would not enter"

enum pbf_name_match {
	PBF_NAME_DIFFERS,
	PBF_NAME_FOLDED, /* equal but for case, or equal to the alias */
	PBF_NAME_EXACT,
};

/*
 * Decodes a volume label, 11 bytes padded with blanks, from a directory entry
 * or a boot sector.
 */
void pbf_fat_label_decode(const unsigned char *label, enum pbf_code_page page,
			  char ret_label[PBF_FAT_ALIAS_BYTES]);

/* How NAME, as asked for, fits ENTRY.  Dots at the end do not count. */
enum pbf_name_match pbf_fat_entry_match(const struct pbf_fat_entry *entry,
					const char *name);

/*
 * A FAT date and time (local time of the writer, taken as UTC) and hundredths
 * of a second beyond it.  Absurd values are clamped; date 0 is 1980-01-01.
 */
struct timespec pbf_fat_time(uint16_t date, uint16_t time,
			     uint8_t centiseconds);

#endif
