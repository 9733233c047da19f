/* SPDX-License-Identifier: BSD-2-Clause */
#include "fat_entry.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "bytes.h"
#include "utf.h"

/* Microsoft FAT32 File System Specification 1.03, pages 22 to 30 */
#define DIR_NAME 0x00
#define DIR_ATTRIBUTES 0x0b
#define DIR_CASE 0x0c /* Windows NT: parts of the name in lower case */
#define DIR_CREATED_CENTISECONDS 0x0d
#define DIR_CREATED_TIME 0x0e
#define DIR_CREATED_DATE 0x10
#define DIR_ACCESSED_DATE 0x12
#define DIR_CLUSTER_HIGH 0x14
#define DIR_MODIFIED_TIME 0x16
#define DIR_MODIFIED_DATE 0x18
#define DIR_CLUSTER_LOW 0x1a
#define DIR_SIZE 0x1c
#define LONG_ORDER 0x00
#define LONG_CHECKSUM 0x0d

#define NAME_END 0x00
#define NAME_DELETED 0xe5
#define NAME_MEANS_E5 0x05
#define ATTRIBUTE_LABEL 0x08u
#define ATTRIBUTE_DIRECTORY 0x10u
#define ATTRIBUTE_LONG_NAME 0x0fu
#define ATTRIBUTE_MASK 0x3fu
#define CASE_LOWER_BASE 0x08u
#define CASE_LOWER_EXTENSION 0x10u
#define LONG_LAST 0x40u
#define LONG_PARTS_MAX 20u
#define UNITS_PER_PART 13u
#define SHORT_NAME_BYTES 11u
#define BASE_BYTES 8u

static unsigned char short_name_checksum(const unsigned char *name)
{
	unsigned char sum = 0;

	for (size_t i = 0; i < SHORT_NAME_BYTES; i++)
		sum = (unsigned char)((unsigned char)(sum << 7 | sum >> 1) +
				      name[i]);
	return sum;
}

static void feed_long_name(struct pbf_slot_reader *reader,
			   const unsigned char *slot)
{
	static const unsigned char unit_offsets[UNITS_PER_PART] = {
		0x01, 0x03, 0x05, 0x07, 0x09, 0x0e, 0x10,
		0x12, 0x14, 0x16, 0x18, 0x1c, 0x1e,
	};
	unsigned int order = slot[LONG_ORDER];

	if (order & LONG_LAST) {
		reader->parts = order & ~LONG_LAST;
		reader->missing = reader->parts;
		reader->checksum = slot[LONG_CHECKSUM];
		if (reader->parts > LONG_PARTS_MAX)
			reader->parts = 0;
		order = reader->parts;
	}
	if (reader->parts == 0 || order == 0 || order != reader->missing ||
	    slot[LONG_CHECKSUM] != reader->checksum) {
		reader->parts = 0;
		return;
	}
	reader->missing--;
	for (size_t i = 0; i < UNITS_PER_PART; i++)
		reader->units[reader->missing * UNITS_PER_PART + i] =
			get_le16(slot + unit_offsets[i]);
}

static size_t append_short(enum pbf_code_page page, const unsigned char *bytes,
			   size_t length, bool lower, char *out)
{
	size_t written = 0;

	while (length > 0 && bytes[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < length; i++) {
		uint32_t code_point = pbf_code_page_to_unicode(page, bytes[i]);

		if (lower)
			code_point = pbf_lower_case(code_point);
		written += pbf_utf8_encode(code_point, out + written);
	}
	return written;
}

/* A first byte of e5 would mark the slot as deleted. */
static void take_stored(const unsigned char *stored,
			unsigned char ret_name[SHORT_NAME_BYTES])
{
	memcpy(ret_name, stored, SHORT_NAME_BYTES);
	if (ret_name[0] == NAME_MEANS_E5)
		ret_name[0] = NAME_DELETED;
}

static void decode_short_name(enum pbf_code_page page,
			      const unsigned char *slot,
			      char alias[PBF_FAT_ALIAS_BYTES])
{
	unsigned char name[SHORT_NAME_BYTES];
	size_t length, extension;

	take_stored(slot + DIR_NAME, name);
	length = append_short(page, name, BASE_BYTES,
			      slot[DIR_CASE] & CASE_LOWER_BASE, alias);
	extension = append_short(
		page, name + BASE_BYTES, SHORT_NAME_BYTES - BASE_BYTES,
		slot[DIR_CASE] & CASE_LOWER_EXTENSION, alias + length + 1);
	if (extension > 0) {
		alias[length] = '.';
		length += 1 + extension;
	}
	alias[length] = '\0';
}

void pbf_fat_label_decode(const unsigned char *label, enum pbf_code_page page,
			  char ret_label[PBF_FAT_ALIAS_BYTES])
{
	unsigned char name[SHORT_NAME_BYTES];
	size_t length;

	take_stored(label, name);
	length = append_short(page, name, sizeof(name), false, ret_label);
	ret_label[length] = '\0';
}

/* Writes the collected long name, when there is one that can be shown. */
static bool take_long_name(struct pbf_slot_reader *reader,
			   const unsigned char *slot, char *name)
{
	char utf8[PBF_FAT_LONG_UNITS * 3 + 1];
	unsigned int parts = reader->parts;
	size_t units = 0;

	reader->parts = 0;
	if (parts == 0 || reader->missing != 0 ||
	    reader->checksum != short_name_checksum(slot + DIR_NAME))
		return false;
	while (units < parts * UNITS_PER_PART && reader->units[units] != 0)
		units++;
	if (units == 0 || units > PBF_FAT_NAME_UNITS_MAX)
		return false;
	pbf_utf16_to_utf8(reader->units, units, utf8);
	if (strlen(utf8) >= PBF_NAME_BYTES)
		return false;
	memcpy(name, utf8, strlen(utf8) + 1);
	return true;
}

static bool is_dot_entry(const unsigned char *slot)
{
	return memcmp(slot + DIR_NAME, ".          ", SHORT_NAME_BYTES) == 0 ||
	       memcmp(slot + DIR_NAME, "..         ", SHORT_NAME_BYTES) == 0;
}

static bool can_be_shown(const char *name)
{
	return name[0] != '\0' && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 && !strchr(name, '/');
}

static void decode_fields(enum pbf_fat_type type, const unsigned char *slot,
			  struct pbf_fat_entry *entry)
{
	entry->is_directory = slot[DIR_ATTRIBUTES] & ATTRIBUTE_DIRECTORY;
	entry->first_cluster = get_le16(slot + DIR_CLUSTER_LOW);
	if (type == PBF_FAT32)
		entry->first_cluster |=
			(uint32_t)get_le16(slot + DIR_CLUSTER_HIGH) << 16;
	entry->size_bytes = entry->is_directory ? 0 : get_le32(slot + DIR_SIZE);
	entry->modified = pbf_fat_time(get_le16(slot + DIR_MODIFIED_DATE),
				       get_le16(slot + DIR_MODIFIED_TIME), 0);
	entry->created = pbf_fat_time(get_le16(slot + DIR_CREATED_DATE),
				      get_le16(slot + DIR_CREATED_TIME),
				      slot[DIR_CREATED_CENTISECONDS]);
	entry->accessed =
		pbf_fat_time(get_le16(slot + DIR_ACCESSED_DATE), 0, 0);
}

enum pbf_slot_kind pbf_slot_feed(struct pbf_slot_reader *reader,
				 enum pbf_fat_type type,
				 const unsigned char slot[PBF_FAT_SLOT_BYTES],
				 uint64_t offset_bytes,
				 struct pbf_fat_entry *ret_entry,
				 struct pbf_reason *why)
{
	unsigned int attributes = slot[DIR_ATTRIBUTES] & ATTRIBUTE_MASK;
	bool has_long_name;

	if (slot[DIR_NAME] == NAME_END)
		return PBF_SLOT_END;
	if (slot[DIR_NAME] == NAME_DELETED) {
		reader->parts = 0;
		return PBF_SLOT_NONE;
	}
	if (attributes == ATTRIBUTE_LONG_NAME) {
		feed_long_name(reader, slot);
		return PBF_SLOT_NONE;
	}
	if (attributes & ATTRIBUTE_LABEL) {
		pbf_fat_label_decode(slot + DIR_NAME, reader->code_page,
				     ret_entry->alias);
		reader->parts = 0;
		return PBF_SLOT_LABEL;
	}
	if (is_dot_entry(slot)) {
		reader->parts = 0;
		return PBF_SLOT_NONE;
	}
	decode_short_name(reader->code_page, slot, ret_entry->alias);
	has_long_name = take_long_name(reader, slot, ret_entry->name);
	if (!has_long_name)
		memcpy(ret_entry->name, ret_entry->alias,
		       sizeof(ret_entry->alias));
	if (!can_be_shown(ret_entry->name) ||
	    (!has_long_name && memchr(slot + DIR_NAME, 0, SHORT_NAME_BYTES))) {
		pbf_refuse(why, -EUCLEAN, offset_bytes,
			   "name \"%s\" cannot be shown: entry hidden",
			   ret_entry->name);
		return PBF_SLOT_BAD;
	}
	decode_fields(type, slot, ret_entry);
	ret_entry->slot_offset_bytes = offset_bytes;
	return PBF_SLOT_ENTRY;
}

bool pbf_slot_is_subdirectory(const unsigned char slot[PBF_FAT_SLOT_BYTES])
{
	return slot[DIR_NAME] != NAME_END && slot[DIR_NAME] != NAME_DELETED &&
	       !(slot[DIR_ATTRIBUTES] & ATTRIBUTE_LABEL) &&
	       (slot[DIR_ATTRIBUTES] & ATTRIBUTE_DIRECTORY);
}

/* Copies NAME without the dots at its end; false when it is too long. */
static bool strip_dots(const char *name, char out[PBF_NAME_BYTES])
{
	size_t length = strlen(name);

	while (length > 0 && name[length - 1] == '.')
		length--;
	if (length >= PBF_NAME_BYTES)
		return false;
	memcpy(out, name, length);
	out[length] = '\0';
	return true;
}

enum pbf_name_match pbf_fat_entry_match(const struct pbf_fat_entry *entry,
					const char *name)
{
	char asked[PBF_NAME_BYTES], stored[PBF_NAME_BYTES];

	if (strcmp(entry->name, name) == 0)
		return PBF_NAME_EXACT;
	if (!strip_dots(name, asked) || !strip_dots(entry->name, stored) ||
	    asked[0] == '\0')
		return PBF_NAME_DIFFERS;
	if (pbf_equal_folded(stored, asked) ||
	    pbf_equal_folded(entry->alias, asked))
		return PBF_NAME_FOLDED;
	return PBF_NAME_DIFFERS;
}

static unsigned int clamp(unsigned int value, unsigned int low,
			  unsigned int high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

struct timespec pbf_fat_time(uint16_t date, uint16_t time, uint8_t centiseconds)
{
	struct tm broken_down = {
		.tm_year = (date >> 9) + 80,
		.tm_mon = (int)clamp(date >> 5 & 0x0f, 1, 12) - 1,
		.tm_mday = (int)clamp(date & 0x1f, 1, 31),
		.tm_hour = (int)clamp(time >> 11, 0, 23),
		.tm_min = (int)clamp(time >> 5 & 0x3f, 0, 59),
		.tm_sec = (int)clamp((time & 0x1fu) * 2, 0, 59),
	};

	return (struct timespec){
		.tv_sec = timegm(&broken_down) + centiseconds / 100,
		.tv_nsec = centiseconds % 100 * 10000000L,
	};
}
