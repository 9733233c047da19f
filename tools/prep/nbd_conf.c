/* SPDX-License-Identifier: BSD-2-Clause */
#include "nbd_conf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf_value.h"
#include "utf.h"

#define NAME_BYTES_MAX 255u
#define PATH_BYTES_MAX 4095u

static bool is_utf8(const char *string)
{
	while (*string) {
		uint32_t code_point = pbf_utf8_next(&string);

		/* That is how bytes come that are not UTF-8. */
		if (code_point >= 0xdc80 && code_point <= 0xdcff)
			return false;
	}
	return true;
}

static int check_export(const struct prep_export *export,
			struct pbf_reason *why)
{
	const char *name = export->name;
	size_t length = strlen(name);
	int error;

	if (length == 0 || length > NAME_BYTES_MAX)
		return prep_refuse_value(
			why, "the export", name,
			"has a name that is empty or too long");
	if (strpbrk(name, "/[]") || prep_has_control(name) || !is_utf8(name) ||
	    name[0] == ' ' || name[length - 1] == ' ')
		return prep_refuse_value(
			why, "the export", name,
			"has a name that nbd-server or an initrd would "
			"not understand: use letters, digits, dots and "
			"dashes");
	if (strcmp(name, "generic") == 0)
		return prep_refuse_value(
			why, "the export", name,
			"has the name of nbd-server's own section");
	error = prep_check_path(export->path, PATH_BYTES_MAX, why);
	if (error < 0)
		return error;
	if (strchr(export->path, '%') || !is_utf8(export->path))
		return prep_refuse_value(
			why, "the path", export->path,
			"has a % or is not UTF-8, which nbd-server "
			"does not understand: give the image, or its "
			"directory, another name");
	return 0;
}

/* The keys of an export that are looked for. */
enum export_key {
	KEY_PATH,
	KEY_FLUSH,
	KEY_FUA,
	KEY_TRIM,
	KEY_WRITTEN_COUNT,
	KEY_READ_ONLY = KEY_WRITTEN_COUNT, /* left as it is */
	KEY_COUNT
};

static const char *const key_names[KEY_COUNT] = { "exportname", "flush", "fua",
						  "trim", "readonly" };

struct nbd_conf {
	const char *text;
	size_t length;
	const struct prep_export *export;
	char *path; /* as GKeyFile has it */
	/* Keys that a section of that name has, there may be several. */
	bool is_said[KEY_COUNT];
	/* Behind the last key of the first one; 0 if there is none. */
	size_t end;
	struct prep_builder out;
};

/* Escapes PATH: '\' is GKeyFile's escape, and a blank at the end may go. */
static char *escape_path(const char *path)
{
	size_t length = strlen(path);
	char *escaped = malloc(2 * length + 1), *out = escaped;

	if (!escaped)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		bool is_last_blank = path[i] == ' ' && i + 1 == length;

		if (path[i] == '\\' || is_last_blank)
			*out++ = '\\';
		*out++ = (char)(is_last_blank ? 's' : path[i]);
	}
	*out = '\0';
	return escaped;
}

/* Whether it is a "[section]", and which. */
static bool parse_section(const struct prep_line *line, const char **ret_name,
			  size_t *ret_length)
{
	size_t blanks = prep_blanks(line->start, line->length);
	const char *start = line->start + blanks;
	const char *end = memchr(start, ']', line->length - blanks);

	if (!end || *start != '[')
		return false;
	*ret_name = start + 1;
	*ret_length = (size_t)(end - start - 1);
	return true;
}

/* Whether it is a "key = value", and for which key; KEY_COUNT for others. */
static bool parse_key(const struct prep_line *line, enum export_key *ret_key,
		      const char **ret_value)
{
	size_t blanks = prep_blanks(line->start, line->length);
	const char *start = line->start + blanks;
	const char *equals = memchr(start, '=', line->length - blanks);
	const char *end = equals;
	enum export_key key = 0;

	if (!equals || *start == '#')
		return false;
	while (end > start && prep_is_blank(end - 1, 1))
		end--;
	while (key < KEY_COUNT &&
	       ((size_t)(end - start) != strlen(key_names[key]) ||
		memcmp(start, key_names[key], strlen(key_names[key])) != 0))
		key++;
	equals++;
	equals += prep_blanks(equals,
			      (size_t)(line->start + line->length - equals));
	*ret_key = key;
	*ret_value = equals;
	return true;
}

/* Whether a line leaves IS_OURS as it is, or begins a section. */
static bool is_section(const struct nbd_conf *conf,
		       const struct prep_line *line, bool *is_ours)
{
	const char *name;
	size_t length;

	if (!parse_section(line, &name, &length))
		return false;
	*is_ours = length == strlen(conf->export->name) &&
		   memcmp(name, conf->export->name, length) == 0;
	return true;
}

static void find_export(struct nbd_conf *conf)
{
	const char *text = conf->text, *value;
	size_t left = conf->length;
	bool is_ours = false, is_first = true;
	struct prep_line line;
	enum export_key key;

	while (prep_next_line(&text, &left, &line)) {
		size_t end = (size_t)(text - conf->text);

		if (is_section(conf, &line, &is_ours)) {
			is_first = is_ours && conf->end == 0;
			if (is_first)
				conf->end = end;
		} else if (is_ours && parse_key(&line, &key, &value)) {
			if (is_first)
				conf->end = end;
			if (key < KEY_COUNT)
				conf->is_said[key] = true;
		}
	}
}

static bool is_key_missing(const struct nbd_conf *conf)
{
	for (enum export_key key = 0; key < KEY_WRITTEN_COUNT; key++)
		if (!conf->is_said[key])
			return true;
	return false;
}

static void put_export_keys(struct nbd_conf *conf)
{
	const char *line_break = prep_line_break(conf->text, conf->length);

	for (enum export_key key = 0; key < KEY_WRITTEN_COUNT; key++)
		if (!conf->is_said[key])
			prep_builder_print(
				&conf->out, "%s = %s%s", key_names[key],
				key == KEY_PATH ? conf->path : "true",
				line_break);
}

static void put_export(struct nbd_conf *conf)
{
	const char *text = conf->text, *value;
	size_t left = conf->length;
	bool is_ours = false, is_path_put = false;
	struct prep_line line;
	enum export_key key;

	while (prep_next_line(&text, &left, &line)) {
		size_t end = (size_t)(text - conf->text);

		if (is_section(conf, &line, &is_ours) || !is_ours ||
		    !parse_key(&line, &key, &value) || key != KEY_PATH) {
			prep_builder_add(&conf->out, line.start,
					 line.whole_length);
		} else if (!is_path_put) {
			prep_builder_add(&conf->out, line.start,
					 (size_t)(value - line.start));
			prep_builder_print(&conf->out, "%s", conf->path);
			prep_builder_add(&conf->out, line.start + line.length,
					 line.whole_length - line.length);
			is_path_put = true;
		}
		if (end == conf->end && is_key_missing(conf)) {
			prep_end_last_line(&conf->out, conf->text, end);
			put_export_keys(conf);
		}
	}
}

static int edit_nbd_conf(struct nbd_conf *conf, struct prep_text *ret_text)
{
	int error;

	conf->path = escape_path(conf->export->path);
	if (!conf->path)
		return -ENOMEM;
	error = prep_builder_start(&conf->out);
	if (error < 0)
		return error;
	find_export(conf);
	put_export(conf);
	if (conf->end == 0) {
		const char *line_break =
			prep_line_break(conf->text, conf->length);

		prep_end_last_line(&conf->out, conf->text, conf->length);
		prep_builder_print(&conf->out, "%s[%s]%s",
				   conf->length > 0 ? line_break : "",
				   conf->export->name, line_break);
		put_export_keys(conf);
	}
	return prep_builder_finish(&conf->out, ret_text);
}

/* The string that GKeyFile reads from a value. */
static char *unescape_value(const char *value, size_t length)
{
	static const char letters[] = "sntr\\", bytes[] = " \n\t\r\\";
	char *text = malloc(length + 1), *out = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		const char *letter = NULL;
		char byte = value[i];

		if (byte == '\\' && i + 1 < length)
			letter = strchr(letters, value[i + 1]);
		if (letter) {
			byte = bytes[letter - letters];
			i++;
		}
		*out++ = byte;
	}
	*out = '\0';
	return text;
}

static int take_value(enum export_key key, const char *value, size_t length,
		      struct prep_export_said *said)
{
	while (length > 0 && prep_is_blank(value + length - 1, 1))
		length--;
	if (key == KEY_READ_ONLY)
		said->is_read_only = prep_starts_with(value, length, "true") ||
				     prep_starts_with(value, length, "1");
	if (key != KEY_PATH)
		return 0;
	free(said->path);
	said->path = unescape_value(value, length);
	return said->path ? 0 : -ENOMEM;
}

int prep_nbd_conf_look(const char *text, size_t length, const char *name,
		       struct prep_export_said *ret_said)
{
	const struct prep_export export = { .name = name };
	const struct nbd_conf conf = { .export = &export };
	bool is_ours = false;
	struct prep_line line;
	enum export_key key;
	const char *value;
	int error = 0;

	*ret_said = (struct prep_export_said){ .path = NULL };
	/* Of a key that is there twice, the last one counts. */
	while (error == 0 && prep_next_line(&text, &length, &line))
		if (!is_section(&conf, &line, &is_ours) && is_ours &&
		    parse_key(&line, &key, &value))
			error = take_value(
				key, value,
				(size_t)(line.start + line.length - value),
				ret_said);
	if (error < 0)
		prep_export_said_release(ret_said);
	return error;
}

void prep_export_said_release(struct prep_export_said *said)
{
	free(said->path);
	said->path = NULL;
}

int prep_nbd_conf_edit(const char *text, size_t length,
		       const struct prep_export *export,
		       struct prep_text *ret_text, struct pbf_reason *why)
{
	struct nbd_conf conf = { .text = text,
				 .length = length,
				 .export = export };
	int error = check_export(export, why);

	if (error < 0)
		return error;
	error = edit_nbd_conf(&conf, ret_text);
	prep_builder_free(&conf.out);
	free(conf.path);
	return error;
}
