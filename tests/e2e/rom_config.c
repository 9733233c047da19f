/* SPDX-License-Identifier: BSD-2-Clause */
#include "rom_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define NAME "config.txt"
#define OVERLAY "dtoverlay"
/* A setting that the parser knows, with a name of the same length. */
#define STAND_IN "ramfsfile"

_Static_assert(sizeof(OVERLAY) == sizeof(STAND_IN), "one replaces the other");

/* --- Loading --- */

/* As much of it as this stage takes. */
static size_t usable(const struct rom_session *session,
		     const struct rom_config_rules *rules,
		     const struct rom_answer *answer)
{
	size_t length = answer->file.length;

	if (rules->needs_blksize && !answer->granted.has_blksize) {
		rom_remark(session, "the server grants no blksize: what is in "
				    "this file is ignored");
		return 0;
	}
	if (rules->bytes_max > 0 && length > rules->bytes_max) {
		rom_remark(session, "what is beyond %zu bytes is ignored",
			   rules->bytes_max);
		return rules->bytes_max;
	}
	return length;
}

static int add_file(struct rom_config *config, const char *name,
		    const char *bytes, size_t length)
{
	struct prep_config_file *files = reallocarray(
		config->files, config->file_count + 1, sizeof(*files));
	_cleanup_free_ char *own_name = strdup(name);
	char *text = malloc(length + 1);

	if (files)
		config->files = files;
	if (!files || !own_name || !text) {
		free(text);
		return -ENOMEM;
	}
	if (length > 0)
		memcpy(text, bytes, length);
	text[length] = '\0';
	files[config->file_count++] = (struct prep_config_file){
		.name = own_name,
		.text = text,
		.length = length,
	};
	own_name = NULL;
	return 0;
}

/* One that is missing is empty. */
static int load(const struct rom_session *session, struct rom_config *config,
		const char *name, struct pbf_reason *why)
{
	_cleanup_answer_ struct rom_answer answer = { .is_cut = false };
	char path[PREP_CONFIG_VALUE_BYTES + 1];
	size_t length = 0;
	int error;

	snprintf(path, sizeof(path), "%s%s", config->rules->directory, name);
	error = rom_read(session, path, &answer, why);
	if (error < 0 && error != -ENOENT)
		return error;
	if (error == 0)
		length = usable(session, config->rules, &answer);
	return add_file(config, name, (const char *)answer.file.bytes, length);
}

int rom_config_read(const struct rom_session *session,
		    const struct rom_config_rules *rules,
		    struct rom_config *ret_config, struct pbf_reason *why)
{
	struct rom_config *config = ret_config;
	const char *name = NAME;
	int error;

	*config = (struct rom_config){ .rules = rules };
	/* The parser bounds the number of includes. */
	do {
		error = load(session, config, name, why);
		if (error == 0)
			error = prep_config_parse(
				config->files, config->file_count,
				rules->reader, &config->config, why);
		name = config->config.missing_include;
	} while (error == 0 && name[0] != '\0');
	return error;
}

void rom_config_free(struct rom_config *config)
{
	for (size_t i = 0; i < config->file_count; i++) {
		free((char *)(uintptr_t)config->files[i].name);
		free((char *)(uintptr_t)config->files[i].text);
	}
	free(config->files);
	*config = (struct rom_config){ .files = NULL };
}

/* --- Overlays --- */

/* What the initramfs would be, were TEXT the whole of config.txt. */
static bool parse_initramfs(const struct rom_config *config, const char *text,
			    size_t length,
			    char ret_name[PREP_CONFIG_VALUE_BYTES])
{
	struct prep_config_file whole = config->files[0];
	struct prep_config parsed;
	int error;

	config->files[0].text = text;
	config->files[0].length = length;
	error = prep_config_parse(config->files, config->file_count,
				  config->rules->reader, &parsed, NULL);
	config->files[0] = whole;
	if (error == 0)
		memcpy(ret_name, parsed.initramfs, PREP_CONFIG_VALUE_BYTES);
	return error == 0;
}

/*
 * Whether the filters let a line with a dtoverlay through, which the parser
 * does not take: put in its place a setting that it takes, and see whether
 * that arrives.
 */
static bool sees_overlay(const struct rom_config *config, size_t line_start,
			 size_t key_start, size_t line_end,
			 char ret_value[PREP_CONFIG_VALUE_BYTES])
{
	const struct prep_config_file *file = &config->files[0];
	_cleanup_free_ char *text = malloc(line_end);
	char before[PREP_CONFIG_VALUE_BYTES];

	if (!text)
		return false;
	memcpy(text, file->text, line_end);
	memcpy(text + key_start, STAND_IN, strlen(STAND_IN));
	return parse_initramfs(config, text, line_start, before) &&
	       parse_initramfs(config, text, line_end, ret_value) &&
	       strcmp(before, ret_value) != 0;
}

bool rom_config_overlay(const struct rom_config *config, size_t *offset,
			char ret_name[PREP_CONFIG_VALUE_BYTES])
{
	const char *whole = config->files[0].text;
	const char *text = whole + *offset;
	size_t length = config->files[0].length - *offset;
	struct prep_line line;

	while (prep_next_line(&text, &length, &line)) {
		size_t line_start = (size_t)(line.start - whole);
		size_t blanks = prep_blanks(line.start, line.length);

		*offset = line_start + line.whole_length;
		if (!prep_starts_with(line.start + blanks, line.length - blanks,
				      OVERLAY "=") ||
		    !sees_overlay(config, line_start, line_start + blanks,
				  *offset, ret_name))
			continue;
		/* Parameters follow a comma, or a colon in old ones. */
		ret_name[strcspn(ret_name, ",:")] = '\0';
		if (ret_name[0] != '\0')
			return true;
	}
	return false;
}
