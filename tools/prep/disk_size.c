/* SPDX-License-Identifier: BSD-2-Clause */
#include "disk_size.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checked.h"
#include "disk_gpt.h"

#define SECTOR_BYTES 512u
#define SIZE_BYTES_MAX ((uint64_t)INT64_MAX)

/* The factor that a unit stands for; false when it is none. */
static bool parse_unit(const char *unit, uint64_t *ret_factor)
{
	static const char letters[] = "KMGT";
	const char *letter = NULL;
	uint64_t factor = 1, base = 1024;

	if (unit[0] == '\0') {
		*ret_factor = 1;
		return true;
	}
	letter = strchr(letters, toupper((unsigned char)unit[0]));
	if (!letter)
		return false;
	if (strcasecmp(unit + 1, "B") == 0)
		base = 1000;
	else if (unit[1] != '\0' && strcasecmp(unit + 1, "iB") != 0)
		return false;
	for (const char *i = letters; i <= letter; i++)
		factor *= base;
	*ret_factor = factor;
	return true;
}

int prep_size_parse(const char *string, uint64_t *ret_bytes,
		    struct pbf_reason *why)
{
	unsigned long long number;
	uint64_t factor, bytes;
	char *unit;

	/* strtoull() would take blanks and signs as well. */
	if (!isdigit((unsigned char)string[0]))
		return pbf_refuse(
			why, -EINVAL, PBF_REASON_NO_OFFSET,
			"\"%s\" is no size, such as 8G or 16000000000", string);
	errno = 0;
	number = strtoull(string, &unit, 10);
	if (!parse_unit(unit, &factor) || (number == 0 && errno == 0))
		return pbf_refuse(
			why, -EINVAL, PBF_REASON_NO_OFFSET,
			"\"%s\" is no size, such as 8G or 16000000000", string);
	if (errno == ERANGE || !checked_mul(number, factor, &bytes) ||
	    bytes > SIZE_BYTES_MAX - SECTOR_BYTES)
		return pbf_refuse(why, -ERANGE, PBF_REASON_NO_OFFSET,
				  "\"%s\" is more than any file can have",
				  string);
	*ret_bytes = div_round_up(bytes, SECTOR_BYTES) * SECTOR_BYTES;
	return 0;
}

static int look_at_image(int image_fd, uint64_t size_bytes,
			 struct prep_growth *growth, struct pbf_reason *why)
{
	struct stat st;

	if (fstat(image_fd, &st) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "cannot be examined: %s", strerror(errno));
	growth->old_size_bytes = (uint64_t)st.st_size;
	if (growth->old_size_bytes > size_bytes)
		return pbf_refuse(why, -ERANGE, PBF_REASON_NO_OFFSET,
				  "has %llu bytes already, and is never made "
				  "smaller",
				  (unsigned long long)growth->old_size_bytes);
	return 0;
}

int prep_growth_plan(int image_fd, uint64_t size_bytes,
		     struct prep_growth *ret_growth, struct pbf_reason *why)
{
	_cleanup_growth_ struct prep_growth growth = { .content_fd = -1 };
	struct prep_gpt gpt = { 0 };
	int error = look_at_image(image_fd, size_bytes, &growth, why);

	if (error == 0)
		error = prep_gpt_find(image_fd, growth.old_size_bytes, &gpt,
				      why);
	if (error < 0)
		return error;
	growth.new_size_bytes = size_bytes;
	if (gpt.is_there) {
		growth.new_size_bytes =
			div_round_up(size_bytes, gpt.sector_bytes) *
			gpt.sector_bytes;
		error = prep_gpt_move_backup(
			image_fd, &gpt, growth.new_size_bytes, &growth.ranges,
			&growth.content_fd, why);
	}
	if (error < 0)
		return error;
	*ret_growth = growth;
	growth = (struct prep_growth){ .content_fd = -1 };
	return 0;
}

void prep_growth_release(struct prep_growth *growth)
{
	ranges_clear(&growth->ranges);
	if (growth->content_fd >= 0)
		close(growth->content_fd);
	growth->content_fd = -1;
}

int prep_disk_grow(int image_fd, uint64_t size_bytes, struct pbf_reason *why)
{
	_cleanup_growth_ struct prep_growth growth = { .content_fd = -1 };
	int error = prep_growth_plan(image_fd, size_bytes, &growth, why);

	if (error < 0)
		return error;
	if (ftruncate(image_fd, (off_t)growth.new_size_bytes) < 0)
		return pbf_refuse(why, -errno, PBF_REASON_NO_OFFSET,
				  "cannot grow to %llu bytes: %s",
				  (unsigned long long)growth.new_size_bytes,
				  strerror(errno));
	return ranges_write(&growth.ranges, image_fd, why);
}
