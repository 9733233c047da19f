/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot partitions for tests, made by mkfs.vfat and mtools inside an image
 * file, and then taken out of it as pibootfs-prep does.
 */
#ifndef PBF_UNIT_BOOT_BENCH_H
#define PBF_UNIT_BOOT_BENCH_H

#include <stddef.h>

#include "boot_copy.h"
#include "packed.h"
#include "scratch.h"

struct boot_bench {
	struct scratch scratch;
	size_t size_bytes;
	struct prep_boot boot; /* after boot_bench_take() */
};

/* An empty one, with room for so many MiB. */
void boot_bench_make(struct boot_bench *bench, size_t size_mib);
void boot_bench_remove(struct boot_bench *bench);

/* Puts a file there, and the directory it is in. */
void boot_bench_put(const struct boot_bench *bench, const char *path,
		    const void *bytes, size_t length);
void boot_bench_write(const struct boot_bench *bench, const char *path,
		      const char *text);
/* Small files of these names, of which the last is NULL. */
void boot_bench_touch(const struct boot_bench *bench, const char *const *names);
void boot_bench_delete(const struct boot_bench *bench, const char *path);

/* Overwrites a byte of the partition. */
void boot_bench_poke(const struct boot_bench *bench, size_t offset_bytes,
		     unsigned char byte);

/* Copies the partition as it is now to bench->boot. */
void boot_bench_take(struct boot_bench *bench);

/* A kernel that says it has this version, packed or not. */
void boot_bench_kernel(const struct boot_bench *bench, const char *path,
		       enum prep_format format, const char *version);

/* Adds a module's, or any other, file to an initrd. */
void packed_file(struct packed *packed, const char *name);

/* An initrd of initramfs-tools or dracut with all that NBD needs. */
void packed_tools(struct packed *packed, const char *version);
void packed_dracut(struct packed *packed, const char *version);

#endif
