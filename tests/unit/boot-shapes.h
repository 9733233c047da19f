/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot partitions as distributions make them, small but with all that matters
 * to booting over NBD, and what pibootfs-prep says of them.
 */
#ifndef PBF_UNIT_BOOT_SHAPES_H
#define PBF_UNIT_BOOT_SHAPES_H

#include <stddef.h>

#include "boot-bench.h"
#include "boot_check.h"

#define SHAPE_MIB 40
#define SHAPE_VERSION "5.15.0-1005-raspi" /* of jammy */
#define SHAPE_CMDLINE "ip=dhcp nbdroot=192.168.1.10/x root=/dev/nbd0p2\n"
#define SHAPE_CMDLINE_DRACUT \
	"ip=dhcp netroot=nbd:192.168.1.10:x rd.neednet=1 root=/dev/nbd0p2\n"

/* Its config.txt. */
extern const char shape_jammy_config[];

/* Ubuntu 22.04, once it is prepared; for Pi 3, Pi 3+ and Pi 4. */
void shape_jammy(const struct boot_bench *bench);
void shape_jammy_but_kernel(const struct boot_bench *bench);
/* Ubuntu 25.10, once it is prepared; for Pi 4 and Pi 5. */
void shape_questing(const struct boot_bench *bench);
/* Raspberry Pi OS, once it is prepared; for Pi 3, Pi 4 and Pi 5. */
void shape_raspios(const struct boot_bench *bench);

/* Writes a compressed initrd with what MAKE puts into it. */
void shape_initrd(const struct boot_bench *bench, const char *path,
		  void (*make)(struct packed *packed, const char *version),
		  const char *version);

/* Makes FINDINGS anew, for a disk with partitions 1 (this one) and 2. */
void shape_look(struct boot_bench *bench, struct prep_findings *findings);

/* That there are so many warnings, one of which has these words. */
void assert_warned(struct boot_bench *bench, size_t count, const char *words);
/* That there is no warning, and a note with these words. */
void assert_noted(struct boot_bench *bench, const char *words);

/* A test that begins with Ubuntu 22.04 on BENCH. */
#define JAMMY_TEST(claim)                                 \
	static void claim##_in(struct boot_bench *bench); \
	static void claim(void **state)                   \
	{                                                 \
		claim##_in(*state);                       \
	}                                                 \
	static void claim##_in(struct boot_bench *bench)
#define JAMMY(claim) \
	cmocka_unit_test_setup_teardown(claim, shape_set_up, shape_tear_down)
int shape_set_up(void **state);
int shape_tear_down(void **state);

#endif
