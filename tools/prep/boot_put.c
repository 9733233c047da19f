/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_copy.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "boot_copy_internal.h"
#include "boot_entry.h"
#include "cleanup.h"
#include "mtools_path.h"
#include "run_program.h"

/* What of this machine goes where. */
struct putting {
	const struct prep_boot *boot;
	char *source; /* as mtools takes it for no option and no drive */
	char *place;
	struct pbf_reason *why;
};

static void release_putting(struct putting *putting)
{
	free(putting->source);
	free(putting->place);
}
#define _cleanup_putting_ _cleanup_(release_putting)

static bool is_link(const FTSENT *item)
{
	struct stat st;

	return item->fts_level > 0 && lstat(item->fts_accpath, &st) == 0 &&
	       S_ISLNK(st.st_mode);
}

/* mtools hangs on FIFOs, and writes bad names in some other way. */
static int check_source(const struct putting *putting, const FTSENT *item)
{
	const char *fault = NULL;
	int error = -EOPNOTSUPP;

	if (item->fts_info == FTS_DNR || item->fts_info == FTS_ERR ||
	    item->fts_info == FTS_NS) {
		error = -item->fts_errno;
		fault = strerror(item->fts_errno);
	} else if (item->fts_info == FTS_SLNONE) {
		error = -ENOENT;
		fault = "is a link that leads nowhere";
	} else if (item->fts_info == FTS_DC ||
		   (item->fts_info == FTS_D && is_link(item))) {
		fault = "is a link to a directory, which mcopy leaves out";
	} else if (item->fts_info == FTS_DEFAULT) {
		fault = "is neither a file nor a directory";
	} else if (item->fts_info == FTS_F &&
		   item->fts_statp->st_size > UINT32_MAX) {
		error = -EFBIG;
		fault = "is larger than a file on a FAT can be";
	} else if (item->fts_level > 0 &&
		   !prep_mtools_name_is_good(item->fts_name)) {
		return prep_mtools_refuse_name(item->fts_name, putting->why);
	}
	if (!fault)
		return 0;
	return pbf_refuse(putting->why, error, PBF_REASON_NO_OFFSET, "%s %s",
			  item->fts_path, fault);
}

/* That it came out on the copy. */
static int check_copy(const struct putting *putting, const FTSENT *item)
{
	_cleanup_free_ char *path = NULL;
	struct prep_boot_entry entry = { .is_directory = false };
	int error;

	if (asprintf(&path, "%s%s", prep_mtools_path_of(putting->place),
		     item->fts_path + strlen(putting->source)) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	error = prep_boot_find(putting->boot, path, &entry, putting->why);
	if (error == 0 && entry.is_directory == (item->fts_info != FTS_F) &&
	    (entry.is_directory ||
	     entry.size_bytes == (uint64_t)item->fts_statp->st_size))
		return 0;
	return pbf_refuse(putting->why, -EIO, PBF_REASON_NO_OFFSET,
			  "mcopy has not written \"%s\"", path);
}

static int check_each(const struct putting *putting,
		      int (*check)(const struct putting *putting,
				   const FTSENT *item))
{
	char *const paths[] = { putting->source, NULL };
	FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	const FTSENT *item;
	int error = 0;

	if (!tree)
		return -errno;
	errno = 0;
	while (error == 0 && (item = fts_read(tree)))
		error = check(putting, item);
	if (error == 0)
		error = -errno;
	fts_close(tree);
	return error;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Names the source such that its last name is the one that it is to have. */
static int name_source(const char *source, char **ret_source,
		       struct pbf_reason *why)
{
	char *path;
	size_t length;

	if (asprintf(&path, "%s%s", source[0] == '/' ? "" : "./", source) < 0)
		return pbf_refuse(why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	for (length = strlen(path); length > 1 && path[length - 1] == '/';)
		path[--length] = '\0';
	if (strcmp(base_name(path), ".") == 0 ||
	    strcmp(base_name(path), "..") == 0) {
		char *real = realpath(path, NULL);
		int error = -errno;

		free(path);
		if (!real)
			return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
					  "%s: %s", source, strerror(-error));
		path = real;
	}
	*ret_source = path;
	return 0;
}

/* The place of the copy, when PATH may be that of a directory to put it in. */
static int name_copy(struct putting *putting, const char *path, bool is_into)
{
	_cleanup_free_ char *whole = NULL;
	const char *name = base_name(putting->source);

	if (!is_into)
		return prep_mtools_place(path, &putting->place, putting->why);
	if (!prep_mtools_name_is_good(name))
		return prep_mtools_refuse_name(name, putting->why);
	if (asprintf(&whole, "%s/%s", path, name) < 0) {
		whole = NULL;
		return pbf_refuse(putting->why, -ENOMEM, PBF_REASON_NO_OFFSET,
				  "out of memory");
	}
	return prep_mtools_place(whole, &putting->place, putting->why);
}

/* A file replaces a file, and a directory is added to a directory. */
static int check_place(const struct putting *putting)
{
	const char *path = prep_mtools_path_of(putting->place);
	struct prep_boot_entry entry = { .is_directory = false };
	struct stat st;
	int error = prep_boot_find(putting->boot, path, &entry, putting->why);

	if (error < 0)
		return error == -ENOENT ? 0 : error;
	if (stat(putting->source, &st) < 0)
		return pbf_refuse(putting->why, -errno, PBF_REASON_NO_OFFSET,
				  "%s: %s", putting->source, strerror(errno));
	if (S_ISDIR(st.st_mode) == entry.is_directory)
		return 0;
	return pbf_refuse(putting->why, entry.is_directory ? -EISDIR : -ENOTDIR,
			  PBF_REASON_NO_OFFSET,
			  "there is a %s at \"%s\" of the boot partition",
			  entry.is_directory ? "directory" : "file", path);
}

int prep_boot_put(const struct prep_boot *boot, const char *source,
		  const char *path, struct pbf_reason *why)
{
	_cleanup_putting_ struct putting putting = { .boot = boot, .why = why };
	_cleanup_free_ char *target = NULL;
	struct prep_boot_entry entry = { .is_directory = false };
	int error = prep_mtools_place(path, &target, why);

	if (error == 0)
		error = prep_boot_find(boot, prep_mtools_path_of(target),
				       &entry, why);
	if (error == -ENOENT)
		error = 0;
	if (error == 0)
		error = name_source(source, &putting.source, why);
	if (error < 0 || !putting.source)
		return error;
	error = name_copy(&putting, path, entry.is_directory);
	if (error == 0)
		error = check_each(&putting, check_source);
	if (error == 0)
		error = check_place(&putting);
	if (error == 0) {
		const char *argv[] = { "mcopy",	       "-s",   "-m",
				       "-o",	       "-i",   PREP_FD_PATH,
				       putting.source, target, NULL };

		error = prep_boot_run(boot, argv, NULL, 0, why);
	}
	return error < 0 ? error : check_each(&putting, check_copy);
}
