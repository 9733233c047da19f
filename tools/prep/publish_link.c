/* SPDX-License-Identifier: BSD-2-Clause */
#include "publish_link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "refuse.h"
#include "temporary_name.h"

/* For other names, when one is taken. */
#define ATTEMPTS_MAX 100

bool prep_publish_leads_there(int directory_fd, const char *current,
			      const char *target)
{
	struct stat a, b;

	return strcmp(current, target) == 0 ||
	       (fstatat(directory_fd, current, &a, 0) == 0 &&
		fstatat(directory_fd, target, &b, 0) == 0 &&
		a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

static int move_link(int directory_fd, const char *name, const char *target,
		     struct pbf_reason *why)
{
	char temporary[NAME_MAX + 1];
	int result = -1;

	for (int attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
		if (prep_temporary_name(name, temporary) < 0)
			break;
		result = symlinkat(target, directory_fd, temporary);
		if (result == 0 || errno != EEXIST)
			break;
	}
	if (result < 0)
		return refuse_errno("cannot be made", name, why);
	if (renameat(directory_fd, temporary, directory_fd, name) < 0) {
		result = refuse_errno("cannot be replaced", name, why);
		unlinkat(directory_fd, temporary, 0);
	}
	return result;
}

int prep_publish_link(int directory_fd, const char *name, const char *target,
		      bool may_move, enum prep_link_outcome *ret_outcome,
		      struct pbf_reason *why)
{
	enum prep_link_outcome outcome = PREP_LINK_MADE;
	char current[PATH_MAX] = "";
	ssize_t n;
	int error;

	if (symlinkat(target, directory_fd, name) < 0) {
		if (errno != EEXIST)
			return refuse_errno("cannot be made", name, why);
		n = readlinkat(directory_fd, name, current,
			       sizeof(current) - 1);
		if (n < 0)
			return pbf_refuse(why, -EEXIST, PBF_REASON_NO_OFFSET,
					  "%s is there already, and is no link",
					  name);
		if (prep_publish_leads_there(directory_fd, current, target)) {
			*ret_outcome = PREP_LINK_KEPT;
			return 0;
		}
		if (!may_move)
			return pbf_refuse(why, -EEXIST, PBF_REASON_NO_OFFSET,
					  "%s leads to %s already", name,
					  current);
		error = move_link(directory_fd, name, target, why);
		if (error < 0)
			return error;
		outcome = PREP_LINK_MOVED;
	}
	if (fsync(directory_fd) < 0)
		return refuse_errno("cannot be written to the disk", name, why);
	*ret_outcome = outcome;
	return 0;
}
