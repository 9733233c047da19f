/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving the backup of a GPT.  sgdisk, which has nothing in common with
 * libfdisk, makes tables and says what it thinks of the outcome.
 */
#include "disk_gpt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "disk-image.h"
#include "scratch.h"
#include "unit.h"

#define SIZE (4u << 20)
#define LARGER (10u << 20)

static const struct gpt_entry two[] = { { 64, 127 }, { 128, 191 } };

static struct scratch scratch;
static int image_fd;

static int setup(void **state)
{
	(void)state;
	scratch_make(&scratch);
	scratch_touch(&scratch, "image");
	image_fd = openat(scratch.fd, "image", O_RDWR | O_CLOEXEC);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(image_fd);
	scratch_remove(&scratch);
	return 0;
}

/* Runs it in the directory of the image. */
static int shell(const char *command)
{
	char whole[1024];

	snprintf(whole, sizeof(whole),
		 "cd '%s' && export PATH=$PATH:/usr/sbin && { %s; } >out 2>&1",
		 scratch.path, command);
	/* The commands are those of a test. NOLINTNEXTLINE(cert-env33-c) */
	return system(whole);
}

static void must_shell(const char *command)
{
	if (shell(command) != 0)
		fail_msg("%s", command);
}

static void write_disk(struct disk *disk)
{
	scratch_write(&scratch, "image", disk->bytes, disk->size);
	disk_free(disk);
}

static int find(uint64_t size_bytes, struct prep_gpt *gpt,
		struct pbf_reason *why)
{
	why->text[0] = '\0';
	return prep_gpt_find(image_fd, size_bytes, gpt, why);
}

/* Finds the table and moves it, in a file that has its new size already. */
static int move(uint64_t size_bytes, uint64_t new_size_bytes,
		size_t *ret_range_count, struct pbf_reason *why)
{
	_cleanup_ranges_ struct ranges ranges = { 0 };
	_cleanup_close_ int content_fd = -1;
	struct prep_gpt gpt;
	int error = find(size_bytes, &gpt, why);

	if (error < 0)
		return error;
	assert_true(gpt.is_there);
	error = prep_gpt_move_backup(image_fd, &gpt, new_size_bytes, &ranges,
				     &content_fd, why);
	if (error < 0) {
		assert_int_equal(content_fd, -1);
		assert_int_equal(ranges.count, 0);
		return error;
	}
	assert_int_equal(content_fd < 0, ranges.count == 0);
	assert_int_equal(ranges_sort(&ranges, new_size_bytes, why), 0);
	assert_int_equal(ftruncate(image_fd, (off_t)new_size_bytes), 0);
	assert_int_equal(ranges_write(&ranges, image_fd, why), 0);
	*ret_range_count = ranges.count;
	return 0;
}

static void must_move(uint64_t size_bytes, uint64_t new_size_bytes)
{
	struct pbf_reason why;
	size_t count;

	if (move(size_bytes, new_size_bytes, &count, &why) < 0)
		fail_msg("%s", why.text);
}

static void assert_refused(uint64_t size_bytes, const char *words)
{
	struct pbf_reason why;
	size_t count;

	assert_int_equal(move(size_bytes, LARGER, &count, &why), -EUCLEAN);
	if (!strstr(why.text, words))
		fail_msg("\"%s\" does not say \"%s\"", why.text, words);
}

TEST(sgdisk_finds_no_problem_and_the_same_partitions)
{
	must_shell("truncate -s 4M image; sgdisk -a 8 -n 1:64:+1M -t 1:0700 "
		   "-c 1:boot -n 5:0:+1M -A 5:set:2 -c 5:root image");
	must_shell("for i in 1 5; do sgdisk -i $i image; done >before");
	must_shell("sgdisk -p image | grep GUID >>before");
	must_move(SIZE, LARGER);
	must_shell("sgdisk -v image && grep -q 'No problems found' out");
	must_shell("for i in 1 5; do sgdisk -i $i image; done >after");
	must_shell("sgdisk -p image | grep GUID >>after");
	must_shell("cmp before after");
	/* All of the disk can be used now. */
	must_shell("sgdisk -p image && "
		   "grep -q 'last usable sector is 20446' out");
	must_shell("sfdisk --verify image");
}

TEST(the_backup_is_as_good_as_the_table)
{
	must_shell("truncate -s 4M image; sgdisk -n 1:0:+1M -c 1:boot image");
	must_move(SIZE, LARGER);
	must_shell("sgdisk -i 1 image >before; "
		   "dd if=/dev/zero of=image bs=512 seek=1 count=33 "
		   "conv=notrunc; printf 'r\\nb\\nw\\ny\\n' | gdisk image; "
		   "sgdisk -i 1 image >after; cmp before after");
}

TEST(nothing_but_the_table_is_written)
{
	static unsigned char before[SIZE], after[SIZE];
	struct disk disk = disk_new(SIZE, 512);

	for (size_t i = 0; i < SIZE; i++)
		disk.bytes[i] = (unsigned char)(i % 251);
	memset(disk.bytes + 512, 0, 33 * 512);
	memset(disk.bytes + SIZE - 33 * 512, 0, 33 * 512);
	memset(disk.bytes + 446, 0, 66);
	disk_gpt(&disk, two, 2);
	memcpy(before, disk.bytes, SIZE);
	write_disk(&disk);
	must_move(SIZE, LARGER);
	assert_int_equal(pread(image_fd, after, SIZE, 0), SIZE);
	/* Boot code, entries, all between, and the old backup. */
	assert_memory_equal(before, after, 446);
	assert_memory_equal(before + 1024, after + 1024, SIZE - 1024);
}

TEST(tables_in_sectors_of_4096_bytes_are_moved)
{
	struct disk disk = disk_new(SIZE, 4096);
	char signature[8];

	disk_gpt(&disk, two, 2);
	write_disk(&disk);
	must_move(SIZE, LARGER);
	assert_int_equal(pread(image_fd, signature, 8, LARGER - 4096), 8);
	assert_memory_equal(signature, "EFI PART", 8);
	/* sgdisk knows no other sectors of files than those of 512 bytes. */
	must_shell("fdisk -b 4096 -x image && "
		   "grep -q 'Last usable LBA: 2554' out && "
		   "! grep -q -i -e corrupt -e mismatch out");
}

TEST(a_backup_at_the_end_is_left_alone)
{
	struct disk disk = disk_new(SIZE, 512);
	struct pbf_reason why;
	size_t count = 9;

	disk_gpt(&disk, two, 2);
	write_disk(&disk);
	assert_int_equal(move(SIZE, SIZE, &count, &why), 0);
	assert_int_equal(count, 0);
}

/* As when somebody else has made the file larger before. */
TEST(a_backup_that_is_not_at_the_end_of_the_file_is_moved_too)
{
	must_shell("truncate -s 4M image; sgdisk -n 1:0:+1M image; "
		   "truncate -s 10M image");
	must_move(LARGER, LARGER);
	must_shell("sgdisk -v image && grep -q 'No problems found' out");
}

/* As when the image was cut off behind its last partition. */
TEST(a_backup_that_is_missing_is_made)
{
	must_shell("truncate -s 10M image; sgdisk -n 1:64:+1M image; "
		   "truncate -s 4M image");
	must_move(SIZE, 20u << 20);
	must_shell("sgdisk -v image && grep -q 'No problems found' out");
}

TEST(moving_twice_is_moving_once_and_again)
{
	must_shell("truncate -s 4M image; sgdisk -n 1:0:+1M image");
	must_move(SIZE, LARGER);
	must_move(LARGER, 5 * SIZE);
	must_shell("sgdisk -v image && grep -q 'No problems found' out");
}

TEST(a_hybrid_mbr_keeps_its_entries)
{
	unsigned char before[64], after[64];

	must_shell("truncate -s 4M image; sgdisk -n 1:2048:+1M -t 1:0700 "
		   "-h 1 image");
	assert_int_equal(pread(image_fd, before, 64, 446), 64);
	must_move(SIZE, LARGER);
	assert_int_equal(pread(image_fd, after, 64, 446), 64);
	/* The entry of the FAT, the second behind the protective one. */
	assert_memory_equal(before + 16, after + 16, 16);
	assert_int_equal(before[4], 0xee);
	assert_int_equal(after[4], 0xee);
	must_shell("sgdisk -v image && grep -q 'No problems found' out");
}

TEST(images_without_a_gpt_have_none)
{
	struct disk disk = disk_new(SIZE, 512);
	struct prep_gpt gpt = { .is_there = true };
	struct pbf_reason why;

	disk_gpt(&disk, two, 2);
	disk_mbr_entry(&disk, 0, 0, 0x83, 1, 100);
	write_disk(&disk);
	assert_int_equal(find(SIZE, &gpt, &why), 0);
	assert_false(gpt.is_there);
	gpt.is_there = true;
	assert_int_equal(find(511, &gpt, &why), 0);
	assert_false(gpt.is_there);
}

TEST(a_gpt_that_is_promised_has_to_be_there)
{
	struct disk disk = disk_new(SIZE, 512);
	struct prep_gpt gpt;
	struct pbf_reason why;

	disk_gpt(&disk, two, 2);
	write_disk(&disk);
	assert_int_equal(find(1535, &gpt, &why), -EUCLEAN);
	assert_reason(why, 512, "but there is none");
	assert_int_equal(find(1536, &gpt, &why), -EUCLEAN);
	assert_reason(why, 512, "entries in a place");
	assert_int_equal(find(SIZE, &gpt, &why), 0);
	assert_int_equal(gpt.sector_bytes, 512);
	assert_int_equal(gpt.backup_bytes, SIZE - 512);
	assert_int_equal(gpt.entries_bytes, 1024);
	assert_int_equal(gpt.entries_length, 128 * 128);
}

/* What is wrong in a header; sealed again, so that its checksum is right. */
static const struct {
	size_t offset, bytes;
	uint64_t value;
	const char *words;
} faults[] = {
	{ 0x48, 8, 0, "entries in a place" },
	{ 0x48, 8, 1, "entries in a place" },
	{ 0x48, 8, UINT64_MAX, "entries in a place" },
	{ 0x48, 8, 1ull << 55, "entries in a place" },
	{ 0x48, 8, 3000, "entries in a place" },
	{ 0x50, 4, 0, "entries in a place" },
	{ 0x50, 4, UINT32_MAX, "entries in a place" },
	{ 0x54, 4, 0, "entries in a place" },
	{ 0x54, 4, UINT32_MAX, "entries in a place" },
	{ 0x20, 8, UINT64_MAX, "backup in a place" },
	{ 0x20, 8, 1ull << 55, "backup in a place" },
	{ 0x28, 8, 9000, "damaged" }, /* the first usable sector */
	{ 0x18, 8, 5, "damaged" },    /* where it is itself */
	{ 0x0c, 4, 9999, "damaged" }, /* its length */
};

static void assert_fault_is_refused(size_t i)
{
	struct disk disk = disk_new(SIZE, 512);
	unsigned char *header;

	disk_gpt(&disk, two, 2);
	header = disk_sector(&disk, 1);
	for (size_t j = 0; j < faults[i].bytes; j++)
		header[faults[i].offset + j] =
			(unsigned char)(faults[i].value >> 8 * j & 0xff);
	if (faults[i].offset != 0x0c)
		disk_gpt_seal(&disk, 1);
	memset(disk_sector(&disk, SIZE / 512 - 1), 0, 512);
	write_disk(&disk);
	assert_refused(SIZE, faults[i].words);
}

TEST(headers_that_lie_are_refused)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		assert_fault_is_refused(i);
}

/* libfdisk would write the backup over it. */
TEST(a_damaged_table_with_a_good_backup_is_not_repaired)
{
	struct disk disk = disk_new(SIZE, 512);

	disk_gpt(&disk, two, 2);
	disk_sector(&disk, 1)[0x38] ^= 1; /* without its checksum */
	write_disk(&disk);
	assert_refused(SIZE, "the GPT is damaged");
}

TEST(damaged_entries_with_a_good_backup_are_not_repaired)
{
	struct disk disk = disk_new(SIZE, 512);

	disk_gpt(&disk, two, 2);
	disk_sector(&disk, 2)[0x20] ^= 1;
	write_disk(&disk);
	assert_refused(SIZE, "the GPT is damaged");
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(sgdisk_finds_no_problem_and_the_same_partitions),
		CLAIM(the_backup_is_as_good_as_the_table),
		CLAIM(nothing_but_the_table_is_written),
		CLAIM(tables_in_sectors_of_4096_bytes_are_moved),
		CLAIM(a_backup_at_the_end_is_left_alone),
		CLAIM(a_backup_that_is_not_at_the_end_of_the_file_is_moved_too),
		CLAIM(a_backup_that_is_missing_is_made),
		CLAIM(moving_twice_is_moving_once_and_again),
		CLAIM(a_hybrid_mbr_keeps_its_entries),
		CLAIM(images_without_a_gpt_have_none),
		CLAIM(a_gpt_that_is_promised_has_to_be_there),
		CLAIM(headers_that_lie_are_refused),
		CLAIM(a_damaged_table_with_a_good_backup_is_not_repaired),
		CLAIM(damaged_entries_with_a_good_backup_are_not_repaired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
