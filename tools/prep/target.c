/* SPDX-License-Identifier: BSD-2-Clause */
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINKS_MAX 40

/* What is left of a download's name. */
static const char *const packed_suffixes[] = { ".xz", ".gz", ".zst", ".bz2" };

/* Cuts SUFFIX off, in whatever case it is. */
static bool strip_suffix(char *name, const char *suffix)
{
	size_t length = strlen(name), suffix_length = strlen(suffix);

	if (length <= suffix_length ||
	    strcasecmp(name + length - suffix_length, suffix) != 0)
		return false;
	name[length - suffix_length] = '\0';
	return true;
}

static void strip_packing(char *name)
{
	for (size_t i = 0;
	     i < sizeof(packed_suffixes) / sizeof(packed_suffixes[0]); i++)
		if (strip_suffix(name, packed_suffixes[i]))
			return;
}

/* The entry that a new image gets. */
static int name_new(const struct prep_options *options,
		    char ret_entry[PBF_ENTRY_BYTES], struct pbf_reason *why)
{
	_cleanup_free_ char *source = strdup(options->source);
	char *name;
	int length;

	if (!source)
		return -ENOMEM;
	if (!options->name && strcmp(source, "-") == 0)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "an image from standard input needs a "
				  "--name");
	name = basename(source);
	strip_packing(name);
	/* In capitals it would be none to the daemon. */
	if (!pbf_has_image_suffix(name))
		(void)(strip_suffix(name, ".img") ||
		       strip_suffix(name, ".raw"));
	length = snprintf(ret_entry, PBF_ENTRY_BYTES, "%s",
			  options->name ? options->name : name);
	if (length >= 0 && length < (int)PBF_ENTRY_BYTES &&
	    !pbf_has_image_suffix(ret_entry))
		length = snprintf(ret_entry, PBF_ENTRY_BYTES, "%s.img",
				  options->name ? options->name : name);
	if (length >= (int)PBF_ENTRY_BYTES)
		return pbf_refuse(why, -ENAMETOOLONG, PBF_REASON_NO_OFFSET,
				  "the image's name would be too long");
	if (ret_entry[0] == '.' || strchr(ret_entry, '/'))
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "the image's name \"%.150s\" must neither "
				  "begin with a dot nor have a slash",
				  ret_entry);
	return 0;
}

/*
 * Of an image that is there: the entry that PATH names, which may be a link to
 * an image elsewhere, and its directory.
 */
static int name_present(const char *path, char **ret_directory,
			char ret_entry[PBF_ENTRY_BYTES], struct pbf_reason *why)
{
	_cleanup_free_ char *for_name = strdup(path);
	_cleanup_free_ char *for_directory = strdup(path);
	const char *name;

	if (!for_name || !for_directory)
		return -ENOMEM;
	if (access(path, F_OK) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "%s; to make a new image, say the "
				  "directory for it as well",
				  strerror(errno));
	name = basename(for_name);
	if (strlen(name) >= PBF_ENTRY_BYTES)
		return -ENAMETOOLONG;
	memcpy(ret_entry, name, strlen(name) + 1);
	*ret_directory = strdup(dirname(for_directory));
	return *ret_directory ? 0 : -ENOMEM;
}

/*
 * A link to another entry stands for that: a board's link may be given for its
 * image, and a link to a link would follow when the first one is moved.
 */
static void follow_entry(struct prep_target *target)
{
	char next[PBF_ENTRY_BYTES];

	for (int i = 0; i < LINKS_MAX; i++) {
		ssize_t length = readlinkat(target->directory_fd, target->entry,
					    next, sizeof(next) - 1);

		if (length <= 0)
			return;
		next[length] = '\0';
		if (strchr(next, '/') || next[0] == '.')
			return;
		memcpy(target->entry, next, sizeof(next));
	}
}

int prep_target_find(const struct prep_options *options,
		     struct prep_target *ret_target, struct pbf_reason *why)
{
	struct prep_target *target = ret_target;
	_cleanup_free_ char *directory = NULL;
	const char *where;
	int error;

	*target = (struct prep_target){ .directory_fd = -1 };
	error = options->image ? name_present(options->image, &directory,
					      target->entry, why) :
				 name_new(options, target->entry, why);
	if (error < 0)
		return error;
	where = options->image ? directory : options->directory;
	target->directory = realpath(where, NULL);
	if (target->directory)
		target->directory_fd = open(target->directory,
					    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!target->directory || target->directory_fd < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET, "%s%s",
				  strerror(errno),
				  errno == ENOENT ? "; make it first" : "");
	follow_entry(target);
	if (asprintf(&target->path, "%s/%s",
		     strcmp(target->directory, "/") == 0 ? "" :
							   target->directory,
		     target->entry) < 0) {
		target->path = NULL;
		return -ENOMEM;
	}
	pbf_directory_of_entry(target->entry, target->name);
	target->exists = faccessat(target->directory_fd, target->entry, F_OK,
				   AT_SYMLINK_NOFOLLOW) == 0;
	return 0;
}

void prep_target_release(struct prep_target *target)
{
	free(target->directory);
	free(target->path);
	if (target->directory_fd >= 0)
		close(target->directory_fd);
	*target = (struct prep_target){ .directory_fd = -1 };
}
