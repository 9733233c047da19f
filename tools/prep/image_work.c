/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_work.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "image_settings.h"
#include "in_use.h"
#include "nbd_user.h"
#include "patch.h"
#include "say.h"
#include "tell.h"
#include "undo_path.h"
#include "undo_warn.h"
#include "unpack.h"

/* A new image that root makes is for the NBD server's user to write. */
static int give_away(const struct prep_options *options,
		     const struct prep_target *target, int fd,
		     struct pbf_reason *why)
{
	int error;

	if (geteuid() != 0 || !prep_user_exists(options->nbd_user))
		return 0;
	error = prep_user_give(options->nbd_user, fd);
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "cannot be given to the user %.40s: %s",
				  options->nbd_user, strerror(-error));
	prep_tell_more("%s: given to the user %s", target->entry,
		       options->nbd_user);
	return 0;
}

static int open_new(const struct prep_options *options,
		    const struct prep_target *target,
		    struct prep_image_work *work, struct pbf_reason *why)
{
	int error = prep_publish_new(target->path, &work->publish, why);

	if (error < 0)
		return error;
	work->fd = prep_publish_fd(work->publish);
	error = prep_unpack(options, target->entry, work->fd, &work->culprit,
			    why);
	if (error < 0)
		return error;
	return give_away(options, target, work->fd, why);
}

static int open_for_reading(const struct prep_target *target,
			    struct prep_image_work *work,
			    struct pbf_reason *why)
{
	struct stat st;

	/* Not to wait for the other end of a pipe. */
	work->own_fd = open(target->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	work->fd = work->own_fd;
	if (work->fd < 0 || fstat(work->fd, &st) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET, "%s",
				  strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return pbf_refuse(why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
				  "is neither a file nor a block device");
	undo_warn(target->path);
	return 0;
}

/* Nobody else may be at work on an image that is written to. */
static int refuse_busy(const struct prep_options *options,
		       const struct undo *image, struct pbf_reason *why)
{
	struct pbf_reason reason = { .text = "" };
	size_t unseen = 0;
	int error = image_in_use(undo_image_path(image), &unseen, &reason);

	if (error < 0 && options->force) {
		say("%s: warning: it is written to although %s",
		    undo_image_path(image), reason.text);
		return 0;
	}
	if (error == -EBUSY)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "%s; stop that first, or say --force",
				  reason.text);
	if (error < 0)
		return pbf_refuse(why, error, PBF_REASON_NO_OFFSET,
				  "%s; --force does not ask", reason.text);
	if (unseen > 0)
		say("%s: warning: %zu NBD servers or the like of other users "
		    "are running; whether one serves this image is seen by "
		    "root only",
		    undo_image_path(image), unseen);
	return 0;
}

int prep_image_recover(const struct prep_options *options,
		       const struct prep_target *target, struct pbf_reason *why)
{
	_cleanup_undo_ struct undo *undo = NULL;
	enum undo_outcome outcome = UNDO_NONE;
	int error;

	if (!target->exists || !undo_is_pending(target->path))
		return 0;
	if (options->dry_run)
		return pbf_refuse(why, -EEXIST, PBF_REASON_NO_OFFSET,
				  "a run was cut off, and %s.undo has to be "
				  "put back first: go without --dry-run",
				  target->entry);
	error = undo_open(target->path, &undo, why);
	if (error == 0)
		error = refuse_busy(options, undo, why);
	if (error == 0)
		error = undo_recover(undo, options->force, &outcome, why);
	if (error < 0)
		return error;
	if (undo_outcome_text(outcome))
		prep_tell("%s: %s", target->entry, undo_outcome_text(outcome));
	return 0;
}

static int open_present(const struct prep_target *target,
			struct prep_image_work *work, struct pbf_reason *why)
{
	int error = undo_open(target->path, &work->undo, why);

	if (error == 0)
		work->fd = undo_fd(work->undo);
	return error;
}

int prep_image_open(const struct prep_options *options,
		    const struct prep_target *target, bool is_read_only,
		    struct prep_image_work *ret_work, struct pbf_reason *why)
{
	int error;

	*ret_work = PREP_IMAGE_WORK_NONE;
	/* It has gone since it was named. */
	if (!target->exists && !options->source)
		return -ENOENT;
	if (!target->exists)
		return open_new(options, target, ret_work, why);
	error = is_read_only ? open_for_reading(target, ret_work, why) :
			       open_present(target, ret_work, why);
	return error < 0 ? error : prep_refuse_packed(ret_work->fd, why);
}

int prep_image_resize(const struct prep_options *options,
		      const struct prep_target *target,
		      struct prep_image_work *work, struct pbf_reason *why)
{
	char size[PREP_SIZE_TEXT_BYTES];
	struct stat st;
	int error = 0;

	if (options->size_bytes == 0)
		return 0;
	if (fstat(work->fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size >= options->size_bytes) {
		prep_tell_more("%s: has %s already", target->entry,
			       prep_size_text((uint64_t)st.st_size, size));
		return 0;
	}
	if (work->publish)
		error = prep_disk_grow(work->fd, options->size_bytes, why);
	else
		error = prep_growth_plan(work->fd, options->size_bytes,
					 &work->growth, why);
	if (error == 0)
		prep_tell("%s: enlarged to %s", target->entry,
			  prep_size_text(options->size_bytes, size));
	return error;
}

int prep_image_take_boot(const struct prep_options *options,
			 const struct prep_target *target,
			 struct prep_image_work *work, struct pbf_reason *why)
{
	struct pbf_image_conf conf = { .partition = options->partition };
	struct pbf_reason reason = { .text = "" };
	int error = 0;

	if (options->partition == 0)
		error = image_settings_read(target->path, &conf, why);
	if (error < 0)
		return error;
	error = prep_boot_partition_find(work->fd, conf.partition, &work->place,
					 &reason);
	if (error < 0)
		return pbf_refuse(why, error, reason.offset_bytes,
				  "%.170s; is it the disk image of a Raspberry "
				  "Pi?  --partition names another partition",
				  reason.text);
	return prep_boot_copy_out(work->fd, work->place.offset_bytes,
				  work->place.size_bytes, &work->boot, why);
}

int prep_image_put_boot(struct prep_image_work *work, struct pbf_reason *why)
{
	const struct prep_patch_sides sides = {
		.old_fd = work->fd,
		.old_offset_bytes = work->place.offset_bytes,
		.new_fd = work->boot.fd,
		.size_bytes = work->place.size_bytes,
	};
	int error = prep_patch_find(&sides, &work->ranges, why);

	if (error < 0 || !work->publish)
		return error;
	return ranges_write(&work->ranges, work->fd, why);
}

bool prep_image_is_changed(const struct prep_image_work *work)
{
	return work->undo &&
	       (work->ranges.count > 0 || work->growth.new_size_bytes > 0);
}

/* Adds what the growth has to write to what the boot partition has. */
static int add_growth(struct prep_image_work *work)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < work->growth.ranges.count; i++)
		error = ranges_add(&work->ranges,
				   &work->growth.ranges.items[i]);
	return error;
}

int prep_image_check(const struct prep_options *options,
		     const struct prep_image_work *work, struct pbf_reason *why)
{
	_cleanup_free_ char *path = NULL;
	int error = 0;

	if (!prep_image_is_changed(work))
		return 0;
	error = refuse_busy(options, work->undo, why);
	if (error == 0 && !options->force)
		error = undo_check_unchanged(work->undo, why);
	if (error < 0)
		return error;
	path = strdup(undo_image_path(work->undo));
	if (!path)
		return -ENOMEM;
	if (faccessat(AT_FDCWD, dirname(path), W_OK | X_OK, AT_EACCESS) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "its directory has to be written to as well, "
				  "for the undo file: %s",
				  strerror(errno));
	return 0;
}

static int commit_present(const struct prep_options *options,
			  struct prep_image_work *work, struct pbf_reason *why)
{
	int error = prep_image_check(options, work, why);

	if (!prep_image_is_changed(work))
		return 0;
	if (error == 0)
		error = add_growth(work);
	if (error < 0)
		return error;
	return undo_apply(work->undo, &work->ranges,
			  work->growth.new_size_bytes, why);
}

int prep_image_commit(const struct prep_options *options,
		      struct prep_image_work *work, struct pbf_reason *why)
{
	if (!work->publish)
		return commit_present(options, work, why);
	return prep_publish_commit(work->publish, why);
}

int prep_image_revert(struct prep_image_work *work, struct pbf_reason *why)
{
	if (work->publish)
		return prep_publish_revert(work->publish, why);
	return work->undo ? undo_revert(work->undo, why) : 0;
}

void prep_image_release(struct prep_image_work *work)
{
	ranges_clear(&work->ranges);
	prep_growth_release(&work->growth);
	prep_boot_release(&work->boot);
	undo_close(work->undo);
	prep_publish_free(work->publish);
	if (work->own_fd >= 0)
		close(work->own_fd);
	work->own_fd = -1;
}
