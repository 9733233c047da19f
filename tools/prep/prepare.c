/* SPDX-License-Identifier: BSD-2-Clause */
#include "prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "board_links.h"
#include "boot_check.h"
#include "boot_edit.h"
#include "cleanup.h"
#include "export_name.h"
#include "image_work.h"
#include "nbd_user.h"
#include "say.h"
#include "server_files.h"
#include "stop.h"
#include "target.h"
#include "tell.h"
#include "undo_path.h"

/* What a run makes; the image comes first, and the rest leads to it. */
struct run {
	const struct prep_options *options;
	struct prep_target target;
	char export_name[PREP_NBD_SAID_NAME_BYTES];
	struct prep_image_work image;
	struct prep_server_files files;
	struct prep_board_links links;
	bool is_committing;
};

/* Nothing yet, for release_run(). */
#define RUN_OF(wanted)                                                 \
	{                                                              \
		.options = (wanted), .target = { .directory_fd = -1 }, \
		.image = PREP_IMAGE_WORK_NONE                          \
	}

static void release_run(struct run *run)
{
	prep_board_links_release(&run->links);
	prep_server_files_release(&run->files);
	prep_image_release(&run->image);
	prep_target_release(&run->target);
}

static const char *asked_for(const struct prep_options *options)
{
	return options->image ? options->image : options->directory;
}

/*
 * Says why, unless it is that the person has had enough, who is not heard any
 * more once things are put into their places.
 */
static int fail(const struct run *run, int error, const struct pbf_reason *why)
{
	const char *name = run->image.culprit ? run->image.culprit :
			   run->target.path   ? run->target.path :
						asked_for(run->options);

	if (prep_stop_is_asked(NULL) && !run->is_committing)
		say("%s: stopped", run->target.entry);
	else
		prep_tell_failure(name, error, why);
	return EXIT_FAILED;
}

/* Preparing one partition is of no use while boards get another. */
static void warn_of_choice(const struct run *run,
			   struct prep_findings *findings)
{
	unsigned int asked = run->options->partition, shown;

	if (asked != 0 &&
	    prep_boot_partition_shown(run->image.fd, run->target.path, &shown,
				      NULL) == 0 &&
	    shown != asked)
		prep_warn(findings,
			  "boards will get partition %u, as pibootfs does not "
			  "know of --partition; for partition %u put the lines "
			  "\"[image]\" and \"partition = %u\" into %s/%s.conf",
			  shown, asked, asked, run->target.directory,
			  run->target.name);
}

static int look(const struct prep_image_work *image,
		struct prep_findings *findings, struct pbf_reason *why)
{
	struct prep_boot_disk disk = {
		.table = &image->place.table,
		.boot_partition = image->place.choice.partition,
	};

	return prep_boot_look(&image->boot, &disk, findings, why);
}

static void tell_findings(const struct prep_findings *findings)
{
	for (size_t i = 0; i < findings->notes.count; i++)
		prep_tell_more("%s", findings->notes.items[i]);
	for (size_t i = 0; i < findings->warnings.count; i++)
		prep_tell_warning(findings->warnings.items[i]);
}

/* What can be wrong with the wishes is found before anything takes long. */
static int plan(struct run *run, struct pbf_reason *why)
{
	const struct prep_options *options = run->options;
	struct prep_export export;
	int error = prep_target_find(options, &run->target, why);

	if (error == 0)
		error = prep_image_recover(options, &run->target, why);
	if (error == 0)
		error = prep_export_name(options, &run->target,
					 run->export_name, why);
	if (error < 0)
		return error;
	export = (struct prep_export){ run->export_name, run->target.path };
	if (options->nbd_host) {
		const struct prep_nbd_root root = {
			.initramfs = options->initramfs,
			.host = options->nbd_host,
			.export_name = run->export_name,
			.partition = 1,
			.ip = options->ip,
		};

		error = prep_nbd_root_check(&root, why);
	}
	if (error == 0)
		error = prep_board_links_plan(options, run->target.directory_fd,
					      run->target.entry, &run->links,
					      why);
	if (error == 0)
		error = prep_server_files_plan(options, &export, &run->files,
					       why);
	return error;
}

static bool is_image_wanted(const struct run *run)
{
	return !run->target.exists || run->options->size_bytes > 0 ||
	       prep_boot_edit_is_wanted(run->options);
}

/* Everything that is done to the image before it is put into its place. */
static int work_on_image(struct run *run, struct pbf_reason *why)
{
	const struct prep_options *options = run->options;
	struct prep_image_work *image = &run->image;
	_cleanup_findings_ struct prep_findings findings = { 0 };
	bool is_wanted;
	int error;

	if (run->target.exists && options->source)
		prep_tell("%s: is there already, and is prepared as it is; to "
			  "unpack %s, remove it first",
			  run->target.entry, options->source);
	is_wanted = is_image_wanted(run);
	error = prep_image_open(options, &run->target, !is_wanted, image, why);
	if (!is_wanted)
		return error;
	if (error == 0)
		error = prep_image_resize(options, &run->target, image, why);
	if (error == 0)
		error = prep_image_take_boot(options, &run->target, image, why);
	if (error == 0 && prep_boot_edit_is_wanted(options)) {
		const struct prep_boot_disk_image disk = { image->fd,
							   &image->place,
							   run->export_name };

		error = prep_boot_edit(&image->boot, &disk, options, why);
	}
	if (error == 0)
		warn_of_choice(run, &findings);
	if (error == 0)
		error = look(image, &findings, why);
	if (error == 0)
		error = prep_image_put_boot(image, why);
	if (error == 0)
		tell_findings(&findings);
	return error;
}

/* nbd-server says nothing when it may only read. */
static void warn_of_ownership(const struct run *run)
{
	const struct prep_options *options = run->options;
	_cleanup_free_ char *text = NULL, *obstacle = NULL, *remedy = NULL;
	struct stat st;

	if (!options->nbd_host && !options->nbd_conf)
		return;
	if (!prep_user_exists(options->nbd_user)) {
		prep_tell("there is no user %s here: the NBD server's "
			  "user has to be able to write to %s",
			  options->nbd_user, run->target.entry);
		return;
	}
	if (fstat(run->image.fd, &st) < 0 ||
	    prep_user_may_write(options->nbd_user, &st, run->target.path,
				&obstacle, &remedy))
		return;
	if (!obstacle || !remedy ||
	    asprintf(&text,
		     "%s, so that nbd-server would serve %s read-only or not "
		     "at all; as root: %s",
		     obstacle, run->target.entry, remedy) < 0)
		text = NULL;
	prep_tell_warning(text ? text : "out of memory");
}

/* What leads to the image is there after the image only, and not without. */
static void revert(struct run *run)
{
	struct pbf_reason why = { .text = "" };

	if (prep_board_links_revert(&run->links, &why) < 0)
		say("a board's link is not as before: %s", why.text);
	if (prep_server_files_revert(&run->files, &why) < 0)
		say("a configuration is not as before: %s", why.text);
	if (prep_image_revert(&run->image, &why) < 0)
		say("%s: is not as before: %s", run->target.path, why.text);
}

static int commit(struct run *run, struct pbf_reason *why)
{
	int error;

	run->is_committing = true;
	error = prep_image_commit(run->options, &run->image, why);
	if (error == 0)
		error = prep_server_files_commit(&run->files, why);
	if (error == 0)
		error = prep_board_links_make(&run->links, why);
	if (error < 0)
		revert(run);
	return error;
}

/* What would keep commit() from its work, as far as can be told before. */
static int check(const struct run *run, struct pbf_reason *why)
{
	if (run->links.count > 0 && faccessat(run->target.directory_fd, ".",
					      W_OK | X_OK, AT_EACCESS) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "no link can be made in %s: %s",
				  run->target.directory, strerror(errno));
	return prep_image_check(run->options, &run->image, why);
}

static void tell_what_changes(const struct run *run)
{
	prep_server_files_tell(&run->files);
	prep_board_links_tell(&run->links);
}

static bool is_anything_changed(const struct run *run)
{
	bool is_changed = run->image.publish ||
			  prep_image_is_changed(&run->image) ||
			  run->links.count > 0;

	for (size_t i = 0; i < run->files.count; i++)
		is_changed |= run->files.items[i].publish != NULL;
	return is_changed;
}

int prep_prepare(const struct prep_options *options)
{
	_cleanup_(release_run) struct run run = RUN_OF(options);
	struct pbf_reason why = { .text = "" };
	int error = plan(&run, &why);

	if (error == -EINVAL) {
		say("%s", why.text);
		return EXIT_USAGE;
	}
	if (error == 0)
		error = work_on_image(&run, &why);
	if (error == 0 && prep_stop_is_asked(NULL))
		error = -ECANCELED;
	if (error == 0)
		warn_of_ownership(&run);
	if (error == 0)
		error = options->dry_run ? check(&run, &why) :
					   commit(&run, &why);
	if (error < 0)
		return fail(&run, error, &why);
	tell_what_changes(&run);
	prep_server_files_print(&run.files, options->dry_run);
	if (!is_anything_changed(&run))
		prep_tell("nothing to change");
	else if (options->dry_run)
		prep_tell("nothing was changed: this was a dry run");
	return say_end_of_output() ? 0 : EXIT_FAILED;
}

int prep_check(const struct prep_options *options)
{
	_cleanup_(release_run) struct run run = RUN_OF(options);
	_cleanup_findings_ struct prep_findings findings = { 0 };
	struct pbf_reason why = { .text = "" };
	int error = prep_target_find(options, &run.target, &why);

	error = error < 0 ? error :
			    prep_image_open(options, &run.target, true,
					    &run.image, &why);
	if (error == 0)
		error = prep_image_take_boot(options, &run.target, &run.image,
					     &why);
	if (error == 0)
		error = look(&run.image, &findings, &why);
	if (error < 0)
		return fail(&run, error, &why);
	tell_findings(&findings);
	if (findings.warnings.count > 0 || undo_is_pending(run.target.path))
		return EXIT_WARNED;
	prep_tell("%s: nothing is missing", run.target.entry);
	return 0;
}
