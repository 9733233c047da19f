/* SPDX-License-Identifier: BSD-2-Clause */
#include "dnsmasq_conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf_value.h"

/* Its line has to be one that dnsmasq reads. */
#define PATH_BYTES_MAX 400u
#define INTERFACE_BYTES_MAX 15u

#define BLOCK_BEGIN "# pibootfs: begin"
#define BLOCK_END "# pibootfs: end"

/* A network, as dnsmasq is told of it. */
struct network {
	char address[INET_ADDRSTRLEN];
	char mask[INET_ADDRSTRLEN]; /* "": that of the interface */
};

struct dnsmasq_conf {
	const char *text;
	size_t length;
	const struct prep_tftp *tftp;
	struct network network;
	/* The block: its bytes; both 0 if there is none. */
	size_t begin, end;
	struct prep_dnsmasq_said said;
	struct prep_builder out;
};

static void print_address(uint32_t address, char ret_text[INET_ADDRSTRLEN])
{
	struct in_addr in = { .s_addr = htonl(address) };

	inet_ntop(AF_INET, &in, ret_text, INET_ADDRSTRLEN);
}

/* "a.b.c.d" or "a.b.c.d/bits", of which the bits of the host are dropped. */
static bool parse_network(const char *subnet, struct network *ret_network)
{
	char address[INET_ADDRSTRLEN];
	size_t length = strcspn(subnet, "/");
	uint32_t mask = UINT32_MAX;
	unsigned long bits = 0;
	struct in_addr in;
	char *end;

	if (length >= sizeof(address))
		return false;
	memcpy(address, subnet, length);
	address[length] = '\0';
	if (inet_pton(AF_INET, address, &in) != 1 || in.s_addr == 0)
		return false;
	ret_network->mask[0] = '\0';
	if (subnet[length] == '/') {
		const char *digits = subnet + length + 1;

		bits = strtoul(digits, &end, 10);
		if (*digits < '0' || *digits > '9' || *end != '\0' ||
		    bits < 1 || bits > 30)
			return false;
		mask <<= 32 - bits;
		print_address(mask, ret_network->mask);
	}
	print_address(ntohl(in.s_addr) & mask, ret_network->address);
	return true;
}

bool prep_subnet_is_valid(const char *subnet)
{
	struct network network;

	return parse_network(subnet, &network);
}

static int check_tftp(const struct prep_tftp *tftp, struct pbf_reason *why)
{
	const char *name = tftp->interface;
	struct network network;

	if (tftp->subnet && !parse_network(tftp->subnet, &network))
		return prep_refuse_value(why, "the subnet", tftp->subnet,
					 "is not of the form 192.168.1.0 or "
					 "192.168.1.0/24");
	if (name && (name[0] == '\0' || strlen(name) > INTERFACE_BYTES_MAX ||
		     prep_has_control(name) || strpbrk(name, " /,:*#\"\\")))
		return prep_refuse_value(why, "the interface", name,
					 "cannot be named in dnsmasq's "
					 "configuration");
	return prep_check_path(tftp->root, PATH_BYTES_MAX, why);
}

/* Whether a line is a setting of KEY. */
static bool is_setting(const struct prep_line *line, const char *key)
{
	size_t blanks = prep_blanks(line->start, line->length);
	const char *start = line->start + blanks;
	size_t length = line->length - blanks, end;

	if (!prep_starts_with(start, length, key))
		return false;
	end = strlen(key);
	while (end < length && prep_is_blank(start + end, 1))
		end++;
	return end == length || start[end] == '=' || start[end] == '#';
}

/*
 * Whether dnsmasq has lines like this: a comment, or a keyword, alone or with
 * a value.  Other programs have "[section]", "Port 22" or "some.key=1".
 */
static bool is_dnsmasqs(const struct prep_line *line)
{
	size_t start = 0, end;

	while (start < line->length && prep_is_blank(line->start + start, 1))
		start++;
	end = start;
	while (end < line->length &&
	       ((line->start[end] >= 'a' && line->start[end] <= 'z') ||
		(line->start[end] >= '0' && line->start[end] <= '9') ||
		line->start[end] == '-'))
		end++;
	if (end == start)
		return end == line->length || line->start[end] == '#';
	while (end < line->length && prep_is_blank(line->start + end, 1))
		end++;
	return end == line->length || line->start[end] == '=' ||
	       line->start[end] == '#';
}

/*
 * Takes the value of a setting as dnsmasq does (option.c, read_file()), but
 * for escapes like \t: quotes keep commas and comments from being such.
 * Returns whether that is one value and not more, with commas between them.
 */
static bool get_value(const struct prep_line *line,
		      char ret_value[PREP_DNSMASQ_LINE_BYTES])
{
	const char *equals = memchr(line->start, '=', line->length);
	const char *end = line->start + line->length;
	size_t length = 0, kept = 0; /* kept: without blanks at the end */
	bool is_quoted = false;

	for (const char *p = equals ? equals + 1 : end;
	     p < end && length + 1 < PREP_DNSMASQ_LINE_BYTES; p++) {
		bool is_blank = !is_quoted && prep_is_blank(p, 1);

		if (*p == '"') {
			is_quoted = !is_quoted;
			continue;
		}
		if (is_quoted && *p == '\\' && p + 1 < end)
			p++;
		else if (!is_quoted && *p == ',')
			return false;
		else if (!is_quoted && *p == '#' && prep_is_blank(p - 1, 1))
			break;
		if (is_blank && length == 0)
			continue;
		ret_value[length++] = *p;
		if (!is_blank)
			kept = length;
	}
	ret_value[kept] = '\0';
	return true;
}

static void take_root(const struct prep_line *line,
		      struct prep_dnsmasq_said *said)
{
	char root[PREP_DNSMASQ_LINE_BYTES];
	size_t length;

	/* With a comma it is for one interface. */
	if (!is_setting(line, "tftp-root") || !get_value(line, root))
		return;
	length = strlen(root);
	while (length > 1 && root[length - 1] == '/')
		root[--length] = '\0';
	memcpy(said->root, root, length + 1);
}

static void take_line(const struct prep_line *line,
		      struct prep_dnsmasq_said *said)
{
	take_root(line, said);
	said->port |= is_setting(line, "port");
	said->binding |= is_setting(line, "bind-interfaces") ||
			 is_setting(line, "bind-dynamic");
	said->is_foreign |= !is_dnsmasqs(line);
}

/* Whether there is at most one block, and that whole. */
static bool find_block(struct dnsmasq_conf *conf)
{
	const char *text = conf->text;
	size_t left = conf->length;
	bool is_begun = false, is_ended = false, is_wrong = false;
	struct prep_line line;

	while (prep_next_line(&text, &left, &line)) {
		size_t end = (size_t)(text - conf->text);

		if (prep_starts_with(line.start, line.length, BLOCK_BEGIN)) {
			is_wrong |= is_begun;
			is_begun = true;
			conf->begin = (size_t)(line.start - conf->text);
		} else if (prep_starts_with(line.start, line.length,
					    BLOCK_END)) {
			is_wrong |= !is_begun || is_ended;
			is_ended = true;
			conf->end = end;
		} else if (!is_begun || is_ended) {
			take_line(&line, &conf->said);
		}
	}
	conf->said.block = is_begun || is_ended;
	return !is_wrong && is_begun == is_ended;
}

void prep_dnsmasq_conf_look(const char *text, size_t length,
			    struct prep_dnsmasq_said *ret_said)
{
	struct dnsmasq_conf conf = { .text = text, .length = length };

	find_block(&conf);
	*ret_said = conf.said;
}

/*
 * Writes a path so that dnsmasq reads it: commas separate arguments, a # after
 * a blank begins a comment, and in quotes neither does.
 */
static void put_path(struct prep_builder *out, const char *path)
{
	bool is_plain = !strpbrk(path, " ,#\"\\");

	if (!is_plain)
		prep_builder_add(out, "\"", 1);
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			prep_builder_add(out, "\\", 1);
		prep_builder_add(out, path, 1);
	}
	if (!is_plain)
		prep_builder_add(out, "\"", 1);
}

static void put_block(struct dnsmasq_conf *conf)
{
	const char *line_break = prep_line_break(conf->text, conf->length);
	const struct prep_tftp *tftp = conf->tftp;
	const struct network *network = &conf->network;
	struct prep_builder *out = &conf->out;

	prep_builder_print(
		out, BLOCK_BEGIN "; pibootfs-prep writes these lines anew%s",
		line_break);
	if (tftp->is_without_dns && !conf->said.port && !tftp->is_port_said)
		prep_builder_print(out, "port=0%s", line_break);
	if (tftp->interface) {
		prep_builder_print(out, "interface=%s%s", tftp->interface,
				   line_break);
		/* So that another server on another interface can be, too. */
		if (!conf->said.binding && !tftp->is_binding_said)
			prep_builder_print(out, "bind-dynamic%s", line_break);
	}
	if (tftp->subnet) {
		prep_builder_print(
			out, "dhcp-range=%s,proxy%s%s%s", network->address,
			network->mask[0] ? "," : "", network->mask, line_break);
		prep_builder_print(out, "pxe-service=0,\"Raspberry Pi Boot\"%s",
				   line_break);
	}
	prep_builder_print(out, "enable-tftp%stftp-root=", line_break);
	put_path(out, tftp->root);
	/* It may start before the tree is mounted. */
	prep_builder_print(out, "%stftp-no-fail%s" BLOCK_END "%s", line_break,
			   line_break, line_break);
}

static int edit_dnsmasq_conf(struct dnsmasq_conf *conf,
			     struct prep_text *ret_text, struct pbf_reason *why)
{
	int error;

	if (!find_block(conf))
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "it has not one line \"" BLOCK_BEGIN
				  "\" and then one \"" BLOCK_END
				  "\": remove what is left of that block");
	error = prep_builder_start(&conf->out);
	if (error < 0)
		return error;
	if (conf->end == 0) {
		conf->begin = conf->end = conf->length;
		prep_builder_add(&conf->out, conf->text, conf->length);
		prep_end_last_line(&conf->out, conf->text, conf->length);
	} else {
		prep_builder_add(&conf->out, conf->text, conf->begin);
	}
	put_block(conf);
	prep_builder_add(&conf->out, conf->text + conf->end,
			 conf->length - conf->end);
	return prep_builder_finish(&conf->out, ret_text);
}

int prep_dnsmasq_conf_edit(const char *text, size_t length,
			   const struct prep_tftp *tftp,
			   struct prep_text *ret_text, struct pbf_reason *why)
{
	struct dnsmasq_conf conf = { .text = text,
				     .length = length,
				     .tftp = tftp };
	int error = check_tftp(tftp, why);

	if (error < 0)
		return error;
	if (tftp->subnet)
		parse_network(tftp->subnet, &conf.network);
	error = edit_dnsmasq_conf(&conf, ret_text, why);
	prep_builder_free(&conf.out);
	return error;
}
