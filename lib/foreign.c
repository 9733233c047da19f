/* SPDX-License-Identifier: BSD-2-Clause */
#include "foreign.h"

#include <string.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define NOT_RAW ", not a raw image: "
#define UNPACK NOT_RAW "unpack it (pibootfs-prep does)"
#define CONVERT NOT_RAW "convert it with qemu-img convert -O raw"

#define XZ "xz-compressed" UNPACK
#define GZIP "gzip-compressed" UNPACK
#define ZSTD "zstd-compressed" UNPACK
#define BZIP2 "bzip2-compressed" UNPACK
#define ZIP "a zip archive" NOT_RAW "unpack it"
#define QCOW2 "a qcow2 image" CONVERT
#define VHD "a VHD image" CONVERT
#define VHDX "a VHDX image" CONVERT
#define VMDK "a VMDK image" CONVERT
#define VDI "a VDI image" CONVERT

static const struct {
	const char *magic;
	size_t length, offset;
	const char *text;
} magics[] = {
	{ "\xfd\x37zXZ", 6, 0, XZ },
	{ "\x1f\x8b\x08", 3, 0, GZIP },
	{ "\x28\xb5\x2f\xfd", 4, 0, ZSTD },
	{ "1AY&SY", 6, 4, BZIP2 }, /* behind "BZh" and a digit */
	{ "PK\3\4", 4, 0, ZIP },
	{ "QFI\xfb", 4, 0, QCOW2 },
	{ "conectix", 8, 0, VHD },
	{ "vhdxfile", 8, 0, VHDX },
	{ "KDMV", 4, 0, VMDK },
	{ "COWD", 4, 0, VMDK },
	{ "# Disk DescriptorFile", 21, 0, VMDK },
	{ "\x7f\x10\xda\xbe", 4, 64, VDI },
};

static const struct {
	const char *suffix, *text;
} names[] = {
	{ ".img.xz", XZ },     { ".raw.xz", XZ },    { ".img.gz", GZIP },
	{ ".raw.gz", GZIP },   { ".img.zst", ZSTD }, { ".raw.zst", ZSTD },
	{ ".img.bz2", BZIP2 }, { ".img.zip", ZIP },  { ".zip", ZIP },
	{ ".qcow2", QCOW2 },   { ".vhd", VHD },	     { ".vhdx", VHDX },
	{ ".vmdk", VMDK },     { ".vdi", VDI },
};

const char *pbf_foreign_by_head(const unsigned char *head, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (length >= magics[i].offset + magics[i].length &&
		    memcmp(head + magics[i].offset, magics[i].magic,
			   magics[i].length) == 0)
			return magics[i].text;
	return NULL;
}

const char *
pbf_foreign_by_tail(const unsigned char tail[PBF_FOREIGN_TAIL_BYTES])
{
	return memcmp(tail, "conectix", 8) == 0 ? VHD : NULL;
}

const char *pbf_foreign_by_name(const char *entry,
				char ret_directory[PBF_ENTRY_BYTES])
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(entry);

		if (length >= PBF_ENTRY_BYTES ||
		    !pbf_has_suffix(entry, names[i].suffix))
			continue;
		length -= strlen(names[i].suffix);
		memcpy(ret_directory, entry, length);
		ret_directory[length] = '\0';
		return names[i].text;
	}
	return NULL;
}

const char *pbf_foreign_suffix(size_t index)
{
	return index < ARRAY_SIZE(names) ? names[index].suffix : NULL;
}
