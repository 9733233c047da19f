/* SPDX-License-Identifier: BSD-2-Clause */
#include "disk_gpt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libfdisk.h>

#include "bytes.h"
#include "checked.h"
#include "fd_io.h"
#include "partition.h"

/* Tables end long before the first partition, which begins at 1 MiB. */
#define HEAD_BYTES (1u << 20)

#define MBR_BYTES 512u
/* The entries of an MBR: what is before them is boot code. */
#define MBR_TABLE 0x1be

/* GPT header, UEFI 2.10 section 5.3.2 */
#define GPT_SIGNATURE "EFI PART"
#define GPT_SIGNATURE_BYTES 8u
#define GPT_HEADER_CRC 0x10
#define GPT_BACKUP_LBA 0x20
#define GPT_LAST_USABLE_LBA 0x30
#define GPT_ENTRIES_LBA 0x48
#define GPT_ENTRY_COUNT 0x50
#define GPT_ENTRY_BYTES 0x54
#define GPT_HEADER_MIN 92u

/* A place in the image and its copy; nothing of it is beyond the old end. */
struct copy {
	int image_fd;
	const struct prep_gpt *gpt;
	uint64_t new_size_bytes;
	int fd; /* sparse, as large as the image will be */
	unsigned char *before, *after; /* HEAD_BYTES each */
	size_t head_bytes;	       /* as many of them as the image has */
	struct pbf_reason *why;
};

static void release_copy(struct copy *copy)
{
	if (copy->fd >= 0)
		close(copy->fd);
	free(copy->before);
	free(copy->after);
}
#define _cleanup_copy_ _cleanup_(release_copy)

static int refuse_reading(int error, uint64_t offset_bytes,
			  struct pbf_reason *why)
{
	return pbf_refuse(why, error, offset_bytes,
			  "the partition table cannot be read: %s",
			  strerror(-error));
}

static int decode_header(const unsigned char *header, uint64_t size_bytes,
			 struct prep_gpt *gpt, struct pbf_reason *why)
{
	uint64_t entries = get_le64(header + GPT_ENTRIES_LBA);

	gpt->entries_length = (uint64_t)get_le32(header + GPT_ENTRY_COUNT) *
			      get_le32(header + GPT_ENTRY_BYTES);
	if (!checked_mul(entries, gpt->sector_bytes, &gpt->entries_bytes) ||
	    gpt->entries_bytes < 2 * (uint64_t)gpt->sector_bytes ||
	    gpt->entries_length == 0 || gpt->entries_bytes > HEAD_BYTES ||
	    gpt->entries_length > HEAD_BYTES - gpt->entries_bytes ||
	    gpt->entries_bytes + gpt->entries_length > size_bytes)
		return pbf_refuse(why, -EUCLEAN, gpt->sector_bytes,
				  "the GPT has its entries in a place that is "
				  "no good: see what gdisk says about it");
	if (!checked_mul(get_le64(header + GPT_BACKUP_LBA), gpt->sector_bytes,
			 &gpt->backup_bytes))
		return pbf_refuse(why, -EUCLEAN, gpt->sector_bytes,
				  "the GPT has its backup in a place that is "
				  "no good: see what gdisk says about it");
	return 0;
}

int prep_gpt_find(int image_fd, uint64_t size_bytes, struct prep_gpt *ret_gpt,
		  struct pbf_reason *why)
{
	static const uint32_t sector_sizes[] = { 512, 4096 };
	unsigned char sector[MBR_BYTES];
	struct prep_gpt gpt = { 0 };
	int error = 0;

	*ret_gpt = gpt;
	if (size_bytes < sizeof(sector))
		return 0;
	error = fd_read_at(image_fd, 0, sector, sizeof(sector));
	if (error < 0)
		return refuse_reading(error, 0, why);
	if (!pbf_mbr_protects_gpt(sector))
		return 0;
	for (size_t i = 0; i < 2; i++) {
		gpt.sector_bytes = sector_sizes[i];
		if (size_bytes < 3 * (uint64_t)gpt.sector_bytes)
			break;
		error = fd_read_at(image_fd, gpt.sector_bytes, sector,
				   sizeof(sector));
		if (error < 0)
			return refuse_reading(error, gpt.sector_bytes, why);
		if (memcmp(sector, GPT_SIGNATURE, GPT_SIGNATURE_BYTES) != 0)
			continue;
		gpt.is_there = true;
		error = decode_header(sector, size_bytes, &gpt, why);
		if (error == 0)
			*ret_gpt = gpt;
		return error;
	}
	return pbf_refuse(why, -EUCLEAN, 512,
			  "the MBR promises a GPT, but there is none: see "
			  "what gdisk says about it");
}

static int put(const struct copy *copy, uint64_t offset_bytes,
	       const void *bytes, size_t length)
{
	int error = fd_write_at(copy->fd, offset_bytes, bytes, length);

	if (error < 0)
		return pbf_refuse(copy->why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "no memory to work on the partition table");
	return 0;
}

/* Copies LENGTH bytes, less those beyond the end of the image. */
static int copy_area(const struct copy *copy, uint64_t offset_bytes,
		     unsigned char *buffer, size_t length, size_t *ret_length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = pread(copy->image_fd, buffer + done, length - done,
				  (off_t)(offset_bytes + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse_reading(-errno, offset_bytes + done,
					      copy->why);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*ret_length = done;
	return put(copy, offset_bytes, buffer, done);
}

/* Copies the table, and where the header says that its backup is. */
static int fill_copy(struct copy *copy)
{
	uint32_t sector_bytes = copy->gpt->sector_bytes;
	uint64_t end, start;
	size_t length;
	int error;

	if (!checked_add(copy->gpt->backup_bytes, sector_bytes, &end) ||
	    end > copy->new_size_bytes)
		end = copy->new_size_bytes; /* no backup: libfdisk makes one */
	start = end > HEAD_BYTES ? end - HEAD_BYTES : 0;
	error = copy_area(copy, start, copy->after, (size_t)(end - start),
			  &length);
	if (error == 0)
		error = copy_area(copy, 0, copy->before, HEAD_BYTES,
				  &copy->head_bytes);
	return error;
}

static int start_copy(struct copy *copy)
{
	copy->fd = memfd_create("partition table", MFD_CLOEXEC);
	copy->before = calloc(1, HEAD_BYTES);
	copy->after = calloc(1, HEAD_BYTES);
	if (copy->fd < 0 || !copy->before || !copy->after ||
	    ftruncate(copy->fd, (off_t)copy->new_size_bytes) < 0)
		return pbf_refuse(copy->why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "no memory to work on the partition table");
	return fill_copy(copy);
}

static void free_context(struct fdisk_context **context)
{
	fdisk_unref_context(*context);
}

/* Writing a GPT moves its backup to the end of the disk. */
static int run_libfdisk(const struct copy *copy)
{
	_cleanup_(free_context) struct fdisk_context *context =
		fdisk_new_context();
	uint32_t sector_bytes = copy->gpt->sector_bytes;
	int error;

	if (!context)
		return pbf_refuse(copy->why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	error = fdisk_save_user_sector_size(context, sector_bytes,
					    sector_bytes);
	if (error == 0)
		error = fdisk_assign_device_by_fd(context, copy->fd,
						  "partition table", 0);
	if (error == 0 && !fdisk_is_label(context, GPT))
		error = -EUCLEAN;
	if (error == 0)
		error = fdisk_write_disklabel(context);
	if (error == 0)
		error = fdisk_deassign_device(context, 1);
	if (error != 0)
		return pbf_refuse(copy->why, -EUCLEAN, sector_bytes,
				  "the GPT is damaged: see what gdisk says "
				  "about it");
	return 0;
}

/*
 * Whether byte I of the first part of the disk may have been changed: in a
 * header, what tells where its backup and the end of the disk are.
 */
static bool may_change(size_t i, size_t header)
{
	if (i >= MBR_TABLE && i < MBR_BYTES)
		return true;
	if (i < header || i >= header + GPT_HEADER_MIN)
		return false;
	i -= header;
	return (i >= GPT_HEADER_CRC && i < GPT_HEADER_CRC + 4) ||
	       (i >= GPT_BACKUP_LBA && i < GPT_BACKUP_LBA + 8) ||
	       (i >= GPT_LAST_USABLE_LBA && i < GPT_LAST_USABLE_LBA + 8);
}

/* Adds a range of the copy, unless the image is the same there. */
static int add_range(const struct copy *copy, uint64_t offset_bytes,
		     uint64_t length_bytes, struct ranges *ranges)
{
	const struct range range = {
		.offset_bytes = offset_bytes,
		.length_bytes = length_bytes,
		.content_fd = copy->fd,
		.content_offset_bytes = offset_bytes,
	};

	if (offset_bytes < HEAD_BYTES &&
	    length_bytes <= HEAD_BYTES - offset_bytes &&
	    memcmp(copy->before + offset_bytes, copy->after + offset_bytes,
		   (size_t)length_bytes) == 0)
		return 0;
	if (ranges_add(ranges, &range) < 0)
		return pbf_refuse(copy->why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	return 0;
}

/* Where the backup begins now, its entries coming before its header. */
static int find_backup(const struct copy *copy, uint64_t *ret_bytes)
{
	uint64_t header_bytes = copy->new_size_bytes - copy->gpt->sector_bytes;
	unsigned char header[GPT_HEADER_MIN];
	uint64_t start, length = copy->gpt->entries_length;
	int error = fd_read_at(copy->fd, header_bytes, header, sizeof(header));

	if (error < 0 ||
	    memcmp(header, GPT_SIGNATURE, GPT_SIGNATURE_BYTES) != 0 ||
	    !checked_mul(get_le64(header + GPT_ENTRIES_LBA),
			 copy->gpt->sector_bytes, &start) ||
	    start > header_bytes || length > header_bytes - start ||
	    header_bytes - start > HEAD_BYTES)
		return pbf_refuse(copy->why, -EUCLEAN, header_bytes,
				  "libfdisk has not made a backup of the GPT");
	*ret_bytes = start;
	return 0;
}

static int take_changes(struct copy *copy, struct ranges *ranges)
{
	uint32_t sector_bytes = copy->gpt->sector_bytes;
	uint64_t backup_bytes = 0;
	int error = fd_read_at(copy->fd, 0, copy->after, copy->head_bytes);

	if (error < 0)
		return refuse_reading(error, 0, copy->why);
	error = find_backup(copy, &backup_bytes);
	if (error < 0)
		return error;
	for (size_t i = 0; i < copy->head_bytes && i < backup_bytes; i++)
		if (copy->before[i] != copy->after[i] &&
		    !may_change(i, sector_bytes))
			return pbf_refuse(copy->why, -EUCLEAN, i,
					  "the GPT is damaged here: see what "
					  "gdisk says about it");
	error = add_range(copy, 0, MBR_BYTES, ranges);
	if (error == 0)
		error = add_range(copy, sector_bytes, sector_bytes, ranges);
	if (error == 0)
		error = add_range(copy, backup_bytes,
				  copy->new_size_bytes - backup_bytes, ranges);
	return error;
}

/* Whether the backup is where it belongs in a disk of this size. */
static bool is_in_place(int image_fd, const struct prep_gpt *gpt,
			uint64_t new_size_bytes)
{
	char signature[GPT_SIGNATURE_BYTES];

	return gpt->backup_bytes == new_size_bytes - gpt->sector_bytes &&
	       fd_read_at(image_fd, gpt->backup_bytes, signature,
			  sizeof(signature)) == 0 &&
	       memcmp(signature, GPT_SIGNATURE, GPT_SIGNATURE_BYTES) == 0;
}

int prep_gpt_move_backup(int image_fd, const struct prep_gpt *gpt,
			 uint64_t new_size_bytes, struct ranges *ranges,
			 int *ret_content_fd, struct pbf_reason *why)
{
	_cleanup_copy_ struct copy copy = {
		.image_fd = image_fd,
		.gpt = gpt,
		.new_size_bytes = new_size_bytes,
		.fd = -1,
		.why = why,
	};
	int error;

	*ret_content_fd = -1;
	if (is_in_place(image_fd, gpt, new_size_bytes))
		return 0;
	error = start_copy(&copy);
	if (error == 0)
		error = run_libfdisk(&copy);
	if (error == 0)
		error = take_changes(&copy, ranges);
	if (error < 0)
		return error;
	*ret_content_fd = copy.fd;
	copy.fd = -1;
	return 0;
}
