/* SPDX-License-Identifier: BSD-2-Clause */
#include "tryboot.h"

#include <errno.h>

#include "boot_volume.h"
#include "deny.h"
#include "fat_entry.h"

static int read_autoboot(struct pbf_source *source,
			 struct pbf_autoboot *ret_autoboot,
			 struct pbf_reason *why)
{
	struct pbf_autoboot autoboot = { .partition = 0 };
	uint64_t size_bytes;
	int error = pbf_boot_volume_autoboot(source->volume, &autoboot,
					     &size_bytes, why);

	if (error < 0)
		return error;
	if (size_bytes > PBF_AUTOBOOT_BYTES_MAX)
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "autoboot.txt has %llu bytes, more than the "
				  "%u that a board reads",
				  (unsigned long long)size_bytes,
				  PBF_AUTOBOOT_BYTES_MAX);
	*ret_autoboot = autoboot;
	return 0;
}

int pbf_tryboot_find(struct pbf_source *source, const char *path,
		     struct pbf_found *ret_found, struct pbf_reason *why)
{
	static const struct pbf_fat_entry asked = { .name = "tryboot.txt",
						    .alias = "TRYBOOT.TXT" };
	_cleanup_found_ struct pbf_found found = { 0 };
	struct pbf_autoboot autoboot = { .partition = 0 };
	int error;

	if (!source->volume || !source->tryboot_alias ||
	    pbf_fat_entry_match(&asked, path) == PBF_NAME_DIFFERS ||
	    pbf_deny_has(source->deny, asked.name, asked.alias))
		return -ENOENT;
	error = read_autoboot(source, &autoboot, why);
	if (error < 0)
		return error;
	if (!autoboot.tryboot_a_b ||
	    (autoboot.tryboot_partition != 0 &&
	     autoboot.tryboot_partition != source->partition))
		return -ENOENT;
	error = pbf_source_find(source, "config.txt", &found, why);
	if (error < 0)
		return error;
	if (found.is_directory)
		return -ENOENT;
	*ret_found = found;
	found = (struct pbf_found){ 0 };
	return 0;
}
