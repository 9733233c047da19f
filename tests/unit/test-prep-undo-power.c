/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing an image in place while the power fails.  All that is done to the
 * image, to its undo file and to their directory is recorded; then for each
 * moment disks are made on which that is as a power cut may leave it: what was
 * synced is there, of the rest any part may be, sector by sector, whatever the
 * order it was done in.  Each of them has to recover.
 */
#include "undo.h"
#include "undo_path.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "undo-bench.h"
#include "unit.h"

#define SIZE (16u << 10)
#define LARGER (20u << 10)
#define UNDO_MAX (32u << 10)
#define SECTOR 512u
#define DISKS_PER_MOMENT 60

static struct undo_bench bench;
static unsigned char old[LARGER], new[LARGER];

enum kind {
	WRITE,
	TRUNCATE,
	SYNC,
	MAKE,
	REMOVE
};
enum place {
	IMAGE,
	UNDO,
	DIRECTORY
};

/* Something that was done. */
struct deed {
	enum kind kind;
	enum place place;
	size_t offset, length; /* for TRUNCATE, the length only */
	unsigned char *bytes;
};

static struct {
	bool is_on;
	int image_fd, undo_fd, directory_fd;
	struct deed deeds[400];
	size_t count;
} record;

static struct deed *note(enum kind kind, enum place place, size_t offset,
			 size_t length)
{
	static struct deed unused;
	struct deed *deed = &unused;

	if (record.is_on) {
		assert_in_range(record.count, 0, 399);
		deed = &record.deeds[record.count++];
	}
	*deed = (struct deed){ kind, place, offset, length, NULL };
	return deed;
}

static enum place place_of(int fd)
{
	return fd == record.image_fd	 ? IMAGE :
	       fd == record.directory_fd ? DIRECTORY :
					   UNDO;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	struct deed *deed = note(WRITE, place_of(fd), (size_t)offset, length);

	if (record.is_on) {
		deed->bytes = malloc(length);
		memcpy(deed->bytes, bytes, length);
	}
	return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

int ftruncate(int fd, off_t length)
{
	note(TRUNCATE, place_of(fd), 0, (size_t)length);
	return (int)syscall(SYS_ftruncate, fd, length);
}

int fsync(int fd)
{
	note(SYNC, place_of(fd), 0, 0);
	return (int)syscall(SYS_fsync, fd);
}

int unlinkat(int directory_fd, const char *name, int flags)
{
	note(REMOVE, DIRECTORY, 0, 0);
	return (int)syscall(SYS_unlinkat, directory_fd, name, flags);
}

int openat(int directory_fd, const char *name, int flags, ...)
{
	va_list arguments;
	unsigned int mode = 0;

	va_start(arguments, flags);
	if (flags & O_CREAT)
		mode = va_arg(arguments, unsigned int);
	va_end(arguments);
	if (flags & O_CREAT) {
		note(MAKE, DIRECTORY, 0, 0);
		record.directory_fd = directory_fd;
	}
	return (int)syscall(SYS_openat, directory_fd, name, flags, mode);
}

static int setup(void **state)
{
	(void)state;
	memset(&record, 0, sizeof(record));
	undo_bench_make(&bench, old, SIZE);
	memcpy(new, old, sizeof(new));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < record.count; i++)
		free(record.deeds[i].bytes);
	undo_bench_free(&bench);
	return 0;
}

/* A file as it is on a disk. */
struct file {
	bool is_there;
	unsigned char bytes[UNDO_MAX];
	size_t size;
};

/* Does a part of a write, or all of it. */
static void redo_write(struct file *file, const struct deed *deed,
		       bool is_whole)
{
	size_t start = deed->offset, end = deed->offset + deed->length;

	assert_in_range(end, 0, UNDO_MAX);
	while (start < end) {
		size_t next = (start / SECTOR + 1) * SECTOR;
		size_t stop = next < end ? next : end;

		if (is_whole || random() % 2)
			memcpy(file->bytes + start,
			       deed->bytes + (start - deed->offset),
			       stop - start);
		start = stop;
	}
	/* The size may be there without the bytes. */
	if (end > file->size && (is_whole || random() % 2))
		file->size = end;
}

static void redo(struct file *file, const struct deed *deed, bool is_whole)
{
	if (deed->kind == WRITE) {
		redo_write(file, deed, is_whole);
	} else if (deed->kind == TRUNCATE && (is_whole || random() % 2)) {
		if (deed->length < file->size)
			memset(file->bytes + deed->length, 0,
			       file->size - deed->length);
		file->size = deed->length;
	} else if ((deed->kind == MAKE || deed->kind == REMOVE) &&
		   (is_whole || random() % 2)) {
		file->is_there = deed->kind == MAKE;
	}
}

/* Whether deed I was synced before the power failed, at MOMENT. */
static bool is_synced(size_t i, size_t moment)
{
	for (size_t j = i; j < moment; j++)
		if (record.deeds[j].kind == SYNC &&
		    record.deeds[j].place == record.deeds[i].place)
			return true;
	return false;
}

/* Makes the disk of a power cut at MOMENT. */
static void make_disk(size_t moment)
{
	static struct file image, undo;

	image = (struct file){ .is_there = true, .size = SIZE };
	memcpy(image.bytes, old, SIZE);
	undo = (struct file){ .is_there = false };
	for (size_t i = 0; i < moment; i++)
		redo(record.deeds[i].place == IMAGE ? &image : &undo,
		     &record.deeds[i], is_synced(i, moment));
	scratch_write(&bench.scratch, "image", image.bytes, image.size);
	if (faccessat(bench.scratch.fd, "image.undo", F_OK, 0) == 0)
		scratch_unlink(&bench.scratch, "image.undo");
	if (undo.is_there)
		scratch_write(&bench.scratch, "image.undo", undo.bytes,
			      undo.size);
}

static void record_change(void)
{
	static const struct {
		uint64_t offset, length;
	} changes[] = {
		{ 512, 1024 },
		{ 4096, 6144 },
		{ LARGER - 5120, 5120 }, /* across the old end */
	};
	_cleanup_undo_ struct undo *undo = NULL;
	_cleanup_ranges_ struct ranges ranges = { 0 };

	for (size_t i = 0; i < 3; i++)
		memset(new + changes[i].offset, 'n', changes[i].length);
	undo_bench_set_content(&bench, new, LARGER);
	for (size_t i = 0; i < 3; i++)
		undo_bench_add(&bench, &ranges, changes[i].offset,
			       changes[i].length);
	assert_int_equal(undo_open(bench.path, &undo, NULL), 0);
	record.image_fd = undo_fd(undo);
	record.is_on = true;
	assert_int_equal(undo_apply(undo, &ranges, LARGER, NULL), 0);
	record.is_on = false;
}

/* Recovers, and says whether the image is the old one. */
static bool is_old_when_recovered(size_t moment)
{
	_cleanup_undo_ struct undo *undo = NULL;
	enum undo_outcome outcome;
	unsigned char found[LARGER + 1];
	struct pbf_reason why = { .text = "" };
	ssize_t n;

	assert_int_equal(undo_open(bench.path, &undo, NULL), 0);
	if (undo_recover(undo, false, &outcome, &why) < 0)
		fail_msg("after deed %zu: %s", moment, why.text);
	n = pread(undo_fd(undo), found, sizeof(found), 0);
	if (n == SIZE && memcmp(found, old, SIZE) == 0)
		return true;
	if (n != LARGER || memcmp(found, new, LARGER) != 0)
		fail_msg("after deed %zu the image is neither", moment);
	return false;
}

TEST(an_image_is_as_before_or_as_wanted_whatever_the_power_cut_left)
{
	unsigned int olds = 0, news = 0;

	record_change();
	assert_in_range(record.count, 15, 100);
	srandom(1);
	for (size_t moment = 0; moment < record.count; moment++) {
		for (int i = 0; i < DISKS_PER_MOMENT; i++) {
			make_disk(moment);
			if (is_old_when_recovered(moment))
				olds++;
			else
				news++;
		}
	}
	assert_in_range(olds, 100, 100000);
	assert_in_range(news, 5, 100000);
}

TEST(what_is_done_survives_any_power_cut)
{
	record_change();
	srandom(1);
	for (int i = 0; i < DISKS_PER_MOMENT; i++) {
		make_disk(record.count);
		assert_false(undo_is_pending(bench.path));
		assert_false(is_old_when_recovered(record.count));
	}
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(an_image_is_as_before_or_as_wanted_whatever_the_power_cut_left),
		CLAIM(what_is_done_survives_any_power_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
