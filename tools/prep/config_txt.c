/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_txt.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "utf.h"

/* A file may include itself; so many is more than anybody needs. */
#define INCLUDES_MAX 64u
#define DEPTH_MAX 8u

/*
 * The filters in force, by type: those of one type replace each other, those
 * of different types have to apply all, and [all] resets them.
 */
enum filter_type {
	FILTER_NONE, /* stays whatever comes, but for [all] */
	FILTER_MODEL,
	FILTER_SERIAL,
	FILTER_TRYBOOT,
	FILTER_MONITOR,
	FILTER_PIN,
	FILTER_EXPRESSION, /* [partition=2], [bootvar0&0x10] and the like */
	FILTER_TYPES
};

/* Where reading is: in a file, or in one that it includes. */
struct position {
	const char *text;
	size_t length;
};

struct parser {
	const struct prep_config_reader *reader;
	struct position stack[DEPTH_MAX];
	size_t depth;
	size_t include_count;
	size_t read_bytes; /* of all files, as often as they are included */
	bool is_hidden[FILTER_TYPES];
	/* What has been said so far; defaults are filled in at the end. */
	struct prep_config config;
	bool is_width_said;
	bool is_device_tree_said;
	bool is_upstream;
};

struct setting {
	const char *key;
	size_t offset; /* of the value's char[PREP_CONFIG_VALUE_BYTES] */
};

static bool applies(const struct parser *parser)
{
	for (size_t i = 0; i < FILTER_TYPES; i++)
		if (parser->is_hidden[i])
			return false;
	return true;
}

/* Of a serial number its low 32 bits count, as for the firmware. */
static uint32_t read_serial(const char *hex)
{
	return (uint32_t)strtoull(hex, NULL, 16);
}

static bool is_my_serial(const struct prep_config_reader *reader,
			 const char *filter)
{
	return reader->serial &&
	       read_serial(filter) == read_serial(reader->serial);
}

/*
 * Takes what is between brackets.  The firmware ignores filters it does not
 * know, so that what follows them has the filters of before; those for a port
 * of the monitor are for settings of the monitor only.
 */
static void take_filter(struct parser *parser, const char *filter)
{
	bool *is_hidden = parser->is_hidden;
	bool sees;

	if (strcmp(filter, "all") == 0)
		memset(is_hidden, 0, sizeof(parser->is_hidden));
	else if (strcmp(filter, "none") == 0)
		is_hidden[FILTER_NONE] = true;
	else if (strcmp(filter, "tryboot") == 0)
		is_hidden[FILTER_TRYBOOT] = !parser->reader->is_tryboot;
	else if (prep_pi_board_filter(parser->reader->board, filter, &sees))
		is_hidden[FILTER_MODEL] = !sees;
	else if (strncmp(filter, "0x", 2) == 0)
		is_hidden[FILTER_SERIAL] =
			!is_my_serial(parser->reader, filter);
	else if (strncmp(filter, "EDID=", 5) == 0)
		is_hidden[FILTER_MONITOR] = true;
	else if (strncmp(filter, "gpio", 4) == 0)
		is_hidden[FILTER_PIN] = true;
	else if (strpbrk(filter, "=&<>"))
		is_hidden[FILTER_EXPRESSION] = true;
}

/* What follows WORD and blanks; NULL if the line does not begin with it. */
static char *after_word(char *line, const char *word)
{
	size_t length = strlen(word), blanks;

	if (strncmp(line, word, length) != 0)
		return NULL;
	blanks = prep_blanks(line + length, strlen(line + length));
	return blanks > 0 ? line + length + blanks : NULL;
}

static void copy_value(char ret_value[PREP_CONFIG_VALUE_BYTES],
		       const char *value)
{
	snprintf(ret_value, PREP_CONFIG_VALUE_BYTES, "%s", value);
}

/* A kernel of a known name says for how many bits it is. */
static void take_kernel_width(struct parser *parser, const char *kernel)
{
	static const char *const wide[] = { "kernel8.img", "kernel_2712.img" };
	static const char *const narrow[] = { "kernel.img", "kernel7.img",
					      "kernel7l.img" };

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (strcmp(kernel, wide[i]) == 0)
			parser->is_width_said = parser->config.is_64bit = true;
	for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++)
		if (strcmp(kernel, narrow[i]) == 0) {
			parser->is_width_said = true;
			parser->config.is_64bit = false;
		}
}

static void take_assignment(struct parser *parser, const char *key,
			    const char *value)
{
	static const struct setting settings[] = {
		{ "os_prefix", offsetof(struct prep_config, os_prefix) },
		{ "overlay_prefix",
		  offsetof(struct prep_config, overlay_prefix) },
		{ "kernel", offsetof(struct prep_config, kernel) },
		{ "ramfsfile", offsetof(struct prep_config, initramfs) },
		{ "cmdline", offsetof(struct prep_config, cmdline) },
		{ "device_tree", offsetof(struct prep_config, device_tree) },
	};
	struct prep_config *config = &parser->config;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (strcmp(key, settings[i].key) == 0)
			copy_value((char *)config + settings[i].offset, value);
	if (strcmp(key, "device_tree") == 0) {
		parser->is_device_tree_said = true;
	} else if (strcmp(key, "auto_initramfs") == 0) {
		config->is_auto_initramfs = strtoul(value, NULL, 0) != 0;
	} else if (strcmp(key, "upstream_kernel") == 0) {
		parser->is_upstream = strtoul(value, NULL, 0) != 0;
	} else if (strcmp(key, "arm_64bit") == 0) {
		parser->is_width_said = true;
		config->is_64bit = strtoul(value, NULL, 0) != 0;
	}
}

/* Goes on at the beginning of FILE, and where it was at its end. */
static int enter_file(struct parser *parser,
		      const struct prep_config_file *file,
		      struct pbf_reason *why)
{
	parser->read_bytes += file->length;
	if (parser->read_bytes > PREP_CONFIG_BYTES_MAX)
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "with all that it includes it has more than "
				  "%u bytes",
				  PREP_CONFIG_BYTES_MAX);
	parser->stack[parser->depth++] =
		(struct position){ file->text, file->length };
	return 0;
}

/* The text that an include asks for goes on top of the stack. */
static int take_include(struct parser *parser, const char *name,
			const struct prep_config_file *files, size_t file_count,
			struct pbf_reason *why)
{
	if (++parser->include_count > INCLUDES_MAX ||
	    parser->depth == DEPTH_MAX)
		return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "its includes have no end: more than %u, or "
				  "more than %u inside each other",
				  INCLUDES_MAX, DEPTH_MAX);
	for (size_t i = 0; i < file_count; i++)
		if (pbf_equal_folded(files[i].name, name))
			return enter_file(parser, &files[i], why);
	copy_value(parser->config.missing_include, name);
	parser->depth = 0;
	return 0;
}

/*
 * Takes one line, as a string without blanks around it.  Names with blanks
 * before or after their "=" are not known to the firmware.
 */
static int take_line(struct parser *parser, char *line,
		     const struct prep_config_file *files, size_t file_count,
		     struct pbf_reason *why)
{
	char *value, *end;

	if (line[0] == '[') {
		end = strchr(line, ']');
		if (end) {
			*end = '\0';
			take_filter(parser, line + 1);
		}
		return 0;
	}
	if (line[0] == '#' || !applies(parser))
		return 0;
	value = after_word(line, "include");
	if (value)
		return take_include(parser, value, files, file_count, why);
	value = after_word(line, "initramfs");
	if (value) {
		value[strcspn(value, " \t")] = '\0';
		copy_value(parser->config.initramfs, value);
		return 0;
	}
	value = strchr(line, '=');
	if (value) {
		*value = '\0';
		take_assignment(parser, line, value + 1);
	}
	return 0;
}

/* The line as a string, as much of it as the firmware takes. */
static char *copy_line(const struct prep_line *line,
		       char ret_line[PREP_CONFIG_VALUE_BYTES])
{
	size_t length = line->length, blanks;

	if (length > PREP_CONFIG_LINE_MAX)
		length = PREP_CONFIG_LINE_MAX;
	length = strnlen(line->start, length);
	while (length > 0 && prep_is_blank(line->start + length - 1, 1))
		length--;
	blanks = prep_blanks(line->start, length);
	memcpy(ret_line, line->start, length);
	ret_line[length] = '\0';
	return ret_line + blanks;
}

static int read_lines(struct parser *parser,
		      const struct prep_config_file *files, size_t file_count,
		      struct pbf_reason *why)
{
	char copy[PREP_CONFIG_VALUE_BYTES];
	struct prep_line line;
	int error = 0;

	while (parser->depth > 0 && error == 0) {
		struct position *top = &parser->stack[parser->depth - 1];

		if (!prep_next_line(&top->text, &top->length, &line))
			parser->depth--;
		else
			error = take_line(parser, copy_line(&line, copy), files,
					  file_count, why);
	}
	return error;
}

/* For a kernel that is not said: what is looked for, and what after that. */
static void default_kernel(struct parser *parser, enum prep_pi_kernel kernel)
{
	struct prep_config *config = &parser->config;

	if (kernel == PREP_PI_KERNEL_2712) {
		copy_value(config->kernel, "kernel_2712.img");
		copy_value(config->kernel_fallback, "kernel8.img");
	} else if (config->is_64bit) {
		copy_value(config->kernel, "kernel8.img");
		if (kernel == PREP_PI_KERNEL_V7L && !parser->is_width_said)
			copy_value(config->kernel_fallback, "kernel7l.img");
	} else if (kernel == PREP_PI_KERNEL_V7L) {
		copy_value(config->kernel, "kernel7l.img");
	} else if (kernel == PREP_PI_KERNEL_V7) {
		copy_value(config->kernel, "kernel7.img");
	} else {
		copy_value(config->kernel, "kernel.img");
	}
}

static void fill_in_defaults(struct parser *parser)
{
	const struct prep_pi_board *board = parser->reader->board;
	struct prep_config *config = &parser->config;
	/* For no board in particular, what the images of today are for. */
	enum prep_pi_kernel kernel = board ? board->kernel : PREP_PI_KERNEL_V7;

	take_kernel_width(parser, config->kernel);
	if (kernel == PREP_PI_KERNEL_2712)
		config->is_64bit = true;
	else if (kernel == PREP_PI_KERNEL_V6)
		config->is_64bit = false;
	else if (!parser->is_width_said)
		config->is_64bit = !board || kernel == PREP_PI_KERNEL_V7L;
	if (config->kernel[0] == '\0')
		default_kernel(parser, kernel);
	if (config->is_auto_initramfs && config->initramfs[0] == '\0')
		prep_config_auto_initramfs(config->kernel, config->initramfs);
	if (config->cmdline[0] == '\0')
		copy_value(config->cmdline, "cmdline.txt");
	if (config->overlay_prefix[0] == '\0')
		copy_value(config->overlay_prefix, "overlays/");
	if (config->os_prefix[0] == '\0' && parser->is_upstream)
		copy_value(config->os_prefix, "upstream/");
	if (!parser->is_device_tree_said && board && board->device_tree)
		copy_value(config->device_tree, board->device_tree);
}

int prep_config_parse(const struct prep_config_file *files, size_t file_count,
		      const struct prep_config_reader *reader,
		      struct prep_config *ret_config, struct pbf_reason *why)
{
	struct parser parser = { .reader = reader };
	int error = enter_file(&parser, &files[0], why);

	if (error == 0)
		error = read_lines(&parser, files, file_count, why);
	if (error < 0)
		return error;
	fill_in_defaults(&parser);
	*ret_config = parser.config;
	return 0;
}

/* The serial number whose section LINE begins; 0 for none. */
static uint32_t serial_of_line(const struct prep_line *line)
{
	char copy[PREP_CONFIG_VALUE_BYTES];
	const char *start = copy_line(line, copy);

	return strncmp(start, "[0x", 3) == 0 && strchr(start, ']') ?
		       read_serial(start + 1) :
		       0;
}

static bool has_serial(const struct prep_config_serials *serials,
		       uint32_t serial)
{
	for (size_t i = 0; i < serials->count; i++)
		if (read_serial(serials->items[i]) == serial)
			return true;
	return false;
}

int prep_config_add_serials(const struct prep_config_file *file,
			    struct prep_config_serials *serials,
			    struct pbf_reason *why)
{
	const char *text = file->text;
	size_t length = file->length;
	struct prep_line line;

	while (prep_next_line(&text, &length, &line)) {
		uint32_t serial = serial_of_line(&line);

		if (serial == 0 || has_serial(serials, serial))
			continue;
		if (serials->count == PREP_CONFIG_SERIALS_MAX)
			return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET,
					  "it has sections for more than %u "
					  "serial numbers; give some of these "
					  "boards an image of their own",
					  PREP_CONFIG_SERIALS_MAX);
		snprintf(serials->items[serials->count++],
			 sizeof(serials->items[0]), "%08x", serial);
	}
	return 0;
}

void prep_config_path(const struct prep_config *config, const char *name,
		      char ret_path[PREP_CONFIG_PATH_BYTES])
{
	bool is_absolute = name[0] == '/';

	snprintf(ret_path, PREP_CONFIG_PATH_BYTES, "%s%s",
		 is_absolute ? "" : config->os_prefix, name + is_absolute);
}

bool prep_config_initramfs(const struct prep_config *config, size_t index,
			   char ret_path[PREP_CONFIG_PATH_BYTES])
{
	char copy[PREP_CONFIG_VALUE_BYTES];
	char *rest = copy, *name;

	memcpy(copy, config->initramfs, sizeof(copy));
	while ((name = strsep(&rest, ",")))
		if (name[0] != '\0' && index-- == 0) {
			prep_config_path(config, name, ret_path);
			return true;
		}
	return false;
}

void prep_config_auto_initramfs(const char *kernel,
				char ret_initramfs[PREP_CONFIG_VALUE_BYTES])
{
	static const char prefix[] = "kernel";
	const char *slash = strrchr(kernel, '/');
	const char *name = slash ? slash + 1 : kernel;
	const char *dot = strrchr(name, '.');
	size_t length = dot ? (size_t)(dot - name) : strlen(name);

	ret_initramfs[0] = '\0';
	if (strncmp(name, prefix, strlen(prefix)) != 0 ||
	    length < strlen(prefix))
		return;
	if (snprintf(ret_initramfs, PREP_CONFIG_VALUE_BYTES,
		     "%.*sinitramfs%.*s", (int)(name - kernel), kernel,
		     (int)(length - strlen(prefix)),
		     name + strlen(prefix)) >= (int)PREP_CONFIG_VALUE_BYTES)
		ret_initramfs[0] = '\0';
}
