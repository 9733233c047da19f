/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot_edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot_entry.h"
#include "boot_initrd.h"
#include "cmdline_files.h"
#include "copy_files.h"
#include "kernel_cmdline.h"
#include "nbd_said.h"
#include "root_partition.h"
#include "stop.h"
#include "tell.h"
#include "user_data.h"

#define CMDLINE_BYTES_MAX (1u << 20)
#define USER_DATA "user-data"

/* Ubuntu's kernels for the Pi have had nbd in this package before 24.04's. */
#define EXTRA_PACKAGE "linux-modules-extra-raspi"
#define EXTRA_SUFFIX "-raspi"
#define EXTRA_BEFORE "6.8"

struct editor {
	const struct prep_boot *boot;
	struct prep_boot_initrds *initrds;
	const struct prep_boot_disk_image *image;
	const struct prep_options *options;
	struct pbf_reason *why;
};

bool prep_boot_edit_is_wanted(const struct prep_options *options)
{
	return options->removal_count > 0 || options->copy_count > 0 ||
	       options->nbd_host ||
	       (options->packages && options->packages[0] != '\0');
}

/* Puts PATH before what went wrong with it. */
static int refuse_file(const struct editor *editor, int error, const char *path,
		       const struct pbf_reason *reason)
{
	return pbf_refuse(editor->why, error, reason->offset_bytes, "%s: %s",
			  path,
			  reason->text[0] ? reason->text : strerror(-error));
}

static int remove_paths(const struct editor *editor)
{
	for (size_t i = 0; i < editor->options->removal_count; i++) {
		const char *path = editor->options->removals[i];
		int error;

		path += strspn(path, "/");
		if (!prep_boot_has(editor->boot, path)) {
			prep_tell_more("%s: is not there", path);
			continue;
		}
		error = prep_boot_remove(editor->boot, path, editor->why);
		if (error < 0)
			return error;
		prep_tell("%s: removed", path);
	}
	return 0;
}

/* --- The kernel's parameters --- */

static const char *initramfs_name(enum prep_initramfs initramfs)
{
	return initramfs == PREP_INITRAMFS_DRACUT ? "dracut" :
						    "initramfs-tools";
}

/* Finds out which words the scripts of FILE's initrd understand. */
static int find_initramfs(const struct editor *editor,
			  const struct prep_cmdline_file *file,
			  enum prep_initramfs *ret_initramfs,
			  struct pbf_reason *why)
{
	struct pbf_reason reason = { .text = "" };
	struct prep_initrd initrd = { .generator = PREP_INITRD_UNKNOWN };
	int error = prep_boot_initrd(editor->initrds, &file->config, &initrd,
				     &reason);

	if (error == -ENOMEM || error == -ECANCELED)
		return error;
	*ret_initramfs = initrd.generator == PREP_INITRD_DRACUT ?
				 PREP_INITRAMFS_DRACUT :
				 PREP_INITRAMFS_TOOLS;
	if (error == 0 && initrd.generator != PREP_INITRD_UNKNOWN)
		return 0;
	return pbf_refuse(why, -ENODATA, PBF_REASON_NO_OFFSET,
			  "whether its initrd is by initramfs-tools or by "
			  "dracut cannot be seen%s%s",
			  reason.text[0] ? ": " : "", reason.text);
}

/* The first of the files whose initrd tells. */
static const struct prep_cmdline_file *
find_example(const struct editor *editor,
	     const struct prep_cmdline_files *files,
	     enum prep_initramfs *ret_initramfs)
{
	for (size_t i = 0; i < files->count; i++)
		if (find_initramfs(editor, &files->items[i], ret_initramfs,
				   NULL) == 0)
			return &files->items[i];
	return NULL;
}

static void warn_of_example(const struct prep_cmdline_file *file,
			    const struct prep_cmdline_file *example,
			    enum prep_initramfs initramfs,
			    const struct pbf_reason *reason)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text,
		     "%s: %s; it gets the parameters for %s, as %s does, and "
		     "what boots by it will stop until it has an initrd",
		     file->path, reason->text, initramfs_name(initramfs),
		     example->path) < 0)
		text = NULL;
	prep_tell_warning(text ? text : file->path);
}

/*
 * As said, as FILE's initrd has it, or as another of FILES' has it: where an
 * upgrade is half done, there is a cmdline.txt without an initrd.
 */
static int choose_initramfs(const struct editor *editor,
			    const struct prep_cmdline_files *files,
			    const struct prep_cmdline_file *file,
			    enum prep_initramfs *ret_initramfs,
			    struct pbf_reason *why)
{
	const struct prep_cmdline_file *example;
	struct pbf_reason reason = { .text = "" };
	int error;

	*ret_initramfs = editor->options->initramfs;
	if (editor->options->has_initramfs)
		return 0;
	error = find_initramfs(editor, file, ret_initramfs, &reason);
	if (error != -ENODATA)
		return error;
	example = find_example(editor, files, ret_initramfs);
	if (!example)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "%s; add an initrd by --copy, or say "
				  "--initramfs",
				  reason.text);
	warn_of_example(file, example, *ret_initramfs, &reason);
	return 0;
}

static void tell_cmdline(const char *path, const struct prep_cmdline *cmdline)
{
	size_t length = strcspn(cmdline->text.bytes, "\r\n");

	prep_tell("%s: %.*s", path, (int)length, cmdline->text.bytes);
	for (size_t i = 0; i < cmdline->dropped_count; i++)
		prep_tell("%s: dropped %s", path, cmdline->dropped[i]);
}

static void free_cmdline(struct prep_cmdline *cmdline)
{
	prep_cmdline_free(cmdline);
}

static int write_cmdline(const struct editor *editor, const char *path,
			 const struct prep_nbd_root *root, const char *text,
			 size_t length)
{
	_cleanup_(free_cmdline) struct prep_cmdline cmdline = { 0 };
	struct pbf_reason reason = { .text = "" };
	int error = prep_cmdline_edit(text, length, root, &cmdline, &reason);

	if (error < 0)
		return refuse_file(editor, error, path, &reason);
	if (prep_text_is(&cmdline.text, text, length)) {
		prep_tell_more("%s: is right already", path);
		return 0;
	}
	error = prep_boot_write(editor->boot, path, cmdline.text.bytes,
				cmdline.text.length, editor->why);
	if (error == 0)
		tell_cmdline(path, &cmdline);
	return error;
}

static int find_root(const struct editor *editor, const char *path,
		     const char *text, size_t length,
		     struct prep_nbd_root *root, struct pbf_reason *why)
{
	const struct prep_boot_partition *place = editor->image->place;
	struct pbf_reason reason = { .text = "" };
	int error;

	if (root->partition != 0 &&
	    !prep_boot_has_partition(&place->table, root->partition))
		return pbf_refuse(why, -ENOENT, PBF_REASON_NO_OFFSET,
				  "the image has no partition %u",
				  root->partition);
	if (root->partition != 0)
		return 0;
	error = prep_root_partition(editor->image->fd, place, text, length,
				    &root->partition, &reason);
	if (error == 0 && reason.text[0])
		prep_tell("%s: %s", path, reason.text);
	return error < 0 ? pbf_refuse(why, error, reason.offset_bytes, "%s",
				      reason.text) :
			   0;
}

static int edit_cmdline(const struct editor *editor,
			const struct prep_cmdline_files *files,
			const struct prep_cmdline_file *file)
{
	_cleanup_free_ char *text = NULL;
	const struct prep_options *options = editor->options;
	struct prep_nbd_root root = {
		.host = options->nbd_host,
		.export_name = editor->image->export_name,
		.partition = options->root_partition,
		.ip = options->ip,
	};
	struct pbf_reason reason = { .text = "" };
	struct prep_nbd_said said;
	size_t length;
	int error = prep_boot_read(editor->boot, file->path, CMDLINE_BYTES_MAX,
				   &text, &length, &reason);

	if (error == 0)
		error = choose_initramfs(editor, files, file, &root.initramfs,
					 &reason);
	if (error == 0)
		error = find_root(editor, file->path, text, length, &root,
				  &reason);
	if (error < 0)
		return refuse_file(editor, error, file->path, &reason);
	prep_nbd_said(text, length, &said);
	root.port = said.port;
	return write_cmdline(editor, file->path, &root, text, length);
}

static int edit_cmdlines(const struct editor *editor,
			 const struct prep_cmdline_files *files)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < files->count; i++)
		error = prep_stop_is_asked(NULL) ?
				-ECANCELED :
				edit_cmdline(editor, files, &files->items[i]);
	return error;
}

/* --- What cloud-init installs --- */

/* Whether the image's kernels have nbd in a package of its own. */
static bool needs_extra_package(const struct editor *editor,
				const struct prep_cmdline_files *files)
{
	struct prep_initrd initrd;

	for (size_t i = 0; i < files->count; i++) {
		if (prep_boot_initrd(editor->initrds, &files->items[i].config,
				     &initrd, NULL) < 0)
			continue;
		for (size_t k = 0; k < initrd.kernel_count; k++) {
			const char *version = initrd.kernels[k].version;

			if (strstr(version, EXTRA_SUFFIX) &&
			    strverscmp(version, EXTRA_BEFORE) < 0)
				return true;
		}
	}
	return false;
}

static void warn_user_data(const struct pbf_reason *reason)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text,
		     USER_DATA ": is left as it is, for %s; unless the board "
			       "has nbd-client by other means, its next initrd "
			       "will not find the root disk",
		     reason->text) < 0)
		text = NULL;
	prep_tell_warning(text ? text : USER_DATA ": is left as it is");
}

static int write_user_data(const struct editor *editor,
			   const char *const *packages, size_t count)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_text_ struct prep_text edited = { 0 };
	struct pbf_reason reason = { .text = "" };
	size_t length = 0;
	int error = prep_boot_read(editor->boot, USER_DATA,
				   PREP_USER_DATA_BYTES_MAX, &text, &length,
				   &reason);

	if (error == -ENOENT)
		error = 0;
	if (error == 0)
		error = prep_user_data_edit(text ? text : "", length, packages,
					    count, &edited, &reason);
	if (error == -EUCLEAN && !editor->options->packages) {
		/* Nobody has asked for it. */
		warn_user_data(&reason);
		return 0;
	}
	if (error < 0)
		return refuse_file(editor, error, USER_DATA, &reason);
	if (text && prep_text_is(&edited, text, length)) {
		prep_tell_more(USER_DATA ": has the packages already");
		return 0;
	}
	error = prep_boot_write(editor->boot, USER_DATA, edited.bytes,
				edited.length, editor->why);
	for (size_t i = 0; error == 0 && i < count; i++)
		prep_tell(USER_DATA ": package %s", packages[i]);
	return error;
}

/* Splits LIST at its commas; the items are parts of it. */
static int split_packages(char *list,
			  const char *packages[PREP_USER_DATA_PACKAGES_MAX],
			  size_t *ret_count, struct pbf_reason *why)
{
	char *rest = list, *item;
	size_t count = 0;

	while ((item = strsep(&rest, ","))) {
		if (count == PREP_USER_DATA_PACKAGES_MAX)
			return pbf_refuse(why, -E2BIG, PBF_REASON_NO_OFFSET,
					  "--packages lists more than %u; have "
					  "the others installed by a runcmd of "
					  "user-data",
					  PREP_USER_DATA_PACKAGES_MAX);
		packages[count++] = item;
	}
	*ret_count = count;
	return 0;
}

static int edit_user_data(const struct editor *editor,
			  const struct prep_cmdline_files *files)
{
	const char *packages[PREP_USER_DATA_PACKAGES_MAX] = { "nbd-client",
							      EXTRA_PACKAGE };
	const char *wish = editor->options->packages;
	_cleanup_free_ char *list = strdup(wish ? wish : "");
	size_t count = 0;
	int error = 0;

	if (!list)
		return -ENOMEM;
	if (!wish && !prep_boot_has(editor->boot, USER_DATA))
		return 0;
	if (wish && wish[0] == '\0')
		return 0;
	if (wish)
		error = split_packages(list, packages, &count, editor->why);
	else
		count = needs_extra_package(editor, files) ? 2 : 1;
	return error < 0 ? error : write_user_data(editor, packages, count);
}

int prep_boot_edit(const struct prep_boot *boot,
		   const struct prep_boot_disk_image *image,
		   const struct prep_options *options, struct pbf_reason *why)
{
	_cleanup_configs_ struct prep_boot_configs configs = { .boot = boot };
	_cleanup_initrds_ struct prep_boot_initrds initrds = { .boot = boot };
	_cleanup_cmdline_files_ struct prep_cmdline_files files = { 0 };
	const struct editor editor = { boot, &initrds, image, options, why };
	int error = remove_paths(&editor);

	if (error == 0)
		error = prep_copy_files(boot, options->copies,
					options->copy_count, why);
	if (error == 0 && options->nbd_host)
		error = prep_cmdline_files_find(&configs, &files, why);
	if (error == 0)
		error = edit_cmdlines(&editor, &files);
	if (error == 0 && (options->nbd_host || options->packages))
		error = edit_user_data(&editor, &files);
	return error < 0 ? error : prep_boot_check(boot, why);
}
