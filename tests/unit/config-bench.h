/* SPDX-License-Identifier: BSD-2-Clause */
/* What config.txt says, when it is the only file and says TEXT. */
#ifndef PBF_UNIT_CONFIG_BENCH_H
#define PBF_UNIT_CONFIG_BENCH_H

#include "config_txt.h"

struct prep_config config_read_by(const char *text,
				  const struct prep_config_reader *reader);

/* To BOARD, a name; NULL: to no board in particular. */
struct prep_config config_of(const char *text, const char *board);

void assert_kernel(const char *text, const char *board, const char *kernel);

#endif
