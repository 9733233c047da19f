/* SPDX-License-Identifier: BSD-2-Clause */
#include "config-bench.h"

#include "unit.h"

struct prep_config config_read_by(const char *text,
				  const struct prep_config_reader *reader)
{
	const struct prep_config_file file = { "config.txt", text,
					       strlen(text) };
	struct prep_config config;

	assert_int_equal(prep_config_parse(&file, 1, reader, &config, NULL), 0);
	assert_string_equal(config.missing_include, "");
	return config;
}

struct prep_config config_of(const char *text, const char *board)
{
	struct prep_config_reader reader = { 0 };

	if (board) {
		reader.board = prep_pi_board_find(board);
		assert_non_null(reader.board);
	}
	return config_read_by(text, &reader);
}

void assert_kernel(const char *text, const char *board, const char *kernel)
{
	assert_string_equal(config_of(text, board).kernel, kernel);
}
