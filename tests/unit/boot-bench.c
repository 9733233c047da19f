/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot-bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "run_program.h"
#include "unit.h"

#define IMAGE "disk.img"
/* The partition does not begin where the image does. */
#define START_BYTES (1u << 20)
#define PATH_BYTES 256

/* What mtools and mkfs.vfat have to be told: where the image is. */
static void name_image(const struct boot_bench *bench, const char *suffix,
		       char ret_path[PATH_BYTES])
{
	snprintf(ret_path, PATH_BYTES, "%s/" IMAGE "%s", bench->scratch.path,
		 suffix);
}

static int run(const char *const *argv, const void *input, size_t length)
{
	const struct prep_program program = {
		.argv = argv,
		.input = input,
		.input_length = length,
		.fd = -1,
	};
	_cleanup_free_ char *output = NULL;
	struct pbf_reason why = { .text = "" };
	int status = -1;

	if (prep_run(&program, &output, &status, &why) < 0)
		fail_msg("%s: %s", argv[0], why.text);
	return status;
}

void boot_bench_make(struct boot_bench *bench, size_t size_mib)
{
	char path[PATH_BYTES], sectors[32], kib[32];
	const char *const argv[] = { "mkfs.vfat", "-F",	   "32", "-s", "1",
				     "--offset",  sectors, path, kib,  NULL };

	*bench = (struct boot_bench){ .size_bytes = size_mib << 20,
				      .boot = { .fd = -1 } };
	scratch_make(&bench->scratch);
	scratch_write(&bench->scratch, IMAGE, "", 0);
	scratch_truncate(&bench->scratch, IMAGE,
			 START_BYTES + bench->size_bytes);
	name_image(bench, "", path);
	snprintf(sectors, sizeof(sectors), "%u", START_BYTES / 512);
	snprintf(kib, sizeof(kib), "%zu", bench->size_bytes >> 10);
	assert_int_equal(run(argv, NULL, 0), 0);
}

void boot_bench_remove(struct boot_bench *bench)
{
	prep_boot_release(&bench->boot);
	scratch_remove(&bench->scratch);
}

void boot_bench_put(const struct boot_bench *bench, const char *path,
		    const void *bytes, size_t length)
{
	char image[PATH_BYTES], place[PATH_BYTES];
	const char *const make[] = {
		"mmd", "-D", "s", "-i", image, place, NULL
	};
	const char *const copy[] = { "mcopy", "-o",  "-i", image,
				     "-",     place, NULL };
	char *slash;

	name_image(bench, "@@1M", image);
	snprintf(place, sizeof(place), "::%s", path);
	slash = strrchr(place, '/');
	if (slash) {
		*slash = '\0';
		run(make, NULL, 0); /* it may be there */
		*slash = '/';
	}
	assert_int_equal(run(copy, bytes, length), 0);
}

void boot_bench_write(const struct boot_bench *bench, const char *path,
		      const char *text)
{
	boot_bench_put(bench, path, text, strlen(text));
}

void boot_bench_touch(const struct boot_bench *bench, const char *const *names)
{
	for (; *names; names++)
		boot_bench_write(bench, *names, "x");
}

void boot_bench_delete(const struct boot_bench *bench, const char *path)
{
	char image[PATH_BYTES], place[PATH_BYTES];
	const char *const argv[] = { "mdel", "-i", image, place, NULL };

	name_image(bench, "@@1M", image);
	snprintf(place, sizeof(place), "::%s", path);
	assert_int_equal(run(argv, NULL, 0), 0);
}

static int open_image(const struct boot_bench *bench, int flags)
{
	int fd = openat(bench->scratch.fd, IMAGE, flags | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

void boot_bench_poke(const struct boot_bench *bench, size_t offset_bytes,
		     unsigned char byte)
{
	_cleanup_close_ int fd = open_image(bench, O_WRONLY);

	assert_int_equal(
		pwrite(fd, &byte, 1, (off_t)(START_BYTES + offset_bytes)), 1);
}

void boot_bench_take(struct boot_bench *bench)
{
	_cleanup_close_ int fd = open_image(bench, O_RDONLY);
	struct pbf_reason why = { .text = "" };

	prep_boot_release(&bench->boot);
	if (prep_boot_copy_out(fd, START_BYTES, bench->size_bytes, &bench->boot,
			       &why) < 0)
		fail_msg("%s", why.text);
}

void boot_bench_kernel(const struct boot_bench *bench, const char *path,
		       enum prep_format format, const char *version)
{
	_cleanup_packed_ struct packed packed = { 0 };
	char text[256];
	size_t length;

	length = (size_t)snprintf(text, sizeof(text),
				  "code%cLinux version %s (root@host) #1\n", 0,
				  version);
	if (format == PREP_FORMAT_NONE)
		packed_add(&packed, text, length);
	else
		packed_compress(&packed, format, text, length);
	boot_bench_put(bench, path, packed.bytes, packed.length);
}

void packed_file(struct packed *packed, const char *name)
{
	packed_cpio(packed, name, 0100644, "x");
}

static void add_module(struct packed *packed, const char *version)
{
	char name[256];

	snprintf(name, sizeof(name),
		 "usr/lib/modules/%s/kernel/drivers/block/nbd.ko", version);
	packed_file(packed, name);
}

void packed_tools(struct packed *packed, const char *version)
{
	packed_file(packed, "conf/initramfs.conf");
	packed_file(packed, "scripts/local-top/nbd");
	packed_file(packed, "usr/sbin/nbd-client");
	add_module(packed, version);
	packed_cpio_end(packed);
}

void packed_dracut(struct packed *packed, const char *version)
{
	packed_file(packed, "usr/lib/dracut/build-parameter.txt");
	packed_file(packed, "usr/sbin/nbdroot");
	packed_file(packed, "usr/sbin/nbd-client");
	add_module(packed, version);
	packed_cpio_end(packed);
}
