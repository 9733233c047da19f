/* SPDX-License-Identifier: BSD-2-Clause */
#include "export_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "boot_entry.h"
#include "boot_partition.h"
#include "cmdline_files.h"
#include "cmdline_words.h"
#include "image_settings.h"
#include "tell.h"

/* The first name that one of the files says, "" for none. */
static int read_files(const struct prep_boot *boot,
		      char ret_name[PREP_NBD_SAID_NAME_BYTES],
		      struct pbf_reason *why)
{
	_cleanup_configs_ struct prep_boot_configs configs = { .boot = boot };
	_cleanup_cmdline_files_ struct prep_cmdline_files files = { 0 };
	int error = prep_cmdline_files_find(&configs, &files, why);

	ret_name[0] = '\0';
	for (size_t i = 0; error == 0 && i < files.count && !ret_name[0]; i++) {
		_cleanup_free_ char *text = NULL;
		struct prep_nbd_said said;
		size_t length;

		error = prep_boot_read(boot, files.items[i].path,
				       PREP_CMDLINE_BYTES_MAX, &text, &length,
				       why);
		if (error < 0)
			break;
		prep_nbd_said(text, length, &said);
		memcpy(ret_name, said.export_name, sizeof(said.export_name));
	}
	return error;
}

/* Reads them where they are: this is for a look only. */
static int read_image(const struct prep_options *options,
		      const struct prep_target *target, int fd,
		      char ret_name[PREP_NBD_SAID_NAME_BYTES],
		      struct pbf_reason *why)
{
	struct pbf_image_conf conf = { .partition = options->partition };
	struct prep_boot_partition place = { .offset_bytes = 0 };
	struct prep_boot boot = { .fd = fd };
	int error = 0;

	if (options->partition == 0)
		error = image_settings_read(target->path, &conf, why);
	if (error == 0)
		error = prep_boot_partition_find(fd, conf.partition, &place,
						 why);
	if (error < 0)
		return error;
	boot.offset_bytes = place.offset_bytes;
	boot.size_bytes = place.size_bytes;
	return read_files(&boot, ret_name, why);
}

/* Whether another image of the directory is called NAME. */
static bool is_of_another(const struct prep_target *target, const char *name)
{
	static const char *const suffixes[] = { ".img", ".raw" };
	char entry[PREP_NBD_SAID_NAME_BYTES + 4];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(entry, sizeof(entry), "%s%s", name, suffixes[i]);
		if (strcmp(entry, target->entry) != 0 &&
		    faccessat(target->directory_fd, entry, F_OK, 0) == 0)
			return true;
	}
	return false;
}

/* Whether NAME, which an image says, can be said again. */
static bool is_usable(const char *name)
{
	const struct prep_nbd_root root = {
		.initramfs = PREP_INITRAMFS_TOOLS,
		.host = "127.0.0.1",
		.export_name = name,
		.partition = 1,
	};

	return prep_nbd_root_check(&root, NULL) == 0;
}

int prep_export_name(const struct prep_options *options,
		     const struct prep_target *target,
		     char ret_name[PREP_NBD_SAID_NAME_BYTES],
		     struct pbf_reason *why)
{
	const char *name = options->nbd_name ? options->nbd_name : target->name;
	char said[PREP_NBD_SAID_NAME_BYTES] = "";
	int error = 0, fd = -1;

	snprintf(ret_name, PREP_NBD_SAID_NAME_BYTES, "%s", name);
	if (options->nbd_name || !target->exists ||
	    (!options->nbd_host && !options->nbd_conf))
		return 0;
	/* Not to wait for the other end of a pipe. */
	fd = open(target->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		error = read_image(options, target, fd, said, why);
		close(fd);
	}
	if (error == -ENOMEM || error == -ECANCELED)
		return error;
	if (error < 0 || strcmp(said, name) == 0 || !is_usable(said))
		return 0;
	if (is_of_another(target, said)) {
		prep_tell("%s: the export %s is that of another image, "
			  "and this one's is %s",
			  target->entry, said, name);
		return 0;
	}
	prep_tell("%s: the export keeps its name %s; --nbd-name changes "
		  "it",
		  target->entry, said);
	memcpy(ret_name, said, sizeof(said));
	return 0;
}
