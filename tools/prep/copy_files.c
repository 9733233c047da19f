/* SPDX-License-Identifier: BSD-2-Clause */
#include "copy_files.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "boot_entry.h"
#include "cleanup.h"
#include "mtools_path.h"
#include "tell.h"

/* FAT has no larger files (fatgen103, directory entries). */
#define FILE_BYTES_MAX 0xffffffffull

/* A file to be written, or a directory to be made. */
struct task {
	char *source; /* NULL: a directory */
	char *path;   /* on the boot partition */
	uint64_t new_bytes, old_bytes;
};

struct plan {
	const struct prep_boot *boot;
	struct task *tasks;
	size_t count, room;
	struct pbf_reason *why;
};

static void clear_plan(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->tasks[i].source);
		free(plan->tasks[i].path);
	}
	free(plan->tasks);
}

/* SOURCE and PATH are copied. */
static int add_task(struct plan *plan, const char *source, const char *path,
		    uint64_t new_bytes, uint64_t old_bytes)
{
	struct task *task;

	if (plan->count == plan->room) {
		size_t room = plan->room ? 2 * plan->room : 64;
		struct task *tasks =
			reallocarray(plan->tasks, room, sizeof(*tasks));

		if (!tasks)
			return -ENOMEM;
		plan->tasks = tasks;
		plan->room = room;
	}
	task = &plan->tasks[plan->count++];
	*task = (struct task){
		.source = source ? strdup(source) : NULL,
		.path = strdup(path),
		.new_bytes = new_bytes,
		.old_bytes = old_bytes,
	};
	return task->path && (task->source || !source) ? 0 : -ENOMEM;
}

/* Whether the file SOURCE has just this content; a negative errno if unread. */
static int has_content(const char *source, const char *content, size_t length)
{
	_cleanup_close_ int fd = open(source, O_RDONLY | O_CLOEXEC);
	char buffer[65536];
	size_t done = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0) {
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0)
			return -errno;
		if ((size_t)n > length - done ||
		    memcmp(buffer, content + done, (size_t)n) != 0)
			return 0;
		done += (size_t)n;
	}
	return done == length;
}

static int plan_file(struct plan *plan, const char *source, uint64_t bytes,
		     const char *path)
{
	_cleanup_free_ char *content = NULL;
	struct prep_boot_entry old;
	size_t length;
	int same, error;

	if (bytes > FILE_BYTES_MAX)
		return pbf_refuse(plan->why, -EFBIG, PBF_REASON_NO_OFFSET,
				  "%s: is larger than a file on a FAT can be",
				  source);
	error = prep_boot_find(plan->boot, path, &old, plan->why);
	if (error == -ENOENT)
		return add_task(plan, source, path, bytes, 0);
	if (error == 0 && old.is_directory)
		return pbf_refuse(plan->why, -EISDIR, PBF_REASON_NO_OFFSET,
				  "%s is a directory on the boot partition",
				  path);
	if (error < 0)
		return error;
	if (old.size_bytes != bytes)
		return add_task(plan, source, path, bytes, old.size_bytes);
	error = prep_boot_read(plan->boot, path, bytes, &content, &length,
			       plan->why);
	/* What cannot be read is replaced. */
	same = error < 0 ? 0 : has_content(source, content, length);
	if (same < 0)
		return pbf_refuse(plan->why, same, PBF_REASON_NO_OFFSET,
				  "%s: %s", source, strerror(-same));
	return same ? 0 : add_task(plan, source, path, bytes, old.size_bytes);
}

/* A link to a directory could lead to all there is on this machine. */
static int plan_link(struct plan *plan, const FTSENT *entry, const char *path)
{
	struct stat st;

	if (stat(entry->fts_accpath, &st) < 0)
		return pbf_refuse(plan->why, -errno, PBF_REASON_NO_OFFSET,
				  "%s: is a link that leads nowhere",
				  entry->fts_path);
	if (S_ISDIR(st.st_mode))
		return pbf_refuse(plan->why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
				  "%s: is a link to a directory: give that a "
				  "--copy of its own",
				  entry->fts_path);
	if (!S_ISREG(st.st_mode))
		return pbf_refuse(plan->why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
				  "%s: leads to neither a file nor a directory",
				  entry->fts_path);
	return plan_file(plan, entry->fts_accpath, (uint64_t)st.st_size, path);
}

static int plan_directory(struct plan *plan, const char *path)
{
	struct prep_boot_entry old;
	int error = prep_boot_find(plan->boot, path, &old, plan->why);

	if (error == -ENOENT)
		return add_task(plan, NULL, path, 0, 0);
	if (error == 0 && !old.is_directory)
		return pbf_refuse(plan->why, -ENOTDIR, PBF_REASON_NO_OFFSET,
				  "%s is no directory on the boot partition",
				  path);
	return error;
}

/* Plans what fts(3) came to; SOURCE_LENGTH is that of where it began. */
static int plan_entry(struct plan *plan, const FTSENT *entry,
		      size_t source_length, const char *place)
{
	_cleanup_free_ char *path = NULL;
	int error;

	if (entry->fts_info == FTS_DP)
		return 0;
	if (asprintf(&path, "%s%s", place, entry->fts_path + source_length) < 0)
		return -ENOMEM;
	/* A name that mtools cannot write is found before it writes another. */
	error = prep_mtools_check_new(path, plan->why);
	if (error < 0)
		return error;
	switch (entry->fts_info) {
	case FTS_D:
		return plan_directory(plan, path);
	case FTS_F:
		return plan_file(plan, entry->fts_accpath,
				 (uint64_t)entry->fts_statp->st_size, path);
	case FTS_SL:
		return plan_link(plan, entry, path);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return pbf_refuse(plan->why, -entry->fts_errno,
				  PBF_REASON_NO_OFFSET, "%s: %s",
				  entry->fts_path, strerror(entry->fts_errno));
	default:
		return pbf_refuse(plan->why, -EOPNOTSUPP, PBF_REASON_NO_OFFSET,
				  "%s: is neither a file nor a directory",
				  entry->fts_path);
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void close_walk(FTS **walk)
{
	if (*walk)
		fts_close(*walk);
}

/* The directories that PLACE is in. */
static int plan_parents(struct plan *plan, const char *place)
{
	_cleanup_free_ char *path = strdup(place);
	int error = path ? 0 : -ENOMEM;

	for (size_t i = 0; error == 0 && place[i]; i++) {
		if (place[i] != '/')
			continue;
		path[i] = '\0';
		error = plan_directory(plan, path);
		path[i] = '/';
	}
	return error;
}

static int plan_tree(struct plan *plan, char *source, const char *place)
{
	char *const roots[] = { source, NULL };
	_cleanup_(close_walk) FTS *walk =
		fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	int error = 0;

	if (!walk)
		return -errno;
	while (error == 0) {
		FTSENT *entry;

		errno = 0;
		entry = fts_read(walk);
		if (!entry)
			return -errno;
		error = plan_entry(plan, entry, strlen(source), place);
	}
	return error;
}

/* The name of SOURCE, which may end in slashes; "." has that of its path. */
static int name_of(const char *source, char **ret_name)
{
	_cleanup_free_ char *copy = strdup(source), *whole = NULL;
	const char *name = copy ? basename(copy) : NULL;

	if (name && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)) {
		whole = realpath(source, NULL);
		name = whole ? strrchr(whole, '/') + 1 : NULL;
	}
	*ret_name = name ? strdup(name) : NULL;
	return *ret_name ? 0 : -ENOMEM;
}

/*
 * Leaves one slash between two names, and none else; whether there was one at
 * the end.
 */
static bool drop_slashes(char *path)
{
	char *end = path;

	for (const char *next = path; *next; next++)
		if (*next != '/' || (end > path && end[-1] != '/'))
			*end++ = *next;
	*end = '\0';
	if (end == path || end[-1] != '/')
		return false;
	end[-1] = '\0';
	return true;
}

/* Where COPY goes, for the caller to free; *ret_source likewise. */
static int find_place(const struct prep_boot *boot,
		      const struct prep_copy *copy, char **ret_source,
		      char **ret_place, struct pbf_reason *why)
{
	_cleanup_free_ char *path = strdup(copy->path), *name = NULL;
	struct prep_boot_entry entry = { .is_directory = true };
	bool is_slashed = false;
	int error = 0;

	*ret_source = realpath(copy->source, NULL);
	if (!*ret_source)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET, "%s: %s",
				  copy->source, strerror(errno));
	if (!path || name_of(copy->source, &name) < 0)
		return -ENOMEM;
	is_slashed = drop_slashes(path);
	if (path[0] != '\0')
		error = prep_boot_find(boot, path, &entry, why);
	if (error < 0 && error != -ENOENT)
		return error;
	if (error == 0 && is_slashed && !entry.is_directory)
		return pbf_refuse(why, -ENOTDIR, PBF_REASON_NO_OFFSET,
				  "%s is no directory on the boot partition",
				  path);
	if (error == -ENOENT)
		entry.is_directory = is_slashed;
	if (entry.is_directory)
		error = asprintf(ret_place, "%s%s%s", path, path[0] ? "/" : "",
				 name);
	else
		error = asprintf(ret_place, "%s", path);
	return error < 0 ? -ENOMEM : 0;
}

static uint64_t clusters_of(uint64_t bytes, uint32_t cluster_bytes)
{
	return (bytes + cluster_bytes - 1) / cluster_bytes;
}

static int check_space(const struct plan *plan)
{
	char size[PREP_SIZE_TEXT_BYTES], room[PREP_SIZE_TEXT_BYTES];
	struct prep_boot_space space;
	uint64_t needed = 0;
	int error = prep_boot_space(plan->boot, &space, plan->why);

	if (error < 0)
		return error;
	for (size_t i = 0; i < plan->count; i++) {
		const struct task *task = &plan->tasks[i];
		uint64_t more = 1, less = 0;

		if (task->source) {
			more = clusters_of(task->new_bytes,
					   space.cluster_bytes);
			less = clusters_of(task->old_bytes,
					   space.cluster_bytes);
		}
		/* mcopy removes the old file before it writes the new one. */
		needed += more;
		needed -= less < needed ? less : needed;
		if (needed <= space.free_clusters)
			continue;
		return pbf_refuse(
			plan->why, -ENOSPC, PBF_REASON_NO_OFFSET,
			"%s%s %s, but the boot partition has %s free: make "
			"room by --remove",
			task->path,
			i > 0 ? " and the files before it need" : " needs",
			prep_size_text(needed * space.cluster_bytes, size),
			prep_size_text(space.free_clusters *
					       (uint64_t)space.cluster_bytes,
				       room));
	}
	return 0;
}

static int carry_out(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct task *task = &plan->tasks[i];
		struct pbf_reason reason = { .text = "" };
		int error = task->source ?
				    prep_boot_put(plan->boot, task->source,
						  task->path, &reason) :
				    prep_boot_make_directory(
					    plan->boot, task->path, &reason);

		if (error < 0)
			return pbf_refuse(plan->why, error,
					  PBF_REASON_NO_OFFSET, "%s: %s",
					  task->path, reason.text);
		if (task->source)
			prep_tell("%s: copied from %s", task->path,
				  task->source);
	}
	return 0;
}

static int copy_one(const struct prep_boot *boot, const struct prep_copy *copy,
		    struct pbf_reason *why)
{
	_cleanup_(clear_plan) struct plan plan = { .boot = boot, .why = why };
	_cleanup_free_ char *source = NULL, *place = NULL;
	int error = find_place(boot, copy, &source, &place, why);

	if (error == 0)
		error = plan_parents(&plan, place);
	if (error == 0)
		error = plan_tree(&plan, source, place);
	if (error == 0)
		error = check_space(&plan);
	if (error == 0 && plan.count == 0)
		prep_tell_more("%s: is there already", place);
	return error < 0 ? error : carry_out(&plan);
}

int prep_copy_files(const struct prep_boot *boot,
		    const struct prep_copy *copies, size_t count,
		    struct pbf_reason *why)
{
	int error = 0;

	for (size_t i = 0; error == 0 && i < count; i++)
		error = copy_one(boot, &copies[i], why);
	return error;
}
