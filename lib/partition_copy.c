/* SPDX-License-Identifier: BSD-2-Clause */
#include "partition_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bytes.h"
#include "checked.h"

/* MBR and EBR (both: four entries, then 55 aa) */
#define MBR_ENTRIES 0x1be
#define MBR_ENTRY_BYTES 16u
#define MBR_ENTRY_TYPE 4u
#define MBR_ENTRY_START 8u
#define MBR_ENTRY_SECTORS 12u
#define MBR_SIGNATURE 0x1fe

/* GPT header, UEFI 2.10 section 5.3.2 */
#define GPT_SIGNATURE "EFI PART"
#define GPT_ALTERNATE_LBA 0x20
#define GPT_ENTRIES_LBA 0x48
#define GPT_ENTRY_COUNT 0x50
#define GPT_ENTRY_BYTES 0x54
/* The array in use has 128 entries of 128 bytes; eight times that is plenty. */
#define GPT_ARRAY_BYTES_MAX (1024u * 128u)

/* Tables of other types have all in here. */
#define OTHER_TABLE_BYTES (64u * 1024u)

/* A copy being made. */
struct copy {
	struct pbf_image *image;
	uint32_t sector_bytes;
	int fd;
};

static bool is_table_sector(const unsigned char *sector)
{
	return sector[MBR_SIGNATURE] == 0x55 &&
	       sector[MBR_SIGNATURE + 1] == 0xaa;
}

static const unsigned char *mbr_entry(const unsigned char *sector,
				      unsigned int i)
{
	return sector + MBR_ENTRIES + i * MBR_ENTRY_BYTES;
}

static bool is_extended(const unsigned char *entry)
{
	unsigned char type = entry[MBR_ENTRY_TYPE];

	return (type == 0x05 || type == 0x0f || type == 0x85) &&
	       get_le32(entry + MBR_ENTRY_SECTORS) != 0;
}

bool pbf_mbr_protects_gpt(const unsigned char sector[512])
{
	if (!is_table_sector(sector))
		return false;
	for (unsigned int i = 0; i < 4; i++)
		if (mbr_entry(sector, i)[MBR_ENTRY_TYPE] == 0xee)
			return true;
	return false;
}

static int put(const struct copy *copy, uint64_t offset_bytes,
	       const void *bytes, size_t length)
{
	if (pwrite(copy->fd, bytes, length, (off_t)offset_bytes) !=
	    (ssize_t)length)
		return -ENOMEM; /* memory is all that a memfd can lack */
	return 0;
}

/* Copies the EBRs that an extended partition links together. */
static int copy_logical(const struct copy *copy, const unsigned char *extended,
			struct pbf_reason *why)
{
	uint64_t sector_bytes = copy->sector_bytes;
	uint64_t start = get_le32(extended + MBR_ENTRY_START) * sector_bytes;
	uint64_t size = get_le32(extended + MBR_ENTRY_SECTORS) * sector_bytes;
	uint64_t position = 0; /* of the current EBR, from START */

	for (unsigned int links = 0; links < PBF_EBR_MAX; links++) {
		unsigned char sector[512];
		unsigned int i;
		int error;

		if (position >= size ||
		    start + position + sizeof(sector) >
			    pbf_image_size_bytes(copy->image))
			return 0;
		error = pbf_image_read(copy->image, start + position, sector,
				       sizeof(sector), why);
		if (error < 0)
			return error;
		if (!is_table_sector(sector))
			return 0;
		error = put(copy, start + position, sector, sizeof(sector));
		if (error < 0)
			return error;
		for (i = 0; i < 4 && !is_extended(mbr_entry(sector, i)); i++)
			;
		if (i == 4)
			return 0;
		position = get_le32(mbr_entry(sector, i) + MBR_ENTRY_START) *
			   sector_bytes;
	}
	return 0;
}

/*
 * Copies a GPT header and its array.  A header that asks for more than any
 * real one does is left out, which sends libblkid to the other header.
 * *ret_other_lba, the place of the other one, is set if there is a header.
 */
static int copy_gpt_header(const struct copy *copy, uint64_t header_bytes,
			   uint64_t *ret_other_lba, struct pbf_reason *why)
{
	_cleanup_free_ unsigned char *array = NULL;
	uint64_t image_bytes = pbf_image_size_bytes(copy->image);
	unsigned char header[512];
	uint64_t array_start, array_bytes;
	int error;

	if (header_bytes + sizeof(header) > image_bytes)
		return 0;
	error = pbf_image_read(copy->image, header_bytes, header,
			       sizeof(header), why);
	if (error < 0)
		return error;
	if (memcmp(header, GPT_SIGNATURE, strlen(GPT_SIGNATURE)) != 0)
		return 0;
	*ret_other_lba = get_le64(header + GPT_ALTERNATE_LBA);
	array_bytes = (uint64_t)get_le32(header + GPT_ENTRY_COUNT) *
		      get_le32(header + GPT_ENTRY_BYTES);
	if (array_bytes == 0 || array_bytes > GPT_ARRAY_BYTES_MAX)
		return 0;
	if (!checked_mul(get_le64(header + GPT_ENTRIES_LBA), copy->sector_bytes,
			 &array_start) ||
	    array_start > image_bytes ||
	    array_bytes > image_bytes - array_start)
		return 0;
	array = malloc(array_bytes);
	if (!array)
		return -ENOMEM;
	error = pbf_image_read(copy->image, array_start, array, array_bytes,
			       why);
	if (error < 0)
		return error;
	error = put(copy, header_bytes, header, sizeof(header));
	return error < 0 ? error : put(copy, array_start, array, array_bytes);
}

/* The end that an image has lost comes back, without what was in it. */
static int copy_gpt(const struct copy *copy, struct pbf_reason *why)
{
	uint64_t image_bytes = pbf_image_size_bytes(copy->image);
	uint64_t sector_bytes = copy->sector_bytes;
	uint64_t backup_lba = 0, primary_lba = 0, end_bytes;
	int error = copy_gpt_header(copy, sector_bytes, &backup_lba, why);

	if (error == 0 && image_bytes > 2 * sector_bytes)
		error = copy_gpt_header(
			copy, (image_bytes / sector_bytes - 1) * sector_bytes,
			&primary_lba, why);
	if (error < 0 || primary_lba != 0 ||
	    !checked_mul(backup_lba, sector_bytes, &end_bytes) ||
	    !checked_add(end_bytes, sector_bytes, &end_bytes) ||
	    end_bytes <= image_bytes || end_bytes > INT64_MAX)
		return error;
	/* If this fails, then there is no such disk. */
	(void)!ftruncate(copy->fd, (off_t)end_bytes);
	return 0;
}

static int fill_copy(const struct copy *copy, struct pbf_reason *why)
{
	unsigned char mbr[512];
	int error;

	error = pbf_image_read(copy->image, 0, mbr, sizeof(mbr), why);
	if (error < 0)
		return error;
	if (!is_table_sector(mbr))
		return 0;
	error = put(copy, 0, mbr, sizeof(mbr));
	if (error < 0)
		return error;
	if (pbf_mbr_protects_gpt(mbr))
		return copy_gpt(copy, why);
	for (unsigned int i = 0; i < 4 && error == 0; i++)
		if (is_extended(mbr_entry(mbr, i)))
			error = copy_logical(copy, mbr_entry(mbr, i), why);
	return error;
}

/* A sparse file in memory of SIZE bytes; a negative errno, and WHY. */
static int make_copy(uint64_t size_bytes, struct pbf_reason *why)
{
	int fd = memfd_create("partitions", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)size_bytes) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
			  "no memory to read the partition table: %s",
			  strerror(errno));
}

static int copy_part(const struct copy *copy, uint64_t offset_bytes,
		     uint64_t length, struct pbf_reason *why)
{
	_cleanup_free_ unsigned char *bytes = malloc(length);
	int error;

	if (length == 0)
		return 0;
	if (!bytes)
		return -ENOMEM;
	error = pbf_image_read(copy->image, offset_bytes, bytes, length, why);
	return error < 0 ? error : put(copy, 0, bytes, length);
}

/* Closes the copy after an error; that, or its descriptor. */
static int finish(const struct copy *copy, int error)
{
	if (error == 0)
		return copy->fd;
	if (copy->fd >= 0)
		close(copy->fd);
	return error;
}

int pbf_copy_beginning(struct pbf_image *image, uint64_t offset_bytes,
		       uint64_t length, uint64_t size_bytes,
		       struct pbf_reason *why)
{
	const struct copy copy = { .image = image,
				   .fd = make_copy(size_bytes, why) };

	return finish(&copy, copy.fd < 0 ? copy.fd :
					   copy_part(&copy, offset_bytes,
						     length, why));
}

int pbf_copy_table(struct pbf_image *image, uint32_t sector_bytes, bool any,
		   struct pbf_reason *why)
{
	uint64_t size_bytes = pbf_image_size_bytes(image);
	const struct copy copy = {
		.image = image,
		.sector_bytes = sector_bytes,
		.fd = make_copy(size_bytes, why),
	};
	int error = copy.fd < 0 ? copy.fd : fill_copy(&copy, why);

	if (error == 0 && any)
		error = copy_part(&copy, 0,
				  size_bytes < OTHER_TABLE_BYTES ?
					  size_bytes :
					  OTHER_TABLE_BYTES,
				  why);
	return finish(&copy, error);
}
