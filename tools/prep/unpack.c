/* SPDX-License-Identifier: BSD-2-Clause */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fd_io.h"
#include "fetch.h"
#include "progress.h"
#include "stop.h"
#include "tell.h"

#define SUMS "SHA256SUMS"
#define SUMS_BYTES_MAX (16u << 20)

/* The sum that the source has to have, if there is one. */
struct expectation {
	bool is_there;
	struct prep_sum sum;
	const char *origin;
};

/* Reads SHA256SUMS beside SOURCE; without one *ret_text stays NULL. */
static int read_sums(const char *source, char **ret_text, size_t *ret_length)
{
	_cleanup_free_ char *copy = strdup(source), *path = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (!copy || asprintf(&path, "%s/" SUMS, dirname(copy)) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > SUMS_BYTES_MAX)
		return -EOPNOTSUPP;
	*ret_text = malloc((size_t)st.st_size + 1);
	if (!*ret_text)
		return -ENOMEM;
	*ret_length = (size_t)st.st_size;
	return fd_read_at(fd, 0, *ret_text, *ret_length);
}

/* Somebody wanted to have it checked. */
static void warn_unlisted(const char *source)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text,
		     "%s: " SUMS " beside it does not list it, so that its sum "
		     "is not checked; --sha256 gives one",
		     source) < 0)
		text = NULL;
	prep_tell_warning(text ? text : "out of memory");
}

static int expect_listed(const char *source, struct expectation *expectation,
			 struct pbf_reason *why)
{
	_cleanup_free_ char *text = NULL, *copy = strdup(source);
	struct pbf_reason reason = { .text = "" };
	size_t length = 0;
	int error = copy ? read_sums(source, &text, &length) : -ENOMEM;

	if (error == 0 && text)
		error = prep_find_sum(text, length, basename(copy),
				      &expectation->sum, &reason);
	if (error == -ENOENT) {
		warn_unlisted(source);
		return 0;
	}
	if (error < 0)
		return pbf_refuse(
			why, error, PBF_REASON_NO_OFFSET, SUMS " beside it: %s",
			reason.text[0] ? reason.text : strerror(-error));
	expectation->is_there = text != NULL;
	expectation->origin = SUMS;
	return 0;
}

static int expect(const struct prep_options *options,
		  struct expectation *expectation, struct pbf_reason *why)
{
	if (strcmp(options->source, "-") != 0 && !options->has_sum)
		return expect_listed(options->source, expectation, why);
	*expectation = (struct expectation){
		.is_there = options->has_sum,
		.sum = options->sum,
		.origin = "--sha256",
	};
	return 0;
}

static int compare(const struct expectation *expectation,
		   const struct prep_sum *sum, struct pbf_reason *why)
{
	char expected[PREP_SUM_DIGITS + 1], found[PREP_SUM_DIGITS + 1];

	if (!expectation->is_there || prep_sum_equal(&expectation->sum, sum))
		return 0;
	prep_sum_format(&expectation->sum, expected);
	prep_sum_format(sum, found);
	return pbf_refuse(why, -EBADMSG, PBF_REASON_NO_OFFSET,
			  "has another SHA-256 sum than %s says, %s instead of "
			  "%s: download it again",
			  expectation->origin, found, expected);
}

static int open_source(const char *source, int *ret_fd, struct pbf_reason *why)
{
	struct stat st;

	*ret_fd = strcmp(source, "-") == 0 ?
			  fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
			  open(source, O_RDONLY | O_CLOEXEC);
	if (*ret_fd < 0 || fstat(*ret_fd, &st) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET, "%s",
				  strerror(errno));
	if (S_ISDIR(st.st_mode))
		return pbf_refuse(why, -EISDIR, PBF_REASON_NO_OFFSET,
				  "is a directory, not an image");
	return 0;
}

int prep_refuse_packed(int fd, struct pbf_reason *why)
{
	unsigned char head[512];
	enum prep_format format;

	if (fd_read_at(fd, 0, head, sizeof(head)) < 0)
		return 0;
	format = prep_format_detect(head, sizeof(head));
	/* A boot sector can begin with any bytes. */
	if (format == PREP_FORMAT_NONE ||
	    (head[510] == 0x55 && head[511] == 0xaa))
		return 0;
	return pbf_refuse(why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
			  "is compressed with %s: to make an image of it, give "
			  "the DIRECTORY for that as well",
			  prep_format_name(format));
}

const char *prep_source_name(const char *source)
{
	return strcmp(source, "-") == 0 ? "standard input" : source;
}

int prep_unpack(const struct prep_options *options, const char *entry, int fd,
		const char **ret_culprit, struct pbf_reason *why)
{
	struct prep_progress progress = { .is_wanted = !options->quiet &&
						       isatty(STDERR_FILENO) };
	struct expectation expectation = { .is_there = false };
	_cleanup_close_ int source_fd = -1;
	struct prep_fetched fetched = { 0 };
	char size[PREP_SIZE_TEXT_BYTES];
	int error = open_source(options->source, &source_fd, why);

	if (error == 0)
		error = expect(options, &expectation, why);
	if (error == 0) {
		const struct prep_fetch fetch = {
			.source_fd = source_fd,
			.destination_fd = fd,
			.wants_sum = expectation.is_there,
			.progress = prep_progress_show,
			.is_cancelled = prep_stop_is_asked,
			.context = &progress,
		};

		error = prep_fetch(&fetch, &fetched, why);
		prep_progress_end(&progress);
	}
	if (error == 0)
		error = compare(&expectation, &fetched.sum, why);
	if (error < 0) {
		/* Its text says where, if that is of use to anybody. */
		why->offset_bytes = PBF_REASON_NO_OFFSET;
		if (!fetched.is_image_to_blame)
			*ret_culprit = prep_source_name(options->source);
		return error;
	}
	prep_tell("%s: %s from %s%s%s", entry,
		  prep_size_text(fetched.size_bytes, size),
		  prep_source_name(options->source),
		  expectation.is_there ? ", whose sum is that of " : "",
		  expectation.is_there ? expectation.origin : "");
	return 0;
}
