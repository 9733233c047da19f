/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot_entry.h"
#include "checked.h"
#include "fat_dir.h"
#include "fd_io.h"
#include "mtools_path.h"
#include "run_program.h"
#include "source.h"

#define COPY_BYTES (1u << 20)

/* For file systems without O_TMPFILE. */
static int make_file_and_unlink(const char *directory)
{
	_cleanup_free_ char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/pibootfs-prep-XXXXXX", directory) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int make_file(struct pbf_reason *why)
{
	const char *directory = getenv("TMPDIR");
	int fd;

	if (!directory || directory[0] == '\0')
		directory = "/tmp";
	fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = errno == EOPNOTSUPP || errno == EISDIR ?
			     make_file_and_unlink(directory) :
			     -errno;
	if (fd < 0)
		return pbf_refuse(why, fd, PBF_REASON_NO_OFFSET,
				  "%s: no room for a temporary file: %s; set "
				  "TMPDIR",
				  directory, strerror(-fd));
	return fd;
}

static int copy_range(int from, uint64_t offset, int to, uint64_t start,
		      uint64_t end)
{
	_cleanup_free_ char *buffer = malloc(COPY_BYTES);

	if (!buffer)
		return -ENOMEM;
	while (start < end) {
		size_t length = end - start < COPY_BYTES ?
					(size_t)(end - start) :
					COPY_BYTES;
		int error = fd_read_at(from, offset + start, buffer, length);

		if (error == 0)
			error = fd_write_at(to, start, buffer, length);
		if (error < 0)
			return error;
		start += length;
	}
	return 0;
}

/* Copies what is no hole. */
static int copy_sparse(int from, uint64_t offset, int to, uint64_t size)
{
	uint64_t start = 0;

	while (start < size) {
		off_t data = lseek(from, (off_t)(offset + start), SEEK_DATA);
		off_t hole;
		uint64_t end = size;
		int error;

		if (data < 0 && errno == ENXIO)
			return 0;
		if (data < 0) /* a device has no holes */
			return copy_range(from, offset, to, start, size);
		if ((uint64_t)data >= offset + size)
			return 0;
		hole = lseek(from, data, SEEK_HOLE);
		start = (uint64_t)data - offset;
		if (hole > 0 && (uint64_t)hole < offset + size)
			end = (uint64_t)hole - offset;
		error = copy_range(from, offset, to, start, end);
		if (error < 0)
			return error;
		start = end;
	}
	return 0;
}

/* Runs mtools or fsck.fat on the copy; *ret_output is the caller's. */
static int run(const struct prep_boot *boot, const char *const *argv,
	       const char *content, size_t length, char **ret_output,
	       struct pbf_reason *why)
{
	const struct prep_program program = {
		.argv = argv,
		.input = content,
		.input_length = length,
		.fd = boot->fd,
	};
	int status;
	int error = prep_run(&program, ret_output, &status, why);

	return error < 0 ? error : status;
}

/*
 * Runs mtools, which has to succeed; CONTENT is its standard input.  -ENOSPC
 * when the partition is full, -EIO when it fails otherwise; what it says is
 * the reason.
 */
static int must_run(const struct prep_boot *boot, const char *const *argv,
		    const char *content, size_t length, struct pbf_reason *why)
{
	_cleanup_free_ char *output = NULL;
	int status = run(boot, argv, content, length, &output, why);

	if (status <= 0)
		return status;
	return pbf_refuse(why, strstr(output, "Disk full") ? -ENOSPC : -EIO,
			  PBF_REASON_NO_OFFSET, "%s: %.*s", argv[0],
			  *output ? (int)strcspn(output, "\n") : INT_MAX,
			  *output ? output : "fails, and does not say why");
}

static int find_faults(const struct prep_boot *boot, char **ret_faults,
		       struct pbf_reason *why)
{
	static const char *const argv[] = { "fsck.fat", "-n", PREP_FD_PATH,
					    NULL };
	int status = run(boot, argv, NULL, 0, ret_faults, why);

	/* 1 is what it says when it has found something. */
	if (status > 1)
		return pbf_refuse(why, -EIO, PBF_REASON_NO_OFFSET,
				  "fsck.fat fails: %.*s",
				  (int)strcspn(*ret_faults, "\n"), *ret_faults);
	return status < 0 ? status : 0;
}

int prep_boot_copy_out(int image_fd, uint64_t offset_bytes, uint64_t size_bytes,
		       struct prep_boot *ret_boot, struct pbf_reason *why)
{
	off_t image_bytes = lseek(image_fd, 0, SEEK_END);
	uint64_t end_bytes;
	int error;

	*ret_boot = (struct prep_boot){ .fd = make_file(why),
					.size_bytes = size_bytes };
	if (ret_boot->fd < 0)
		return ret_boot->fd;
	if (!checked_add(offset_bytes, size_bytes, &end_bytes) ||
	    image_bytes < 0 || end_bytes > (uint64_t)image_bytes)
		return pbf_refuse(why, -EUCLEAN, offset_bytes,
				  "the boot partition ends beyond the end of "
				  "the image");
	error = ftruncate(ret_boot->fd, (off_t)size_bytes) < 0 ? -errno : 0;
	if (error == 0)
		error = copy_sparse(image_fd, offset_bytes, ret_boot->fd,
				    size_bytes);
	if (error < 0)
		return pbf_refuse(why, error, offset_bytes,
				  "the boot partition cannot be copied: %s%s",
				  strerror(-error),
				  error == -ENOSPC ? "; set TMPDIR" : "");
	return find_faults(ret_boot, &ret_boot->faults, why);
}

void prep_boot_release(struct prep_boot *boot)
{
	if (boot->fd >= 0)
		close(boot->fd);
	free(boot->faults);
	*boot = (struct prep_boot){ .fd = -1 };
}

/* --- Writing --- */

static int refuse_directory(const char *path, struct pbf_reason *why)
{
	return pbf_refuse(why, -EISDIR, PBF_REASON_NO_OFFSET,
			  "there is a directory at \"%s\" of the boot "
			  "partition",
			  path);
}

int prep_boot_write(const struct prep_boot *boot, const char *path,
		    const char *content, size_t length, struct pbf_reason *why)
{
	_cleanup_free_ char *place = NULL, *written = NULL;
	struct prep_boot_entry entry = { .is_directory = false };
	size_t written_length = 0;
	int error = prep_mtools_place(path, &place, why);
	const char *argv[] = { "mcopy", "-o",  "-i", PREP_FD_PATH,
			       "-",	place, NULL };

	if (error < 0)
		return error;
	error = prep_boot_find(boot, prep_mtools_path_of(place), &entry, why);
	if (error < 0 && error != -ENOENT)
		return error;
	if (entry.is_directory) /* mtools would put a file "-" into it */
		return refuse_directory(path, why);
	error = must_run(boot, argv, content, length, why);
	if (error == 0)
		error = prep_boot_read(boot, prep_mtools_path_of(place), length,
				       &written, &written_length, why);
	if (error == 0 && (!written || written_length != length ||
			   memcmp(written, content, length) != 0))
		error = pbf_refuse(why, -EIO, PBF_REASON_NO_OFFSET,
				   "mcopy has not written \"%s\"", path);
	return error;
}

static int run_mcopy(const struct prep_boot *boot, const char *source,
		     const char *place, struct pbf_reason *why)
{
	const char *argv[] = { "mcopy",	     "-m",   "-o",  "-i",
			       PREP_FD_PATH, source, place, NULL };

	return must_run(boot, argv, NULL, 0, why);
}

int prep_boot_put(const struct prep_boot *boot, const char *source,
		  const char *path, struct pbf_reason *why)
{
	/* By its whole path it is no option, as "-x", and no drive, as "a:b".
	 */
	_cleanup_free_ char *place = NULL, *whole = realpath(source, NULL);
	struct prep_boot_entry entry = { .is_directory = false };
	struct stat st;
	int error;

	if (!whole || stat(whole, &st) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET, "%s: %s",
				  source, strerror(errno));
	error = prep_mtools_place(path, &place, why);
	if (error < 0)
		return error;
	error = prep_boot_find(boot, prep_mtools_path_of(place), &entry, why);
	if (error < 0 && error != -ENOENT)
		return error;
	if (entry.is_directory) /* mtools would put it in there */
		return refuse_directory(path, why);
	error = run_mcopy(boot, whole, place, why);
	if (error == 0)
		error = prep_boot_find(boot, prep_mtools_path_of(place), &entry,
				       why);
	if (error == 0 && entry.size_bytes != (uint64_t)st.st_size)
		error = pbf_refuse(why, -EIO, PBF_REASON_NO_OFFSET,
				   "mcopy has not written \"%s\"", path);
	return error;
}

int prep_boot_make_directory(const struct prep_boot *boot, const char *path,
			     struct pbf_reason *why)
{
	_cleanup_free_ char *place = NULL;
	int error = prep_mtools_place(path, &place, why);
	const char *argv[] = { "mmd", "-i", PREP_FD_PATH, place, NULL };

	return error < 0 ? error : must_run(boot, argv, NULL, 0, why);
}

int prep_boot_remove(const struct prep_boot *boot, const char *path,
		     struct pbf_reason *why)
{
	_cleanup_free_ char *place = NULL;
	struct prep_boot_entry entry = { .is_directory = false };
	int error = prep_mtools_place(path, &place, why);
	const char *argv[] = { "mdel", "-i", PREP_FD_PATH, place, NULL };

	if (error < 0)
		return error;
	if (*prep_mtools_path_of(place) == '\0') /* mdeltree would empty it */
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "the root directory cannot be removed");
	error = prep_boot_find(boot, prep_mtools_path_of(place), &entry, why);
	if (error == -ENOENT)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "there is no \"%s\" on the boot partition",
				  path);
	if (error < 0)
		return error;
	if (entry.is_directory)
		argv[0] = "mdeltree";
	error = must_run(boot, argv, NULL, 0, why);
	if (error == 0 && prep_boot_has(boot, prep_mtools_path_of(place)))
		error = pbf_refuse(why, -EIO, PBF_REASON_NO_OFFSET,
				   "%s has not removed \"%s\"", argv[0], path);
	return error;
}

/* --- Checking --- */

/* fsck.fat knows better how many clusters are free, each time another number.
 */
#define FREE_COUNT "Free cluster summary"

/* Of a message of fsck.fat: a line, and those behind it that are indented. */
static size_t message_length(const char *text)
{
	size_t length = 0;

	do {
		length += strcspn(text + length, "\n");
		length += text[length] == '\n';
	} while (text[length] == ' ');
	return length;
}

/* How much of a message tells one fault from another. */
static size_t telling_length(const char *message)
{
	size_t length = strlen(FREE_COUNT);

	return strncmp(message, FREE_COUNT, length) == 0 ?
		       length :
		       message_length(message);
}

static size_t count_messages(const char *text, const char *wanted)
{
	size_t length = telling_length(wanted), count = 0;

	for (; *text; text += message_length(text))
		count += telling_length(text) == length &&
			 memcmp(text, wanted, length) == 0;
	return count;
}

static int refuse_fault(const char *message, struct pbf_reason *why)
{
	_cleanup_free_ char *line = strndup(message, message_length(message));

	for (char *end = line; end && (end = strchr(end, '\n'));)
		*end = ' ';
	return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
			  "fsck.fat finds after the changes: %s",
			  line ? line : message);
}

int prep_boot_check(const struct prep_boot *boot, struct pbf_reason *why)
{
	_cleanup_free_ char *faults = NULL;
	const char *message;
	int error = find_faults(boot, &faults, why);

	if (error < 0)
		return error;
	for (message = faults; *message; message += message_length(message)) {
		/* The last line counts files and clusters. */
		bool is_summary = strncmp(message, PREP_FD_PATH,
					  strlen(PREP_FD_PATH)) == 0;

		if (!is_summary &&
		    count_messages(faults, message) >
			    count_messages(boot->faults, message))
			return refuse_fault(message, why);
	}
	return 0;
}
