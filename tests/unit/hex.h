/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes written as text that can be reviewed:
 *
 *	eb 3c 90	bytes
 *	20*11		a byte, repeated: a decimal number says how often
 *	"mkfs.fat"	bytes as ASCII
 *	@1fe		the position of the next byte, in hex
 *	# until the end of the line
 *
 * What is wrong in such a text fails the test that uses it.
 */
#ifndef PBF_UNIT_HEX_H
#define PBF_UNIT_HEX_H

#include <stddef.h>

/*
 * Writes the bytes of TEXT into BUFFER, and nothing between them: a text can
 * be laid over another.  Returns the position behind the last byte.
 */
size_t hex_parse(const char *text, unsigned char *buffer, size_t size);

/* As hex_parse(), with the text in the file NAME in fixtures/. */
size_t hex_load(const char *name, unsigned char *buffer, size_t size);

#endif
