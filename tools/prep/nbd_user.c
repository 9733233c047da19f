/* SPDX-License-Identifier: BSD-2-Clause */
#include "nbd_user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
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

/* Which of the three parts of a file's mode is USER's, as chmod(1) calls it. */
static char class_of(const struct passwd *user, const struct stat *st)
{
	if (user->pw_uid == st->st_uid)
		return 'u';
	return is_in_group(user->pw_name, user->pw_gid, st->st_gid) ? 'g' : 'o';
}

/* Whether the file's mode gives USER these bits, as S_IROTH and so on. */
static bool may(const struct passwd *user, const struct stat *st, mode_t bits)
{
	char class = class_of(user, st);

	if (user->pw_uid == 0)
		return true;
	if (class != 'o')
		bits <<= class == 'u' ? 6 : 3;
	return (st->st_mode & bits) == bits;
}

/*
 * The first directory of PATH that USER may not enter, in a copy of it, and
 * how that could be; NULL if there is none.
 */
static char *find_closed(const struct passwd *user, const char *path,
			 struct stat *ret_st)
{
	char *copy = strdup(path);

	for (size_t i = 0; copy && path[i]; i++) {
		if (path[i] != '/')
			continue;
		copy[i > 0 ? i : 1] = '\0';
		if (stat(copy, ret_st) == 0 && !may(user, ret_st, S_IXOTH))
			return copy;
		memcpy(copy, path, strlen(path));
	}
	free(copy);
	return NULL;
}

static unsigned int permissions(const struct stat *st)
{
	return (unsigned int)st->st_mode & 07777u;
}

__attribute__((format(printf, 1, 2))) static char *print(const char *format,
							 ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return text;
}

/* What opens the file to USER: another mode, or another owner. */
static char *remedy_of_file(const struct passwd *user, const struct stat *st,
			    const char *path)
{
	const mode_t needed = S_IRUSR | S_IWUSR;
	const char *name = user->pw_name;

	if (user->pw_uid == st->st_uid)
		return print("chmod u+rw %s", path);
	if ((st->st_mode & needed) != needed)
		return print("chown %s: %s && chmod u+rw %s", name, path, path);
	return print("chown %s: %s", name, path);
}

bool prep_user_may_write(const char *user, const struct stat *st,
			 const char *path, char **ret_obstacle,
			 char **ret_remedy)
{
	const struct passwd *entry = getpwnam(user);
	_cleanup_free_ char *closed = NULL, *of_directory = NULL,
			    *of_file = NULL;
	struct stat closed_st;

	*ret_obstacle = *ret_remedy = NULL;
	if (!entry)
		return false;
	closed = find_closed(entry, path, &closed_st);
	if (closed)
		of_directory = print("chmod %c+x %s",
				     class_of(entry, &closed_st), closed);
	if (!may(entry, st, S_IROTH | S_IWOTH))
		of_file = remedy_of_file(entry, st, path);
	else if (!closed)
		return true;
	if (closed)
		*ret_obstacle = print("the user %s may not enter the directory "
				      "%s, whose mode is %04o",
				      user, closed, permissions(&closed_st));
	else
		*ret_obstacle = print("the user %s may not write to %s, whose "
				      "owner is user %u and mode %04o",
				      user, path, (unsigned int)st->st_uid,
				      permissions(st));
	*ret_remedy = print("%s%s%s", of_directory ? of_directory : "",
			    of_directory && of_file ? " && " : "",
			    of_file ? of_file : "");
	return false;
}

int prep_user_give(const char *user, int fd)
{
	const struct passwd *entry = getpwnam(user);

	if (!entry)
		return -ENOENT;
	return fchown(fd, entry->pw_uid, entry->pw_gid) < 0 ? -errno : 0;
}
