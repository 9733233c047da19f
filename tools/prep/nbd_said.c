/* SPDX-License-Identifier: BSD-2-Clause */
#include "nbd_said.h"

#include <string.h>

#include "cmdline_words.h"

#define DIGITS "0123456789"

/* Takes what is there up to BYTE, and that; all of it if there is none. */
static struct prep_piece take_until(struct prep_piece *rest, char byte)
{
	const char *at = memchr(rest->start, byte, rest->length);
	struct prep_piece taken = *rest;
	size_t skipped = rest->length;

	if (at) {
		taken.length = (size_t)(at - rest->start);
		skipped = taken.length + 1;
	}
	rest->start += skipped;
	rest->length -= skipped;
	return taken;
}

static void copy(struct prep_piece piece, char *ret_text, size_t text_bytes)
{
	if (piece.length >= text_bytes)
		return;
	memcpy(ret_text, piece.start, piece.length);
	ret_text[piece.length] = '\0';
}

static void take_name(struct prep_piece name, struct prep_nbd_said *said)
{
	copy(name, said->export_name, sizeof(said->export_name));
}

/* The port behind a host, which may be an IPv6 address in brackets. */
static void take_port(struct prep_piece host, struct prep_nbd_said *said)
{
	const char *colon = memrchr(host.start, ':', host.length);
	const char *bracket = memrchr(host.start, ']', host.length);

	if (!colon || bracket > colon)
		return;
	copy((struct prep_piece){ colon + 1, (size_t)(host.start + host.length -
						      colon - 1) },
	     said->port, sizeof(said->port));
	if (strspn(said->port, DIGITS) != strlen(said->port))
		said->port[0] = '\0';
}

static void take_nbdroot(struct prep_piece value, struct prep_nbd_said *said)
{
	struct prep_piece host;

	if (memchr(value.start, ',', value.length)) {
		take_until(&value, ',');
		if (memchr(value.start, ',', value.length))
			take_name(take_until(&value, ','), said);
		return;
	}
	if (!memchr(value.start, '/', value.length))
		return;
	host = take_until(&value, '/');
	take_port(host, said);
	take_name(value, said);
}

static void take_netroot(struct prep_piece value, struct prep_nbd_said *said)
{
	if (!prep_piece_cut(&value, "nbd:"))
		return;
	if (value.length > 0 && value.start[0] == '[')
		take_until(&value, ']');
	take_until(&value, ':');
	take_name(take_until(&value, ':'), said);
	/* In place of a name there may be a port. */
	if (strspn(said->export_name, DIGITS) == strlen(said->export_name))
		said->export_name[0] = '\0';
}

/* Adds what VALUE says; of two that disagree neither counts. */
static void take(const struct prep_nbd_said *value, struct prep_nbd_said *said,
		 size_t count)
{
	if (count == 0)
		*said = *value;
	else if (strcmp(said->export_name, value->export_name) != 0 ||
		 strcmp(said->port, value->port) != 0)
		*said = (struct prep_nbd_said){ .port = "" };
}

void prep_nbd_said(const char *text, size_t length,
		   struct prep_nbd_said *ret_said)
{
	struct prep_cmdline_parts parts;
	struct prep_word word;
	size_t count = 0;

	*ret_said = (struct prep_nbd_said){ .port = "" };
	prep_cmdline_split(text, length, &parts);
	while (prep_next_word(&parts.line, &word) &&
	       !prep_piece_is(word.piece, "--")) {
		struct prep_nbd_said said = { .port = "" };
		struct prep_piece value;

		if (prep_word_value(&word, "nbdroot=", &value))
			take_nbdroot(value, &said);
		else if (prep_word_value(&word, "netroot=", &value))
			take_netroot(value, &said);
		else
			continue;
		take(&said, ret_said, count++);
	}
}
