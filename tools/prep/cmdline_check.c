/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmdline_check.h"

#include <stdbool.h>
#include <string.h>

#include "cmdline_words.h"
#include "text.h"

/* Of a word that may be hostile, no more is shown. */
#define SHOWN_MAX 100

/* COMMAND_LINE_SIZE of arm64; arm has half of it. */
#define KERNEL_LINE_BYTES 2048u

#define WHAT_TO_DO "run pibootfs-prep with --nbd-host"

/* A parameter: its last value, and how often it is there. */
struct parameter {
	struct prep_piece value;
	unsigned int count;
};

struct parameters {
	struct parameter nbdroot;
	struct parameter netroot; /* only "netroot=nbd:...", with the "nbd:" */
	struct parameter nbddev;
	struct parameter root;
	struct parameter ip;
	struct parameter neednet;
	struct parameter init;
	struct parameter resize; /* a word without value */
};

struct checker {
	const struct prep_cmdline_context *context;
	struct prep_findings *findings;
	struct parameters parameters;
	size_t line_bytes;
	struct prep_piece second_line;
	struct prep_piece stray; /* what looks like ours behind "--" */
};

/* For "%.*s". */
static int shown(struct prep_piece piece)
{
	return piece.length < SHOWN_MAX ? (int)piece.length : SHOWN_MAX;
}

static bool has_text(struct prep_piece piece, const char *text)
{
	return memmem(piece.start, piece.length, text, strlen(text)) != NULL;
}

/* Takes off the digits at its beginning, of which there has to be one. */
static bool cut_number(struct prep_piece *piece, unsigned int *ret_number)
{
	unsigned int number = 0;
	size_t digits = 0;

	while (digits < piece->length && piece->start[digits] >= '0' &&
	       piece->start[digits] <= '9' && digits < 9)
		number = number * 10 +
			 (unsigned int)(piece->start[digits++] - '0');
	piece->start += digits;
	piece->length -= digits;
	*ret_number = number;
	return digits > 0;
}

/* --- Reading --- */

static void take_word(struct parameters *parameters,
		      const struct prep_word *word)
{
	const struct {
		const char *key;
		struct parameter *parameter;
	} keys[] = {
		{ "nbdroot=", &parameters->nbdroot },
		{ "netroot=", &parameters->netroot },
		{ "nbddev=", &parameters->nbddev },
		{ "root=", &parameters->root },
		{ "ip=", &parameters->ip },
		{ "rd.neednet=", &parameters->neednet },
		{ "init=", &parameters->init },
	};

	if (prep_piece_is(word->piece, "resize"))
		parameters->resize.count++;
	if (prep_piece_is(word->piece, "rd.neednet"))
		parameters->neednet = (struct parameter){ { "1", 1 }, 1 };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct prep_piece value;

		if (!prep_word_value(word, keys[i].key, &value))
			continue;
		if (strcmp(keys[i].key, "netroot=") == 0 &&
		    !prep_starts_with(value.start, value.length, "nbd:"))
			continue;
		keys[i].parameter->value = value;
		keys[i].parameter->count++;
	}
}

/* Whether an initrd's scripts, which look at all words, would take it. */
static bool is_for_initrd(const struct prep_word *word)
{
	return prep_word_value(word, "nbdroot=", NULL) ||
	       prep_word_value(word, "netroot=", NULL) ||
	       prep_word_value(word, "root=", NULL) ||
	       prep_word_value(word, "ip=", NULL);
}

/* The line that people think the firmware takes as well. */
static struct prep_piece find_second_line(struct prep_piece rest)
{
	struct prep_line line;

	while (prep_next_line(&rest.start, &rest.length, &line)) {
		size_t blanks = prep_blanks(line.start, line.length);

		if (!prep_is_blank(line.start, line.length) &&
		    line.start[blanks] != '#')
			return (struct prep_piece){ line.start, line.length };
	}
	return (struct prep_piece){ rest.start, 0 };
}

static void read_text(struct checker *checker, const char *text, size_t length)
{
	struct prep_cmdline_parts parts;
	struct prep_word word;

	prep_cmdline_split(text, length, &parts);
	checker->second_line = find_second_line(parts.rest);
	checker->line_bytes = parts.line.length;
	while (prep_next_word(&parts.line, &word) &&
	       !prep_piece_is(word.piece, "--"))
		take_word(&checker->parameters, &word);
	while (prep_next_word(&parts.line, &word))
		if (is_for_initrd(&word))
			checker->stray = word.piece;
}

/* --- Judging --- */

static bool is_about_nbd(const struct parameters *parameters)
{
	struct prep_piece root = parameters->root.value;

	return parameters->nbdroot.count > 0 || parameters->netroot.count > 0 ||
	       parameters->nbddev.count > 0 ||
	       (parameters->root.count > 0 &&
		(prep_piece_cut(&root, "/dev/nbd") ||
		 prep_piece_cut(&root, "nbd:")));
}

/* As netboot's section of nbd-client's script splits it, and only so. */
static bool is_good_nbdroot(struct prep_piece value)
{
	const char *slash = memchr(value.start, '/', value.length);
	const char *comma = memchr(value.start, ',', value.length);
	const char *end = value.start + value.length;
	const char *second;
	size_t host;

	if (prep_piece_is(value, "dhcp"))
		return true;
	if (slash) {
		host = (size_t)(slash - value.start);
		return !comma && host > 0 && slash + 1 < end &&
		       slash[-1] != ':';
	}
	second = comma ? memchr(comma + 1, ',', (size_t)(end - comma - 1)) :
			 NULL;
	return second && comma > value.start && second > comma + 1 &&
	       prep_starts_with(second + 1, (size_t)(end - second - 1), "nbd");
}

static bool is_good_netroot(struct prep_piece value)
{
	const char *end = value.start + value.length;
	const char *colon, *bracket;

	prep_piece_cut(&value, "nbd:");
	bracket = memchr(value.start, ']', value.length);
	if (bracket && value.start[0] == '[') {
		value.start = bracket;
		value.length = (size_t)(end - bracket);
	}
	colon = memchr(value.start, ':', value.length);
	return colon && colon > value.start && colon + 1 < end;
}

/* Which of the two the scripts want, and which they do not know. */
static void check_server(const struct checker *checker)
{
	const struct parameters *parameters = &checker->parameters;
	const char *path = checker->context->path;
	bool is_dracut = checker->context->generator == PREP_INITRD_DRACUT;
	const struct parameter *wanted, *other;
	const char *wanted_key, *other_key, *maker;

	if (checker->context->generator == PREP_INITRD_UNKNOWN)
		is_dracut = parameters->netroot.count > 0;
	wanted = is_dracut ? &parameters->netroot : &parameters->nbdroot;
	other = is_dracut ? &parameters->nbdroot : &parameters->netroot;
	wanted_key = is_dracut ? "netroot=" : "nbdroot=";
	other_key = is_dracut ? "nbdroot=" : "netroot=";
	maker = is_dracut ? "dracut" : "initramfs-tools";
	if (wanted->count == 0 && other->count > 0)
		prep_warn(checker->findings,
			  "%s has %s, but the initrd was made by %s, whose "
			  "scripts want %s: the board will not connect to its "
			  "root disk; " WHAT_TO_DO,
			  path, other_key, maker, wanted_key);
	else if (wanted->count == 0)
		prep_warn(checker->findings,
			  "%s does not say by %s where the NBD server is: the "
			  "board will stop at waiting for its root "
			  "disk; " WHAT_TO_DO,
			  path, wanted_key);
	else if (other->count > 0)
		prep_warn(checker->findings,
			  "%s has both %s and %s: the board will take one of "
			  "them, which may be the wrong one; " WHAT_TO_DO
			  ", which leaves one",
			  path, wanted_key, other_key);
	if (wanted->count > 1)
		prep_warn(checker->findings,
			  "%s has %s more than once: the board will take one "
			  "of them, which may be the wrong one; " WHAT_TO_DO
			  ", which leaves one",
			  path, wanted_key);
	if (wanted->count > 0 && !(is_dracut ? is_good_netroot(wanted->value) :
					       is_good_nbdroot(wanted->value)))
		prep_warn(checker->findings,
			  "%s has %s%.*s, which the initrd's scripts do not "
			  "understand (they want %s): the board will not "
			  "connect to its root disk; " WHAT_TO_DO,
			  path, wanted_key, shown(wanted->value),
			  wanted->value.start,
			  is_dracut ? "nbd:HOST:NAME" : "HOST/NAME");
}

/* ROOT is /dev/nbd0, or a partition of it; REST is what follows. */
static void check_partition(const struct checker *checker,
			    struct prep_piece root, struct prep_piece rest)
{
	const struct prep_boot_disk *disk = checker->context->disk;
	const char *path = checker->context->path;
	unsigned int number = 0;

	if (rest.length == 0 && disk->table->count == 0)
		return;
	if (rest.length == 0)
		prep_warn(checker->findings,
			  "%s has root=%.*s, which is the whole disk and no "
			  "partition of it: the kernel will find no file "
			  "system there; " WHAT_TO_DO,
			  path, shown(root), root.start);
	else if (!prep_piece_cut(&rest, "p") || !cut_number(&rest, &number) ||
		 rest.length > 0 ||
		 !prep_boot_has_partition(disk->table, number))
		prep_warn(checker->findings,
			  "%s has root=%.*s, but the disk has no such "
			  "partition: the board will wait for it in "
			  "vain; " WHAT_TO_DO " and --root-partition",
			  path, shown(root), root.start);
	else if (number == disk->boot_partition)
		prep_warn(checker->findings,
			  "%s has root=%.*s, which is the boot partition: no "
			  "system will be found there; " WHAT_TO_DO
			  " and --root-partition",
			  path, shown(root), root.start);
}

static void check_root(const struct checker *checker)
{
	const struct parameter *root = &checker->parameters.root;
	const char *path = checker->context->path;
	struct prep_piece rest = root->value;
	unsigned int device;

	if (root->count == 0) {
		prep_warn(checker->findings,
			  "%s has no root=: the board will not know which "
			  "partition its system is on; " WHAT_TO_DO,
			  path);
		return;
	}
	if (root->count > 1)
		prep_warn(
			checker->findings,
			"%s has root= more than once: the last one counts "
			"for the kernel, but not for every script; " WHAT_TO_DO
			", which leaves one",
			path);
	if (prep_piece_cut(&rest, "/dev/nbd") && cut_number(&rest, &device))
		check_partition(checker, root->value, rest);
	else
		prep_warn(checker->findings,
			  "%s has root=%.*s and not root=/dev/nbd0pN: the "
			  "board may wait in vain for a disk that is not on "
			  "the network; " WHAT_TO_DO,
			  path, shown(root->value), root->value.start);
}

static void check_network(const struct checker *checker)
{
	const struct parameters *parameters = &checker->parameters;
	const char *path = checker->context->path;
	struct prep_piece ip = parameters->ip.value;
	struct prep_piece neednet = parameters->neednet.value;

	if (parameters->ip.count == 0 || ip.length == 0 ||
	    prep_piece_is(ip, "off") || prep_piece_is(ip, "none"))
		prep_warn(checker->findings,
			  "%s has no ip= that sets up the network: the board "
			  "cannot reach the NBD server; " WHAT_TO_DO
			  ", which adds ip=dhcp",
			  path);
	if (checker->context->generator == PREP_INITRD_DRACUT &&
	    (parameters->neednet.count == 0 || prep_piece_is(neednet, "0") ||
	     prep_piece_is(neednet, "no") || prep_piece_is(neednet, "off")))
		prep_warn(checker->findings,
			  "%s has no rd.neednet=1, without which an initrd of "
			  "dracut may leave the network down: the board will "
			  "not reach the NBD server; " WHAT_TO_DO,
			  path);
}

/* What is for an SD card's first boot. */
static void check_first_boot(const struct checker *checker)
{
	const struct parameters *parameters = &checker->parameters;
	struct prep_piece init = parameters->init.value;
	const char *path = checker->context->path;

	if (parameters->init.count > 0 &&
	    (has_text(init, "firstboot") || has_text(init, "init_resize")))
		prep_warn(checker->findings,
			  "%s has init=%.*s: instead of the system a program "
			  "will start that re-partitions an SD card, and fail "
			  "or damage the disk; " WHAT_TO_DO ", which drops it",
			  path, shown(init), init.start);
	if (parameters->resize.count > 0)
		prep_warn(checker->findings,
			  "%s has \"resize\": the initrd will try to resize a "
			  "partition of an SD card, and fail or damage the "
			  "disk; " WHAT_TO_DO ", which drops it",
			  path);
}

/* What it has that does not count, or not for everybody. */
static void check_line(const struct checker *checker)
{
	const char *path = checker->context->path;
	struct prep_piece second = checker->second_line;

	if (checker->stray.length > 0)
		prep_warn(
			checker->findings,
			"%s has %.*s behind \"--\": the kernel leaves that to "
			"init, but the initrd's scripts may take "
			"it; " WHAT_TO_DO ", which drops it",
			path, shown(checker->stray), checker->stray.start);
	if (checker->line_bytes >= KERNEL_LINE_BYTES)
		prep_warn(checker->findings,
			  "%s has a line of %zu bytes: a kernel takes fewer "
			  "than %u together with what the firmware adds, and "
			  "will miss the end of it; make it shorter",
			  path, checker->line_bytes, KERNEL_LINE_BYTES);
	if (second.length > 0)
		prep_warn(checker->findings,
			  "%s has more than one line, of which the firmware "
			  "reads the first: \"%.*s\" has no effect; put all "
			  "into one line",
			  path, shown(second), second.start);
}

void prep_cmdline_check(const struct prep_cmdline_context *context,
			const char *text, size_t length,
			struct prep_findings *findings)
{
	struct checker checker = { .context = context, .findings = findings };

	read_text(&checker, text, length);
	if (!is_about_nbd(&checker.parameters)) {
		prep_warn(
			findings,
			"%s says nothing of NBD: the board will look for its "
			"root disk on an SD card and not find it; " WHAT_TO_DO,
			context->path);
		return;
	}
	check_server(&checker);
	check_root(&checker);
	check_network(&checker);
	check_first_boot(&checker);
	check_line(&checker);
}
