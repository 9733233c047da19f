/* SPDX-License-Identifier: BSD-2-Clause */
#include "initrd_cpio.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC_DIGITS 6u
#define NUMBER_DIGITS 8u
/* Places of numbers in a header, counted in numbers behind the magic. */
#define MODE 1u
#define SIZE 6u
#define NAME_SIZE 11u

#define TRAILER "TRAILER!!!"

/* Headers with their names, and contents, end at a multiple of 4. */
static uint32_t padding(uint64_t length)
{
	return (uint32_t)(-length & 3);
}

static bool read_number(const unsigned char *header, size_t index,
			uint32_t *ret_value)
{
	const unsigned char *digits =
		header + MAGIC_DIGITS + index * NUMBER_DIGITS;
	uint32_t value = 0;

	for (size_t i = 0; i < NUMBER_DIGITS; i++) {
		unsigned char c = digits[i];
		uint32_t digit;

		if (c >= '0' && c <= '9')
			digit = (uint32_t)c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = (uint32_t)c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			digit = (uint32_t)c - 'A' + 10;
		else
			return false;
		value = value << 4 | digit;
	}
	*ret_value = value;
	return true;
}

static int decode_header(struct prep_cpio *cpio, struct pbf_reason *why)
{
	uint64_t offset = cpio->taken_bytes - PREP_CPIO_HEADER_BYTES;
	const unsigned char *header = cpio->header;
	uint32_t size = 0;

	if (memcmp(header, "070701", MAGIC_DIGITS) != 0 &&
	    memcmp(header, "070702", MAGIC_DIGITS) != 0)
		return pbf_refuse(why, -EUCLEAN, offset,
				  "here should be a cpio header");
	if (!read_number(header, MODE, &cpio->mode) ||
	    !read_number(header, SIZE, &size) ||
	    !read_number(header, NAME_SIZE, &cpio->name_bytes))
		return pbf_refuse(why, -EUCLEAN, offset,
				  "a cpio header has something else than hex "
				  "digits");
	if (cpio->name_bytes == 0 || cpio->name_bytes > PREP_CPIO_NAME_BYTES)
		return pbf_refuse(why, -EUCLEAN, offset,
				  "a cpio member has a name of %u bytes",
				  cpio->name_bytes);
	cpio->size_bytes = size;
	return 0;
}

static void enter(struct prep_cpio *cpio, enum prep_cpio_state state,
		  uint64_t left_bytes)
{
	cpio->state = state;
	cpio->filled = 0;
	cpio->left_bytes = left_bytes;
}

/* Passes over the padding behind LENGTH bytes, then enters a state. */
static void enter_padded(struct prep_cpio *cpio, uint64_t length,
			 enum prep_cpio_state state)
{
	cpio->next_state = state;
	enter(cpio, PREP_CPIO_PADDING, padding(length));
}

/* The name of a member, or that which ends the archive. */
static int visit_name(struct prep_cpio *cpio, struct pbf_reason *why)
{
	const struct prep_cpio_member member = {
		.name = cpio->name,
		.mode = cpio->mode,
		.size_bytes = cpio->size_bytes,
	};

	if (cpio->name[cpio->name_bytes - 1] != '\0')
		return pbf_refuse(why, -EUCLEAN,
				  cpio->taken_bytes - cpio->name_bytes,
				  "the name of a cpio member does not end");
	if (strcmp(cpio->name, TRAILER) == 0) {
		cpio->next_state = PREP_CPIO_BETWEEN;
		return 0;
	}
	cpio->next_state = PREP_CPIO_CONTENT;
	return cpio->visitor.member(cpio->visitor.context, &member);
}

/* Goes on from a state that has all its bytes. */
static int advance(struct prep_cpio *cpio, struct pbf_reason *why)
{
	int error = 0;

	switch (cpio->state) {
	case PREP_CPIO_BETWEEN:
		break;
	case PREP_CPIO_HEADER:
		error = decode_header(cpio, why);
		enter(cpio, PREP_CPIO_NAME, cpio->name_bytes);
		break;
	case PREP_CPIO_NAME:
		error = visit_name(cpio, why);
		enter_padded(cpio, PREP_CPIO_HEADER_BYTES + cpio->name_bytes,
			     cpio->next_state);
		break;
	case PREP_CPIO_CONTENT:
		enter_padded(cpio, cpio->size_bytes, PREP_CPIO_HEADER);
		break;
	case PREP_CPIO_PADDING:
		enter(cpio, cpio->next_state,
		      cpio->next_state == PREP_CPIO_CONTENT ?
			      cpio->size_bytes :
		      cpio->next_state == PREP_CPIO_HEADER ?
			      PREP_CPIO_HEADER_BYTES :
			      0);
		break;
	}
	return error;
}

/* Puts the next bytes where the current state wants them. */
static size_t fill(struct prep_cpio *cpio, const unsigned char *bytes,
		   size_t length)
{
	const struct prep_cpio_visitor *visitor = &cpio->visitor;

	if (length > cpio->left_bytes)
		length = (size_t)cpio->left_bytes;
	if (cpio->state == PREP_CPIO_HEADER)
		memcpy(cpio->header + cpio->filled, bytes, length);
	else if (cpio->state == PREP_CPIO_NAME)
		memcpy(cpio->name + cpio->filled, bytes, length);
	else if (cpio->state == PREP_CPIO_CONTENT && visitor->content)
		visitor->content(visitor->context, bytes, length);
	cpio->filled += length;
	cpio->left_bytes -= length;
	cpio->taken_bytes += length;
	return length;
}

/* Passes over zeroes; false when something else than an archive begins. */
static bool pass_between(struct prep_cpio *cpio, const unsigned char *bytes,
			 size_t length, size_t *taken)
{
	size_t start = *taken;

	while (*taken < length && bytes[*taken] == 0)
		(*taken)++;
	cpio->taken_bytes += *taken - start;
	if (*taken == length)
		return true;
	if (bytes[*taken] != '0')
		return false;
	enter(cpio, PREP_CPIO_HEADER, PREP_CPIO_HEADER_BYTES);
	return true;
}

int prep_cpio_take(struct prep_cpio *cpio, const unsigned char *bytes,
		   size_t length, size_t *ret_taken, struct pbf_reason *why)
{
	size_t taken = 0;

	while (taken < length) {
		if (cpio->state == PREP_CPIO_BETWEEN) {
			if (!pass_between(cpio, bytes, length, &taken))
				break;
			continue;
		}
		taken += fill(cpio, bytes + taken, length - taken);
		/* Nothing to wait for in a state means no bytes to come. */
		while (cpio->state != PREP_CPIO_BETWEEN &&
		       cpio->left_bytes == 0) {
			int error = advance(cpio, why);

			if (error != 0)
				return error;
		}
	}
	*ret_taken = taken;
	return 0;
}

bool prep_cpio_is_complete(const struct prep_cpio *cpio)
{
	return cpio->state == PREP_CPIO_BETWEEN;
}
