/* SPDX-License-Identifier: BSD-2-Clause */
#include "initrd_contents.h"

#include <string.h>
#include <sys/stat.h>

/* What modules.builtin has in the line of a kernel with nbd built in. */
static const char listed_nbd[] = "/nbd.ko\n";

/* Skips "/" and "./", which some archives have before each name. */
static const char *plain_name(const char *name)
{
	for (;;) {
		if (name[0] == '/')
			name++;
		else if (name[0] == '.' && name[1] == '/')
			name += 2;
		else
			return name;
	}
}

/* What follows PREFIX in NAME, or NULL. */
static const char *after(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(name, prefix, length) == 0 ? name + length : NULL;
}

/* As after(), also when /lib is in /usr. */
static const char *after_usr(const char *name, const char *prefix)
{
	const char *in_usr = after(name, "usr/");

	return after(in_usr ? in_usr : name, prefix);
}

static const char *base_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

static bool ends_with(const char *string, const char *end)
{
	size_t length = strlen(string), end_length = strlen(end);

	return length >= end_length &&
	       strcmp(string + length - end_length, end) == 0;
}

/* The kernel that has its modules in lib/modules/REST, noted if it is new. */
static struct prep_initrd_kernel *note_kernel(struct prep_initrd *initrd,
					      const char *rest)
{
	size_t length = strcspn(rest, "/");
	struct prep_initrd_kernel *kernel;

	if (length == 0 || length >= PREP_INITRD_VERSION_BYTES)
		return NULL;
	for (size_t i = 0; i < initrd->kernel_count; i++) {
		kernel = &initrd->kernels[i];
		if (strncmp(kernel->version, rest, length) == 0 &&
		    kernel->version[length] == '\0')
			return kernel;
	}
	if (initrd->kernel_count == PREP_INITRD_KERNELS_MAX)
		return NULL;
	kernel = &initrd->kernels[initrd->kernel_count++];
	memcpy(kernel->version, rest, length);
	kernel->version[length] = '\0';
	return kernel;
}

static bool is_nbd_module(const char *base)
{
	const char *rest = after(base, "nbd.ko");

	return rest && (strcmp(rest, "") == 0 || strcmp(rest, ".xz") == 0 ||
			strcmp(rest, ".zst") == 0 || strcmp(rest, ".gz") == 0);
}

static void note_module(struct prep_initrd_contents *contents, const char *rest,
			const struct prep_cpio_member *member)
{
	const char *in_kernel = strchr(rest, '/');
	struct prep_initrd_kernel *kernel;

	/* lib/modules may have files of its own; kernels are directories. */
	if (!in_kernel && !S_ISDIR(member->mode))
		return;
	kernel = note_kernel(&contents->initrd, rest);
	if (!kernel || !in_kernel || !S_ISREG(member->mode))
		return;
	if (is_nbd_module(base_name(in_kernel)))
		kernel->has_nbd = true;
	if (strcmp(in_kernel, "/modules.builtin") == 0)
		contents->listed = kernel;
}

static void note_generator(struct prep_initrd *initrd, const char *name)
{
	if (strcmp(name, "conf/initramfs.conf") == 0 ||
	    strcmp(name, "scripts/functions") == 0)
		initrd->generator = PREP_INITRD_INITRAMFS_TOOLS;
	else if (initrd->generator == PREP_INITRD_UNKNOWN &&
		 (after_usr(name, "lib/dracut/") ||
		  after(name, "var/lib/dracut/") ||
		  after_usr(name, "bin/dracut-")))
		initrd->generator = PREP_INITRD_DRACUT;
}

static bool is_nbd_client(const char *name)
{
	const char *rest = after_usr(name, "sbin/");

	if (!rest)
		rest = after_usr(name, "bin/");
	return rest && strcmp(rest, "nbd-client") == 0;
}

/* initramfs-tools' script; dracut's, of which either will do. */
static bool is_nbd_script(const char *name)
{
	const char *rest = after_usr(name, "sbin/");

	if (!rest)
		rest = after_usr(name, "bin/");
	return strcmp(name, "scripts/local-top/nbd") == 0 ||
	       (rest && strcmp(rest, "nbdroot") == 0) ||
	       (strstr(name, "dracut/hooks/") &&
		ends_with(name, "-parse-nbdroot.sh"));
}

void prep_initrd_note(struct prep_initrd_contents *contents,
		      const struct prep_cpio_member *member)
{
	struct prep_initrd *initrd = &contents->initrd;
	const char *name = plain_name(member->name);
	const char *module = after_usr(name, "lib/modules/");

	contents->listed = NULL;
	contents->matched = 0;
	initrd->members++;
	if (module)
		note_module(contents, module, member);
	if (S_ISDIR(member->mode))
		return;
	note_generator(initrd, name);
	initrd->has_nbd_client |= is_nbd_client(name);
	initrd->has_nbd_script |= is_nbd_script(name);
}

void prep_initrd_note_content(struct prep_initrd_contents *contents,
			      const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length && contents->listed; i++) {
		/* Only its first character is a "/": one step back is all. */
		if (bytes[i] != (unsigned char)listed_nbd[contents->matched])
			contents->matched = 0;
		if (bytes[i] == (unsigned char)listed_nbd[contents->matched])
			contents->matched++;
		if (listed_nbd[contents->matched] == '\0') {
			contents->listed->has_nbd = true;
			contents->listed = NULL;
		}
	}
}
