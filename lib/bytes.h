/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Little-endian disk bytes to numbers.  Every field of a partition table, a
 * boot sector or a directory entry passes through here; nothing casts a
 * buffer to a packed struct.
 */
#ifndef PBF_BYTES_H
#define PBF_BYTES_H

#include <stdint.h>

static inline uint16_t get_le16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get_le32(const unsigned char *p)
{
	return (uint32_t)get_le16(p) | (uint32_t)get_le16(p + 2) << 16;
}

static inline uint64_t get_le64(const unsigned char *p)
{
	return (uint64_t)get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}

#endif
