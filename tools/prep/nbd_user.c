/* SPDX-License-Identifier: BSD-2-Clause */
#include "nbd_user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

#define GROUPS_MAX 256

bool prep_user_exists(const char *user)
{
	return getpwnam(user) != NULL;
}

static bool is_in_group(const char *user, gid_t primary, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int count = GROUPS_MAX;

	if (getgrouplist(user, primary, groups, &count) < 0)
		count = 0;
	for (int i = 0; i < count; i++)
		if (groups[i] == group)
			return true;
	return primary == group;
}

/* Whether the file's mode gives USER these bits, S_IWOTH or S_IXOTH. */
static bool may(const struct passwd *user, const struct stat *st, mode_t bits)
{
	if (user->pw_uid == 0)
		return true;
	if (user->pw_uid == st->st_uid)
		return st->st_mode & (bits << 6);
	if (is_in_group(user->pw_name, user->pw_gid, st->st_gid))
		return st->st_mode & (bits << 3);
	return st->st_mode & bits;
}

static bool may_enter(const struct passwd *user, const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	struct stat st;

	for (size_t i = 1; copy && path[i]; i++) {
		if (path[i] != '/')
			continue;
		copy[i] = '\0';
		if (stat(copy, &st) == 0 && !may(user, &st, S_IXOTH))
			return false;
		copy[i] = '/';
	}
	return true;
}

bool prep_user_may_write(const char *user, const struct stat *st,
			 const char *path)
{
	const struct passwd *entry = getpwnam(user);

	return entry && may(entry, st, S_IWOTH) && may_enter(entry, path);
}

int prep_user_give(const char *user, int fd)
{
	const struct passwd *entry = getpwnam(user);

	if (!entry)
		return -ENOENT;
	return fchown(fd, entry->pw_uid, entry->pw_gid) < 0 ? -errno : 0;
}
