/* SPDX-License-Identifier: BSD-2-Clause */
#include "board_links.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "board_id.h"
#include "cleanup.h"
#include "publish_link.h"
#include "tell.h"

/* /proc/cpuinfo of four processors has less than a kibibyte. */
#define IDENT_BYTES_MAX 65536u

/* The board that a file names, such as a pi-ident.txt. */
static int read_ident(const char *path, char key[PBF_BOARD_KEY_BYTES],
		      struct pbf_reason *why)
{
	_cleanup_free_ char *text = malloc(IDENT_BYTES_MAX);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = 0, n = 1;

	if (fd < 0)
		return -errno;
	if (!text)
		return -ENOMEM;
	while (n > 0 && length < (ssize_t)IDENT_BYTES_MAX) {
		n = read(fd, text + length, IDENT_BYTES_MAX - (size_t)length);
		if (n < 0)
			return -errno;
		length += n;
	}
	if (length == 0)
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "the file is empty");
	return prep_board_from_serial(text, (size_t)length, key, why);
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

static int refuse_board(const char *option, const char *value,
			const char *problem, struct pbf_reason *why)
{
	return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
			  "%s \"%.80s\": %s", option, value, problem);
}

static int find_by_serial(const char *serial, char key[PBF_BOARD_KEY_BYTES],
			  struct pbf_reason *why)
{
	struct pbf_reason reason = { .text = "" };
	int error =
		prep_board_from_serial(serial, strlen(serial), key, &reason);

	if (error < 0 && is_file(serial)) {
		reason.text[0] = '\0';
		error = read_ident(serial, key, &reason);
	}
	if (error == 0)
		return 0;
	return refuse_board("--serial", serial,
			    reason.text[0] ? reason.text : strerror(-error),
			    why);
}

static int find_by_mac(const char *mac, char key[PBF_BOARD_KEY_BYTES],
		       struct pbf_reason *why)
{
	struct pbf_reason reason = { .text = "" };

	if (prep_board_from_mac(mac, key, &reason) == 0)
		return 0;
	return refuse_board("--mac", mac, reason.text, why);
}

/*
 * The name of the board's entry: KEY, which is what it asks for, unless only
 * another name that means the same board is there.
 */
static int find_name(int directory_fd, const char *key,
		     char ret_name[PBF_ENTRY_BYTES])
{
	_cleanup_closedir_ DIR *stream = NULL;
	char other[PBF_BOARD_KEY_BYTES];
	struct stat st;
	struct dirent *entry;
	int fd;

	snprintf(ret_name, PBF_ENTRY_BYTES, "%s", key);
	if (fstatat(directory_fd, key, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream) {
		int error = -errno;

		if (fd >= 0)
			close(fd);
		return error;
	}
	while ((entry = readdir(stream)))
		if (pbf_board_key(entry->d_name, other) &&
		    strcmp(key, other) == 0)
			snprintf(ret_name, PBF_ENTRY_BYTES, "%s",
				 entry->d_name);
	return 0;
}

/* What a link leads to so far; -EEXIST when it is no link. */
static int read_link(int directory_fd, struct prep_board_link *link)
{
	ssize_t length = readlinkat(directory_fd, link->name, link->before,
				    sizeof(link->before) - 1);

	if (length < 0 && errno != ENOENT)
		return errno == EINVAL ? -EEXIST : -errno;
	link->before[length < 0 ? 0 : length] = '\0';
	return 0;
}

static int add_link(struct prep_board_links *links, const char *key,
		    bool is_forced, struct pbf_reason *why)
{
	struct prep_board_link *link = &links->items[links->count];
	int error = find_name(links->directory_fd, key, link->name);

	if (error == 0)
		error = read_link(links->directory_fd, link);
	if (error == -EEXIST)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "%s is there, and is no link: move it away",
				  link->name);
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET, "%s: %s",
				  link->name, strerror(-error));
	if (prep_publish_leads_there(links->directory_fd, link->before,
				     links->target)) {
		prep_tell_more("%s: leads to %s already", link->name,
			       links->target);
		return 0;
	}
	if (link->before[0] != '\0' && !is_forced)
		return pbf_refuse(why, -EEXIST, PBF_REASON_NO_OFFSET,
				  "%s has another image, and --force gives it "
				  "this one: it leads to %s",
				  link->name, link->before);
	links->count++;
	return 0;
}

int prep_board_links_plan(const struct prep_options *options, int directory_fd,
			  const char *target,
			  struct prep_board_links *ret_links,
			  struct pbf_reason *why)
{
	size_t room = options->serial_count + options->mac_count + 1;
	char key[PBF_BOARD_KEY_BYTES];
	int error = 0;

	*ret_links = (struct prep_board_links){
		.directory_fd = directory_fd,
		.target = target,
		.items = calloc(room, sizeof(*ret_links->items)),
	};
	if (!ret_links->items)
		return -ENOMEM;
	for (size_t i = 0; error == 0 && i < options->serial_count; i++) {
		error = find_by_serial(options->serials[i], key, why);
		if (error == 0)
			error = add_link(ret_links, key, options->force, why);
	}
	for (size_t i = 0; error == 0 && i < options->mac_count; i++) {
		error = find_by_mac(options->macs[i], key, why);
		if (error == 0)
			error = add_link(ret_links, key, options->force, why);
	}
	return error;
}

static void tell_link(const struct prep_board_links *links,
		      const struct prep_board_link *link)
{
	prep_tell("%s -> %s%s%s%s", link->name, links->target,
		  link->before[0] ? " (was " : "", link->before,
		  link->before[0] ? ")" : "");
}

void prep_board_links_tell(const struct prep_board_links *links)
{
	for (size_t i = 0; i < links->count; i++)
		tell_link(links, &links->items[i]);
}

int prep_board_links_make(struct prep_board_links *links,
			  struct pbf_reason *why)
{
	for (size_t i = 0; i < links->count; i++) {
		struct prep_board_link *link = &links->items[i];
		enum prep_link_outcome outcome;
		int error = prep_publish_link(
			links->directory_fd, link->name, links->target,
			link->before[0] != '\0', &outcome, why);

		if (error < 0)
			return error;
		link->is_made = outcome != PREP_LINK_KEPT;
	}
	return 0;
}

int prep_board_links_revert(const struct prep_board_links *links,
			    struct pbf_reason *why)
{
	enum prep_link_outcome outcome;
	int error = 0;

	for (size_t i = 0; error == 0 && i < links->count; i++) {
		const struct prep_board_link *link = &links->items[i];

		if (link->is_made && link->before[0] != '\0')
			error = prep_publish_link(links->directory_fd,
						  link->name, link->before,
						  true, &outcome, why);
		else if (link->is_made &&
			 unlinkat(links->directory_fd, link->name, 0) < 0)
			error = pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
					   "%s cannot be removed again: %s",
					   link->name, strerror(errno));
	}
	return error;
}

void prep_board_links_release(struct prep_board_links *links)
{
	free(links->items);
	links->items = NULL;
}
