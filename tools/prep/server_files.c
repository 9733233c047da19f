/* SPDX-License-Identifier: BSD-2-Clause */
#include "server_files.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "conf_file.h"
#include "dnsmasq_others.h"
#include "entry_name.h"
#include "fd_io.h"
#include "network.h"
#include "tell.h"

#define NBD_CONF_DIRECTORY "/conf.d"
#define NBD_CONF_SUFFIX ".conf"

static bool is_printed(const struct prep_server_file *file)
{
	return prep_conf_is_printed(file->path);
}

__attribute__((format(printf, 1, 2))) static void warn(const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	prep_tell_warning(text ? text : "out of memory");
}

/* Says which file it was, of a file that somebody has asked for. */
static int refuse_file(const struct prep_server_file *file, int error,
		       const struct pbf_reason *reason, struct pbf_reason *why)
{
	const char *cause = reason->text[0] ? reason->text : strerror(-error);

	if (file->is_offered)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET, "%s",
				  cause);
	return pbf_refuse(why, error, PBF_REASON_NO_OFFSET, "%.300s: %s",
			  prep_conf_name(file->path), cause);
}

/* Gets the file ready for its place, unless it is as it should be. */
static int stage(struct prep_server_file *file, const struct prep_text *before,
		 struct pbf_reason *why)
{
	const struct prep_text *text = &file->text;
	int error;

	if (is_printed(file))
		return 0;
	if (prep_text_is(text, before->bytes, before->length)) {
		prep_tell_more("%s: is right already", file->path);
		return 0;
	}
	error = prep_publish_new(file->path, &file->publish, why);
	if (error < 0)
		return error;
	error = fd_write_at(prep_publish_fd(file->publish), 0, text->bytes,
			    text->length);
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET, "%s: %s",
				  file->path, strerror(-error));
	return 0;
}

/*
 * An export that is another image's is some board's disk: it is taken away
 * from that one only by force.
 */
static int check_export(const struct prep_options *options,
			const struct prep_export *export,
			const struct prep_export_said *said,
			struct pbf_reason *why)
{
	if (!said->path || strcmp(said->path, export->path) == 0 ||
	    prep_conf_is_same(said->path, export->path))
		return 0;
	if (!options->force)
		return pbf_refuse(why, -EEXIST, PBF_REASON_NO_OFFSET,
				  "the export [%s] is %s, not %s; --force "
				  "makes it that, and --nbd-name makes an "
				  "export of another name",
				  export->name, said->path, export->path);
	prep_tell("the export [%s] was %s until now", export->name, said->path);
	return 0;
}

/* nbd-server passes over files in its directory without a word. */
static void warn_of_place(const char *path)
{
	_cleanup_free_ char *directory = NULL, *real = NULL;
	const char *slash = strrchr(path, '/');
	struct stat st;

	directory =
		slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	real = directory ? realpath(directory, NULL) : NULL;
	if (!real || !pbf_has_suffix(real, NBD_CONF_DIRECTORY))
		return;
	if (!pbf_has_suffix(path, NBD_CONF_SUFFIX))
		warn("%s: nbd-server does not read it, since its name does not "
		     "end in " NBD_CONF_SUFFIX,
		     path);
	else if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		warn("%s: nbd-server does not read it, since it is a link",
		     path);
}

static int plan_nbd(struct prep_server_file *file,
		    const struct prep_options *options,
		    const struct prep_export *export, struct pbf_reason *why)
{
	_cleanup_(prep_export_said_release) struct prep_export_said said = {
		.path = NULL
	};
	struct pbf_reason reason = { .text = "" };
	_cleanup_text_ struct prep_text before = { 0 };
	int error = prep_conf_read(file->path, &before, why);

	if (error < 0)
		return error;
	error = prep_nbd_conf_look(before.bytes, before.length, export->name,
				   &said);
	if (error == 0)
		error = check_export(options, export, &said, &reason);
	if (error == 0)
		error = prep_nbd_conf_edit(before.bytes, before.length, export,
					   &file->text, &reason);
	if (error < 0)
		return refuse_file(file, error, &reason, why);
	error = stage(file, &before, why);
	if (error < 0 || is_printed(file))
		return error;
	if (said.is_read_only)
		warn("%s: the export [%s] stays \"readonly\", so that the "
		     "board's root file system will be read-only; remove that "
		     "line if it is not meant",
		     file->path, export->name);
	warn_of_place(file->path);
	return 0;
}

/* Why the boards' network is not found. */
static void explain_network(const struct prep_options *options,
			    struct pbf_reason *why)
{
	const char *host = options->nbd_host;

	if (options->interface)
		pbf_refuse(why, -ENODEV, PBF_REASON_NO_OFFSET,
			   "the interface %s is not here or has no IPv4 "
			   "address",
			   options->interface);
	else if (!host)
		pbf_refuse(why, -ENODEV, PBF_REASON_NO_OFFSET,
			   "the boards' network is not known without "
			   "--nbd-host");
	else if (!prep_network_is_address(host))
		pbf_refuse(why, -ENODEV, PBF_REASON_NO_OFFSET,
			   "the NBD server %.255s is not given by its IPv4 "
			   "address, and names are not looked up",
			   host);
	else
		pbf_refuse(why, -ENODEV, PBF_REASON_NO_OFFSET,
			   "no interface of this machine is in the network of "
			   "the NBD server %.255s",
			   host);
}

/*
 * Finds the boards' network.  Without one dnsmasq can still serve files, if
 * another DHCP server leads boards to it.
 */
static int find_network(const struct prep_options *options,
			struct prep_network *network, struct prep_tftp *tftp,
			struct pbf_reason *why)
{
	const char *remedy =
		options->interface ? "--subnet" : "--subnet or --interface";
	struct pbf_reason cause = { .text = "" };

	if (prep_network_find(options->nbd_host, options->interface, network)) {
		if (!options->subnet)
			tftp->subnet = network->subnet;
		if (!options->interface)
			tftp->interface = network->interface;
	}
	if (tftp->subnet)
		return 0;
	explain_network(options, &cause);
	if (options->dnsmasq_conf)
		return pbf_refuse(why, -ENODEV, PBF_REASON_NO_OFFSET,
				  "%s; say %s", cause.text, remedy);
	warn("%s: dnsmasq's lines are without DHCP; %s adds it", cause.text,
	     remedy);
	return 0;
}

static int plan_dnsmasq(struct prep_server_file *file,
			const struct prep_options *options,
			struct pbf_reason *why)
{
	struct prep_network network;
	struct prep_tftp tftp = {
		.root = options->tftp_root,
		.subnet = options->subnet,
		.interface = options->interface,
		.is_without_dns = !options->has_dns,
	};
	struct pbf_reason reason = { .text = "" };
	_cleanup_text_ struct prep_text before = { 0 };
	_cleanup_free_ char *elsewhere = NULL;
	int error = prep_conf_read(file->path, &before, why);

	if (error < 0)
		return error;
	error = find_network(options, &network, &tftp, &reason);
	if (error == 0)
		error = prep_dnsmasq_others_edit(file->path, &before, &tftp,
						 &file->text, &elsewhere,
						 &reason);
	if (error < 0)
		return refuse_file(file, error, &reason, why);
	if (elsewhere) {
		prep_tell("%s: not written, since %s, which dnsmasq would read "
			  "as well, has these lines already, for all images",
			  file->path, elsewhere);
		return 0;
	}
	return stage(file, &before, why);
}

/* Where a file will be, or is. */
static const char *place_of(const struct prep_server_file *file)
{
	return file->publish ? prep_publish_path(file->publish) : file->path;
}

/* All that could be somebody else's, before anything is written. */
static int check_places(const struct prep_server_files *files,
			const struct prep_export *export,
			struct pbf_reason *why)
{
	const struct prep_server_file *items = files->items;

	for (size_t i = 0; i < files->count; i++) {
		int error = prep_conf_check_place(place_of(&items[i]),
						  export->path, why);

		if (error < 0)
			return error;
	}
	if (files->count == 2 &&
	    prep_conf_is_same(place_of(&items[0]), place_of(&items[1])))
		return pbf_refuse(why, -EINVAL, PBF_REASON_NO_OFFSET,
				  "%.300s and %.300s are one file: nbd-server "
				  "and dnsmasq need one each",
				  items[0].path, items[1].path);
	return 0;
}

static void release_file(struct prep_server_file *file)
{
	prep_publish_free(file->publish);
	prep_text_free(&file->text);
}

/*
 * What nobody has asked for does not stop what somebody has: then it is not
 * offered, and why is said.
 */
static int finish_plan(struct prep_server_files *files,
		       struct prep_server_file *file, int error,
		       const struct pbf_reason *why)
{
	if (error == 0) {
		files->count++;
		return 0;
	}
	release_file(file);
	if (!file->is_offered || error == -ENOMEM)
		return error;
	warn("there are no lines for %s: %s", file->title, why->text);
	return 0;
}

static struct prep_server_file *start_file(struct prep_server_files *files,
					   const char *wish, const char *title)
{
	struct prep_server_file *file = &files->items[files->count];

	*file = (struct prep_server_file){
		.path = wish ? wish : "-",
		.title = title,
		.is_offered = !wish,
	};
	return file;
}

int prep_server_files_plan(const struct prep_options *options,
			   const struct prep_export *export,
			   struct prep_server_files *ret_files,
			   struct pbf_reason *why)
{
	/* Not asked for, but needed by most. */
	bool is_offered = options->nbd_host && !options->quiet;
	struct prep_server_file *file;
	int error = 0;

	*ret_files = (struct prep_server_files){ .count = 0 };
	if (options->nbd_conf || is_offered) {
		file = start_file(ret_files, options->nbd_conf,
				  "a file in /etc/nbd-server/conf.d");
		error = finish_plan(ret_files, file,
				    plan_nbd(file, options, export, why), why);
	}
	if (error == 0 && (options->dnsmasq_conf || is_offered)) {
		file = start_file(ret_files, options->dnsmasq_conf,
				  "a file in /etc/dnsmasq.d");
		error = finish_plan(ret_files, file,
				    plan_dnsmasq(file, options, why), why);
	}
	return error == 0 ? check_places(ret_files, export, why) : error;
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
	for (size_t i = 0; i < files->count; i++)
		release_file(&files->items[i]);
	files->count = 0;
}
