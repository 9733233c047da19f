/* SPDX-License-Identifier: BSD-2-Clause */
#include "mount_options.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image_conf.h"

#define IO_TIMEOUT_MAX_SECONDS 3600

/* --- The values --- */

static bool parse_number(const char *text, int base, unsigned long long max,
			 unsigned long long *ret_number)
{
	unsigned long long number;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, base);
	if (errno != 0 || *end != '\0' || number > max)
		return false;
	*ret_number = number;
	return true;
}

uint64_t mount_options_ram_bytes(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) *
	       (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool take_snapshot_memory(struct options *options, const char *value)
{
	static const char suffixes[] = "KMGT";
	unsigned long long number, unit = 1, max = UINT64_MAX;
	char digits[32];
	size_t length = strlen(value);
	const char *suffix;

	if (length == 0 || length >= sizeof(digits))
		return false;
	memcpy(digits, value, length + 1);
	suffix = strchr(suffixes, digits[length - 1] & ~0x20);
	if (suffix && *suffix) {
		unit = 1ull << 10 * (suffix - suffixes + 1);
		max /= unit;
	} else if (digits[length - 1] == '%') {
		unit = mount_options_ram_bytes() / 100;
		max = 100;
	}
	if (unit != 1)
		digits[length - 1] = '\0';
	if (!parse_number(digits, 10, max, &number) || number == 0)
		return false;
	options->server.snapshot_memory_bytes = number * unit;
	return true;
}

static bool take_io_timeout(struct options *options, const char *value)
{
	unsigned long long seconds;

	if (!parse_number(value, 10, IO_TIMEOUT_MAX_SECONDS, &seconds) ||
	    seconds == 0)
		return false;
	options->server.io_timeout_ms = (int64_t)seconds * 1000;
	return true;
}

static bool take_partition(struct options *options, const char *value)
{
	return pbf_parse_partition(value, &options->server.image.partition);
}

static bool take_code_page(struct options *options, const char *value)
{
	return pbf_parse_code_page(value, &options->server.image.code_page);
}

static bool take_tryboot_alias(struct options *options, const char *value)
{
	options->server.image.tryboot_alias = strcmp(value, "auto") == 0;
	return options->server.image.tryboot_alias || strcmp(value, "off") == 0;
}

static bool take_deny(struct options *options, const char *value)
{
	return pbf_deny_add(&options->server.deny, value, &options->why) == 0;
}

static bool take_uid(struct options *options, const char *value)
{
	const struct passwd *user = getpwnam(value);
	unsigned long long number;

	if (user)
		options->server.uid = user->pw_uid;
	else if (parse_number(value, 10, UINT32_MAX - 1, &number))
		options->server.uid = (uid_t)number;
	else
		return false;
	return true;
}

static bool take_gid(struct options *options, const char *value)
{
	const struct group *group = getgrnam(value);
	unsigned long long number;

	if (group)
		options->server.gid = group->gr_gid;
	else if (parse_number(value, 10, UINT32_MAX - 1, &number))
		options->server.gid = (gid_t)number;
	else
		return false;
	return true;
}

static bool take_umask(struct options *options, const char *value)
{
	unsigned long long mode;

	if (!parse_number(value, 8, 0777, &mode))
		return false;
	options->server.umask = (mode_t)mode;
	if (mode != 0)
		options->server.default_permissions = true;
	return true;
}

static bool take_allow_other(struct options *options, const char *value)
{
	(void)value;
	options->allow_other = true;
	return true;
}

/* Nothing that could be remounted otherwise; "systemctl reload" asks for it. */
static bool take_remount(struct options *options, const char *value)
{
	(void)value;
	options->nothing_to_do = options->as_mount_helper;
	return options->as_mount_helper;
}

static bool take_default_permissions(struct options *options, const char *value)
{
	(void)value;
	options->server.default_permissions = true;
	return true;
}

/* --- The names --- */

enum form {
	FLAG,	/* NAME */
	VALUE,	/* NAME=VALUE */
	ANY,	/* either */
	PREFIX, /* NAME and whatever follows */
};

struct mount_option {
	const char *name;
	/* False when the value is not understood.  NULL: nothing to take. */
	bool (*take)(struct options *options, const char *value);
	enum form form;
	bool passed; /* on to the kernel, through libfuse */
};

/*
 * What is ignored either has a fixed value here (ro, nodev, nosuid), means
 * nothing for a read-only mount, or is for programs that read /etc/fstab.
 */
static const struct mount_option mount_options[] = {
	{ "partition", take_partition, VALUE, false },
	{ "codepage", take_code_page, VALUE, false },
	{ "snapshot_memory", take_snapshot_memory, VALUE, false },
	{ "io_timeout", take_io_timeout, VALUE, false },
	{ "tryboot_alias", take_tryboot_alias, VALUE, false },
	{ "deny", take_deny, VALUE, false },
	{ "uid", take_uid, VALUE, false },
	{ "gid", take_gid, VALUE, false },
	{ "umask", take_umask, VALUE, false },
	{ "allow_other", take_allow_other, FLAG, false },
	{ "default_permissions", take_default_permissions, FLAG, false },
	{ "remount", take_remount, FLAG, false },
	{ "noexec", NULL, FLAG, true },
	{ "context", NULL, VALUE, true },
	{ "fscontext", NULL, VALUE, true },
	{ "defcontext", NULL, VALUE, true },
	{ "rootcontext", NULL, VALUE, true },
	{ "fsname", NULL, VALUE, true },
	{ "subtype", NULL, VALUE, true },
	{ "ro", NULL, FLAG, false },
	{ "rw", NULL, FLAG, false },
	{ "dev", NULL, FLAG, false },
	{ "nodev", NULL, FLAG, false },
	{ "suid", NULL, FLAG, false },
	{ "nosuid", NULL, FLAG, false },
	{ "exec", NULL, FLAG, false },
	{ "sync", NULL, FLAG, false },
	{ "async", NULL, FLAG, false },
	{ "dirsync", NULL, FLAG, false },
	{ "atime", NULL, FLAG, false },
	{ "noatime", NULL, FLAG, false },
	{ "diratime", NULL, FLAG, false },
	{ "nodiratime", NULL, FLAG, false },
	{ "relatime", NULL, FLAG, false },
	{ "norelatime", NULL, FLAG, false },
	{ "strictatime", NULL, FLAG, false },
	{ "nostrictatime", NULL, FLAG, false },
	{ "lazytime", NULL, FLAG, false },
	{ "nolazytime", NULL, FLAG, false },
	{ "defaults", NULL, FLAG, false },
	{ "auto", NULL, FLAG, false },
	{ "noauto", NULL, FLAG, false },
	{ "user", NULL, ANY, false },
	{ "nouser", NULL, FLAG, false },
	{ "users", NULL, FLAG, false },
	{ "owner", NULL, FLAG, false },
	{ "group", NULL, FLAG, false },
	{ "nofail", NULL, FLAG, false },
	{ "_netdev", NULL, FLAG, false },
	/* The kernel's own, which a remount hands back. */
	{ "user_id", NULL, VALUE, false },
	{ "group_id", NULL, VALUE, false },
	{ "comment", NULL, VALUE, false },
	{ "x-", NULL, PREFIX, false },
	{ "X-", NULL, PREFIX, false },
};

static const struct mount_option *find_mount_option(const char *text)
{
	size_t length = strcspn(text, "=");
	bool has_value = text[length] == '=';

	for (size_t i = 0; i < sizeof(mount_options) / sizeof(mount_options[0]);
	     i++) {
		const struct mount_option *option = &mount_options[i];

		if (option->form == PREFIX) {
			if (strncmp(text, option->name, strlen(option->name)) ==
			    0)
				return option;
			continue;
		}
		if (strlen(option->name) == length &&
		    strncmp(text, option->name, length) == 0 &&
		    (option->form == ANY ||
		     has_value == (option->form == VALUE)))
			return option;
	}
	return NULL;
}

/* Appends TEXT, which may hold escaped commas, to what libfuse gets. */
static bool pass_on(struct options *options, const char *text)
{
	char *longer;

	if (asprintf(&longer, "%s,%s", options->mount_options, text) < 0)
		return false;
	free(options->mount_options);
	options->mount_options = longer;
	return true;
}

static bool take_mount_option(struct options *options, const char *text)
{
	const struct mount_option *option = find_mount_option(text);
	const char *equals = strchr(text, '=');

	if (!option) {
		fprintf(stderr,
			"pibootfs: unknown mount option \"%s\"; see "
			"\"pibootfs --help\"\n",
			text);
		return false;
	}
	if (option->take && !option->take(options, equals ? equals + 1 : "")) {
		fprintf(stderr,
			"pibootfs: mount option \"%s\": %s; see "
			"\"pibootfs --help\"\n",
			text,
			options->why.text[0] ? options->why.text :
					       "value not understood");
		return false;
	}
	return !option->passed || pass_on(options, text);
}

/* Splits at commas that have no backslash before them. */
bool mount_options_take(struct options *options, char *text)
{
	while (*text) {
		size_t length = strcspn(text, ",");
		char *next;

		while (length > 0 && text[length] == ',' &&
		       text[length - 1] == '\\')
			length += 1 + strcspn(text + length + 1, ",");
		next = text + length + (text[length] == ',');
		text[length] = '\0';
		if (length > 0 && !take_mount_option(options, text))
			return false;
		text = next;
	}
	return true;
}
