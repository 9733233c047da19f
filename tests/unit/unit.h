/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every unit test begins with: cmocka and what it needs, the form of a
 * test, whose name is its claim, and what cannot be tested where.
 */
#ifndef PBF_UNIT_H
#define PBF_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reason.h"

#define TEST(claim) static void claim(void **state __attribute__((unused)))

/*
 * For a test that sees the program which runs us in place of another processor
 * (QEMU, by CMAKE_CROSSCOMPILING_EMULATOR), and not what we do.
 */
#define SKIP_WHERE_EMULATED(why)                                        \
	do {                                                            \
		if (getenv("PIBOOTFS_EMULATED")) {                      \
			print_message("not where emulated: %s\n", why); \
			skip();                                         \
		}                                                       \
	} while (0)

/* That WHY names this byte of the image, and says this among other things. */
#define assert_reason(why, offset, words)                                  \
	do {                                                               \
		assert_int_equal((why).offset_bytes, offset);              \
		if (!strstr((why).text, words))                            \
			fail_msg("\"%s\" does not say \"%s\"", (why).text, \
				 (const char *)(words));                   \
	} while (0)

#endif
