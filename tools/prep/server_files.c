/* SPDX-License-Identifier: BSD-2-Clause */
#include "server_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "dnsmasq_conf.h"
#include "fd_io.h"
#include "network.h"
#include "tell.h"

#define CONF_BYTES_MAX (4u << 20)
#define STANDARD_OUTPUT "-"

static bool is_printed(const struct prep_server_file *file)
{
	return strcmp(file->path, STANDARD_OUTPUT) == 0;
}

static int refuse_file(const char *path, int error,
		       const struct pbf_reason *reason, struct pbf_reason *why)
{
	return pbf_refuse(why, error, PBF_REASON_NO_OFFSET, "%.100s: %.150s",
			  path,
			  reason->text[0] ? reason->text : strerror(-error));
}

/* Reads PATH as a string; one that is not there, or only printed, is "". */
static int read_conf(const char *path, char **ret_text, size_t *ret_length)
{
	_cleanup_close_ int fd = -1;
	struct stat st = { .st_size = 0 };
	int error = 0;

	*ret_length = 0;
	if (strcmp(path, STANDARD_OUTPUT) != 0)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && strcmp(path, STANDARD_OUTPUT) != 0 && errno != ENOENT)
		return -errno;
	if (fd >= 0 && fstat(fd, &st) < 0)
		return -errno;
	if (fd >= 0 && !S_ISREG(st.st_mode))
		return -EOPNOTSUPP;
	if (st.st_size > CONF_BYTES_MAX)
		return -EFBIG;
	*ret_text = calloc(1, (size_t)st.st_size + 1);
	if (!*ret_text)
		return -ENOMEM;
	if (fd >= 0)
		error = prep_read_at(fd, 0, *ret_text, (size_t)st.st_size);
	*ret_length = (size_t)st.st_size;
	return error;
}

/* Gets the file ready for its place, unless it is as it should be. */
static int stage(struct prep_server_file *file, const char *before,
		 size_t before_length, struct pbf_reason *why)
{
	const struct prep_text *text = &file->text;
	int error;

	if (is_printed(file))
		return 0;
	if (prep_text_is(text, before, before_length)) {
		prep_tell_more("%s: is right already", file->path);
		return 0;
	}
	error = prep_publish_new(file->path, &file->publish, why);
	if (error < 0)
		return error;
	error = prep_write_at(prep_publish_fd(file->publish), 0, text->bytes,
			      text->length);
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET, "%s: %s",
				  file->path, strerror(-error));
	return 0;
}

static int plan_nbd(struct prep_server_files *files,
		    const struct prep_options *options,
		    const struct prep_export *export, struct pbf_reason *why)
{
	struct prep_server_file *file = &files->items[files->count++];
	struct pbf_reason reason = { .text = "" };
	_cleanup_free_ char *before = NULL;
	size_t length;
	int error;

	*file = (struct prep_server_file){
		.path = options->nbd_conf ? options->nbd_conf : STANDARD_OUTPUT,
		.title = "a file in /etc/nbd-server/conf.d",
	};
	error = read_conf(file->path, &before, &length);
	if (error == 0)
		error = prep_nbd_conf_edit(before, length, export, &file->text,
					   &reason);
	if (error < 0)
		return refuse_file(file->path, error, &reason, why);
	return stage(file, before, length, why);
}

/*
 * Finds the boards' network.  Without one dnsmasq can still serve files, if
 * another DHCP server leads boards to it.
 */
static int find_network(const struct prep_options *options,
			struct prep_network *network, struct prep_tftp *tftp,
			struct pbf_reason *why)
{
	bool is_found = false;

	if (!options->subnet || options->interface)
		is_found = prep_network_find(options->nbd_host,
					     options->interface, network);
	if (is_found && !options->subnet)
		tftp->subnet = network->subnet;
	if (is_found && !options->interface)
		tftp->interface = network->interface;
	if (tftp->subnet)
		return 0;
	if (options->interface)
		return pbf_refuse(why, -ENODEV, PBF_REASON_NO_OFFSET,
				  "the interface %.20s is not here or has no "
				  "IPv4 address; say --subnet as well",
				  options->interface);
	if (options->dnsmasq_conf)
		return pbf_refuse(why, -ENODEV, PBF_REASON_NO_OFFSET,
				  "no interface of this machine is in the "
				  "network of %.60s; say --subnet or "
				  "--interface",
				  options->nbd_host ? options->nbd_host :
						      "the boards");
	prep_tell_warning("no interface of this machine is in the network of "
			  "the NBD server: dnsmasq's lines are without DHCP; "
			  "--subnet or --interface adds it");
	return 0;
}

static int plan_dnsmasq(struct prep_server_files *files,
			const struct prep_options *options,
			struct pbf_reason *why)
{
	struct prep_server_file *file = &files->items[files->count++];
	struct prep_network network;
	struct prep_tftp tftp = {
		.root = options->tftp_root,
		.subnet = options->subnet,
		.interface = options->interface,
		.is_without_dns = !options->has_dns,
	};
	struct pbf_reason reason = { .text = "" };
	_cleanup_free_ char *before = NULL;
	size_t length;
	int error;

	*file = (struct prep_server_file){
		.path = options->dnsmasq_conf ? options->dnsmasq_conf :
						STANDARD_OUTPUT,
		.title = "a file in /etc/dnsmasq.d",
	};
	error = read_conf(file->path, &before, &length);
	if (error == 0)
		error = find_network(options, &network, &tftp, &reason);
	if (error == 0)
		error = prep_dnsmasq_conf_edit(before, length, &tftp,
					       &file->text, &reason);
	if (error < 0)
		return refuse_file(file->path, error, &reason, why);
	return stage(file, before, length, why);
}

int prep_server_files_plan(const struct prep_options *options,
			   const struct prep_export *export,
			   struct prep_server_files *ret_files,
			   struct pbf_reason *why)
{
	/* Not asked for, but needed by most. */
	bool is_offered = options->nbd_host && !options->quiet;
	int error = 0;

	*ret_files = (struct prep_server_files){ .count = 0 };
	if (options->nbd_conf || is_offered)
		error = plan_nbd(ret_files, options, export, why);
	if (error == 0 && (options->dnsmasq_conf || is_offered))
		error = plan_dnsmasq(ret_files, options, why);
	return error;
}

static void tell_file(const struct prep_server_file *file)
{
	prep_tell("%s: written", prep_publish_path(file->publish));
}

void prep_server_files_tell(const struct prep_server_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->items[i].publish)
			tell_file(&files->items[i]);
}

int prep_server_files_commit(const struct prep_server_files *files,
			     struct pbf_reason *why)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < files->count; i++)
		if (files->items[i].publish)
			error = prep_publish_commit(files->items[i].publish,
						    why);
	return error;
}

int prep_server_files_revert(const struct prep_server_files *files,
			     struct pbf_reason *why)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < files->count; i++)
		if (files->items[i].publish)
			error = prep_publish_revert(files->items[i].publish,
						    why);
	return error;
}

void prep_server_files_print(const struct prep_server_files *files,
			     bool is_dry_run)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct prep_server_file *file = &files->items[i];

		if (!is_printed(file) && !(is_dry_run && file->publish))
			continue;
		/* A comment to both programs. */
		printf("# %s\n", is_printed(file) ? file->title : file->path);
		fwrite(file->text.bytes, 1, file->text.length, stdout);
	}
}

void prep_server_files_release(struct prep_server_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		prep_publish_free(files->items[i].publish);
		prep_text_free(&files->items[i].text);
	}
	files->count = 0;
}
