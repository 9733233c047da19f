/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_content.h"
#include "image_output.h"
#include "image_tree.h"
#include "image_view.h"
#include "say.h"

struct copy {
	struct image_view *view;
	const struct image_options *options;
	/* Directories being filled, the outermost first. */
	int fds[IMAGE_DEPTH_MAX];
	size_t fd_count;
	/* How much of a path in the image is not part of the path outside. */
	size_t prefix_length;
	uint64_t copied_bytes;
	bool incomplete; /* something was left out, and said */
};

/* Where in the output the PATH of the image is copied to; "" for itself. */
static const char *path_outside(const struct copy *copy, const char *path)
{
	path += copy->prefix_length;
	return path[0] == '/' ? path + 1 : path;
}

/* Says what went wrong outside the image with the copy of PATH. */
static int refuse_output(const struct copy *copy, const char *path, int error)
{
	const char *outside = path_outside(copy, path);
	const char *text = strerror(-error);

	if (error == -EEXIST)
		text = "exists; --force replaces regular files";
	if (error == -ETXTBSY)
		text = "is the image itself";
	say("%s%s%s: %s", copy->options->output, outside[0] ? "/" : "", outside,
	    text);
	return error;
}

/* --- Files --- */

static int write_to_file(void *context, const void *bytes, size_t length)
{
	return image_output_write(context, bytes, length);
}

/* Whether this is the very image, which nothing here may replace. */
static bool is_image(const struct copy *copy, int directory_fd,
		     const char *name)
{
	const struct pbf_stamp *image =
		pbf_image_stamp(copy->view->source.image);
	struct stat st;

	return fstatat(directory_fd, name, &st, 0) == 0 &&
	       st.st_dev == image->device && st.st_ino == image->inode;
}

/* What files can have together, unless they are cross-linked. */
static uint64_t volume_bytes(const struct copy *copy)
{
	const struct pbf_fat_geometry *geometry =
		pbf_fat_volume_geometry(copy->view->source.volume);

	return (uint64_t)geometry->cluster_count * geometry->cluster_bytes;
}

/*
 * Copies ENTRY, at PATH in the image, to NAME in DIRECTORY_FD.  What went
 * wrong was said; when others may still be copied, that is left at
 * copy->incomplete and the result is 0.
 */
static int copy_file(struct copy *copy, const struct image_entry *entry,
		     const char *path, int directory_fd, const char *name)
{
	struct image_output output;
	struct image_sink sink = { .write = write_to_file, .context = &output };
	int error, streamed;

	if (copy->copied_bytes + entry->size_bytes > volume_bytes(copy) &&
	    copy->copied_bytes > 0) {
		say("%s: %s: with this file they have more bytes than the "
		    "volume; \"pibootfs-image info\" shows cross-links",
		    copy->view->name, path);
		return -EFBIG;
	}
	error = is_image(copy, directory_fd, name) ? -ETXTBSY : 0;
	if (error == 0)
		error = image_output_begin(directory_fd, name,
					   copy->options->force, &output);
	if (error == -EEXIST || error == -ETXTBSY) {
		refuse_output(copy, path, error);
		copy->incomplete = true;
		return 0;
	}
	if (error < 0)
		return refuse_output(copy, path, error);
	streamed = image_content_stream(copy->view, entry, path, &sink);
	error = image_output_end(&output, entry->modified, streamed);
	if (streamed < 0 && sink.error == 0) {
		copy->incomplete = true;
		return 0;
	}
	if (error < 0)
		return refuse_output(copy, path, error);
	copy->copied_bytes += entry->size_bytes;
	return 0;
}

/* --- Trees --- */

/* Opens the directory NAME, made if need be, as the innermost one. */
static int push_directory(struct copy *copy, int directory_fd, const char *name)
{
	int fd;

	if (mkdirat(directory_fd, name, 0777) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(directory_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	copy->fds[copy->fd_count++] = fd;
	return 0;
}

static int copy_entry(struct copy *copy, const struct image_step *step,
		      const struct image_entry *entry)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s%s%s", step->path, step->path[0] ? "/" : "",
		     entry->name) < 0) {
		path = NULL;
		return image_view_no_memory(copy->view);
	}
	return copy_file(copy, entry, path, copy->fds[copy->fd_count - 1],
			 entry->name);
}

/* The outermost directory was opened already. */
static int enter_directory(void *context, const struct image_step *step)
{
	struct copy *copy = context;
	int error = 0;

	if (step->depth > 0)
		error = push_directory(copy, copy->fds[copy->fd_count - 1],
				       step->self->name);
	if (error < 0)
		return refuse_output(copy, step->path, error);
	for (size_t i = 0; i < step->dir->count && error == 0; i++)
		if (!step->dir->entries[i].is_directory)
			error = copy_entry(copy, step, &step->dir->entries[i]);
	return error;
}

static int leave_directory(void *context, const struct image_step *step)
{
	struct copy *copy = context;
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT },
					  step->self->modified };
	int fd = copy->fds[--copy->fd_count];
	int error = 0;

	/* The root directory of a volume has no time. */
	if (step->path[0] != '\0' && futimens(fd, times) < 0)
		error = -errno;
	close(fd);
	return error < 0 ? refuse_output(copy, step->path, error) : 0;
}

static int copy_tree(struct copy *copy, const struct pbf_found *found,
		     int directory_fd, const char *name)
{
	const struct image_entry start = image_entry_of(found, found->path);
	const struct image_visitor visitor = { .enter = enter_directory,
					       .leave = leave_directory,
					       .context = copy };
	int error = push_directory(copy, directory_fd, name);

	if (error < 0)
		return refuse_output(copy, found->path, error);
	error = image_tree_walk(copy->view, &start, found->path, &visitor);
	while (copy->fd_count > 0)
		close(copy->fds[--copy->fd_count]);
	return error;
}

/* --- The command --- */

/* The last name in PATH, which has no slash at its end. */
static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * Copies what was found to the output: into it when that is a directory, else
 * under that name.  The root directory has no name; what is in it goes into
 * the output itself.
 */
static int copy_found(struct copy *copy, const struct pbf_found *found)
{
	const char *output = copy->options->output;
	const char *inner = last_name(found->path);
	_cleanup_free_ char *for_directory = strdup(output);
	_cleanup_free_ char *for_name = strdup(output);
	const struct image_entry entry = image_entry_of(found, found->path);
	_cleanup_close_ int directory_fd = -1;
	const char *directory = output, *name = inner[0] ? inner : ".";
	struct stat st;

	if (!for_directory || !for_name)
		return image_view_no_memory(copy->view);
	if (stat(output, &st) == 0 && S_ISDIR(st.st_mode)) {
		copy->prefix_length = (size_t)(inner - found->path);
	} else {
		copy->prefix_length = strlen(found->path);
		directory = dirname(for_directory);
		name = basename(for_name);
	}
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory_fd < 0) {
		say("%s: %s", directory, strerror(errno));
		return -EIO;
	}
	return found->is_directory ?
		       copy_tree(copy, found, directory_fd, name) :
		       copy_file(copy, &entry, found->path, directory_fd, name);
}

int image_copy(const struct image_options *options)
{
	_cleanup_view_ struct image_view view = { .name = NULL };
	_cleanup_found_ struct pbf_found found = { .path = NULL };
	struct copy copy = { .view = &view, .options = options };
	int error = image_view_open_all(options, &view);

	if (error == 0)
		error = image_view_find(&view, options->path, &found);
	if (error != 0)
		return EXIT_UNREADABLE;
	error = strcmp(options->output, "-") == 0 ?
			image_content_print(&view, &found) :
			copy_found(&copy, &found);
	return error == 0 && !copy.incomplete ? 0 : EXIT_UNREADABLE;
}

int image_cat(const struct image_options *options)
{
	_cleanup_view_ struct image_view view = { .name = NULL };
	_cleanup_found_ struct pbf_found found = { .path = NULL };
	int error = image_view_open_all(options, &view);

	if (error == 0)
		error = image_view_find(&view, options->path, &found);
	if (error == 0)
		error = image_content_print(&view, &found);
	return error == 0 ? 0 : EXIT_UNREADABLE;
}
