/* SPDX-License-Identifier: BSD-2-Clause */
#include "dnsmasq_others.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_file.h"
#include "entry_name.h"

#define MAIN_NAME "dnsmasq.conf"
#define DIRECTORY_NAME "dnsmasq.d"

/* Another file that dnsmasq reads. */
struct other {
	char *path;
	struct prep_text text;
	struct prep_dnsmasq_said said;
};

struct others {
	struct other *items;
	size_t count;
};

static void release_others(struct others *others)
{
	for (size_t i = 0; i < others->count; i++) {
		free(others->items[i].path);
		prep_text_free(&others->items[i].text);
	}
	free(others->items);
}

/*
 * What dnsmasq skips in a directory (--conf-dir), and besides what Debian's
 * and Fedora's make it skip.  ".pibootfs.conf.AbCdEf", which is about to be
 * pibootfs.conf, begins with a dot.
 */
static int is_read(const struct dirent *entry)
{
	static const char *const suffixes[] = { "~",	     ".dpkg-dist",
						".dpkg-old", ".dpkg-new",
						".rpmnew",   ".rpmsave",
						".rpmorig" };
	const char *name = entry->d_name;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (pbf_has_suffix(name, suffixes[i]))
			return 0;
	return name[0] != '.' &&
	       !(name[0] == '#' && name[strlen(name) - 1] == '#');
}

/*
 * Adds the file at PATH, if dnsmasq would read it.  What cannot be read, or is
 * no file, is passed over: whoever may not read a server's configuration does
 * not write it either.
 */
static int add_other(struct others *others, const char *path, const char *own)
{
	_cleanup_text_ struct prep_text text = { 0 };
	struct prep_dnsmasq_said said;
	struct other *items, *item;
	int error;

	if (prep_conf_is_same(path, own))
		return 0;
	error = prep_conf_read(path, &text, NULL);
	if (error < 0)
		return error == -ENOMEM ? error : 0;
	prep_dnsmasq_conf_look(text.bytes, text.length, &said);
	if (said.is_foreign)
		return 0;
	items = reallocarray(others->items, others->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	others->items = items;
	item = &items[others->count];
	*item = (struct other){ .path = strdup(path), .said = said };
	if (!item->path)
		return -ENOMEM;
	item->text = text;
	text = (struct prep_text){ 0 };
	others->count++;
	return 0;
}

/* Adds DIRECTORY/NAME. */
static int add_in(struct others *others, const char *directory,
		  const char *name, const char *own)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/%s", directory, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return add_other(others, path, own);
}

static int add_all_in(struct others *others, const char *directory,
		      const char *own)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, is_read, alphasort);
	int error = 0;

	if (count < 0)
		return errno == ENOMEM ? -ENOMEM : 0;
	for (int i = 0; i < count; i++) {
		if (error == 0)
			error = add_in(others, directory, entries[i]->d_name,
				       own);
		free(entries[i]);
	}
	free(entries);
	return error;
}

static int find_others(const char *path, struct others *others)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	_cleanup_free_ char *directory =
		slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	_cleanup_free_ char *real = NULL, *beside = NULL;
	char *last;
	int error;

	if (!directory)
		return -ENOMEM;
	real = realpath(directory, NULL);
	if (!real)
		return errno == ENOMEM ? -ENOMEM : 0;
	if (strcmp(name, MAIN_NAME) == 0) {
		if (asprintf(&beside, "%s/" DIRECTORY_NAME, real) < 0) {
			beside = NULL;
			return -ENOMEM;
		}
		return add_all_in(others, beside, path);
	}
	error = add_all_in(others, real, path);
	last = strrchr(real, '/');
	if (error < 0 || strcmp(last + 1, DIRECTORY_NAME) != 0)
		return error;
	*last = '\0';
	return add_in(others, real, MAIN_NAME, path);
}

/* TFTP, with what all but SKIPPED and one more file say. */
static struct prep_tftp wish_among(const struct prep_tftp *tftp,
				   const struct others *others,
				   const struct other *skipped,
				   const struct prep_dnsmasq_said *more)
{
	struct prep_tftp wish = *tftp;

	wish.is_port_said |= more->port;
	wish.is_binding_said |= more->binding;
	for (size_t i = 0; i < others->count; i++) {
		const struct prep_dnsmasq_said *said = &others->items[i].said;

		if (&others->items[i] == skipped)
			continue;
		wish.is_port_said |= said->port;
		wish.is_binding_said |= said->binding;
	}
	return wish;
}

/* Refuses a file, at PATH, by which boards would get other files. */
static int check_root(const char *path, const struct prep_dnsmasq_said *said,
		      const struct prep_tftp *tftp, struct pbf_reason *why)
{
	size_t length = strlen(tftp->root);

	while (length > 1 && tftp->root[length - 1] == '/')
		length--;
	if (said->root[0] == '\0' ||
	    (strncmp(said->root, tftp->root, length) == 0 &&
	     said->root[length] == '\0'))
		return 0;
	return pbf_refuse(why, -EEXIST, PBF_REASON_NO_OFFSET,
			  "%s has \"tftp-root=%s\", and dnsmasq serves one "
			  "directory only: remove that line, or mount pibootfs "
			  "there and say --tftp-root %s",
			  path, said->root, said->root);
}

static int check_roots(const char *path, const struct prep_dnsmasq_said *own,
		       const struct others *others,
		       const struct prep_tftp *tftp, struct pbf_reason *why)
{
	int error = check_root(path, own, tftp, why);

	for (size_t i = 0; i < others->count && error == 0; i++)
		error = check_root(others->items[i].path,
				   &others->items[i].said, tftp, why);
	return error;
}

static const struct other *find_holder(const struct others *others)
{
	for (size_t i = 0; i < others->count; i++)
		if (others->items[i].said.block)
			return &others->items[i];
	return NULL;
}

/* Finds whether HOLDER's lines are what WISH would make of them. */
static int compare(const struct other *holder, const struct prep_tftp *wish,
		   char **ret_elsewhere, struct pbf_reason *why)
{
	_cleanup_text_ struct prep_text text = { 0 };
	int error = prep_dnsmasq_conf_edit(
		holder->text.bytes, holder->text.length, wish, &text, why);

	if (error < 0 && error != -EUCLEAN)
		return error;
	if (error < 0 ||
	    !prep_text_is(&text, holder->text.bytes, holder->text.length))
		return pbf_refuse(
			why, -EEXIST, PBF_REASON_NO_OFFSET,
			"%s has the lines for pibootfs already, with other "
			"values, and dnsmasq would read both files; one "
			"serves all images: to change it, say "
			"--dnsmasq-conf %s",
			holder->path, holder->path);
	*ret_elsewhere = strdup(holder->path);
	return *ret_elsewhere ? 0 : -ENOMEM;
}

int prep_dnsmasq_others_edit(const char *path, const struct prep_text *before,
			     const struct prep_tftp *tftp,
			     struct prep_text *ret_text, char **ret_elsewhere,
			     struct pbf_reason *why)
{
	static const struct prep_dnsmasq_said nothing = { 0 };
	_cleanup_(release_others) struct others others = { 0 };
	struct prep_dnsmasq_said own;
	const struct other *holder;
	struct prep_tftp wish;
	int error = 0;

	*ret_elsewhere = NULL;
	if (!prep_conf_is_printed(path))
		error = find_others(path, &others);
	if (error < 0)
		return error;
	prep_dnsmasq_conf_look(before->bytes, before->length, &own);
	holder = find_holder(&others);
	if (holder && own.block)
		return pbf_refuse(why, -EEXIST, PBF_REASON_NO_OFFSET,
				  "%s has the lines for pibootfs as well, and "
				  "dnsmasq would read both files; one serves "
				  "all images: remove the lines from \"# "
				  "pibootfs: begin\" to \"# pibootfs: end\" "
				  "from one of them",
				  holder->path);
	error = check_roots(path, &own, &others, tftp, why);
	if (error < 0)
		return error;
	wish = wish_among(tftp, &others, holder, holder ? &own : &nothing);
	if (holder)
		return compare(holder, &wish, ret_elsewhere, why);
	return prep_dnsmasq_conf_edit(before->bytes, before->length, &wish,
				      ret_text, why);
}
