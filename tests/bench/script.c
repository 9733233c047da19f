/* SPDX-License-Identifier: BSD-2-Clause */
#include "script.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "tftp-packet.h"

/* --- Text files --- */

struct text {
	FILE *stream;
	const char *file;
	unsigned int line_number;
	char *line;
	size_t capacity;
};

static bool text_open(struct text *text, const char *file)
{
	*text = (struct text){ .stream = fopen(file, "re"), .file = file };
	if (text->stream)
		return true;
	fprintf(stderr, "tftp-load: %s: %s\n", file, strerror(errno));
	return false;
}

static void text_close(struct text *text)
{
	if (text->stream)
		fclose(text->stream);
	free(text->line);
}

/* The next line that says something, without blanks around; NULL at the end. */
static char *text_next(struct text *text)
{
	ssize_t length;

	while ((length = getline(&text->line, &text->capacity, text->stream)) >=
	       0) {
		char *start = text->line + strspn(text->line, " \t\r\n");
		char *end = text->line + length;

		text->line_number++;
		while (end > start && strchr(" \t\r\n", end[-1]))
			end--;
		*end = '\0';
		if (*start != '\0' && *start != '#')
			return start;
	}
	return NULL;
}

/* Whether the end was the file's; says so when not. */
static bool text_is_whole(const struct text *text)
{
	if (!ferror(text->stream))
		return true;
	fprintf(stderr, "tftp-load: %s: cannot be read\n", text->file);
	return false;
}

static bool refuse_line(const struct text *text, const char *problem)
{
	fprintf(stderr, "tftp-load: %s:%u: %s\n", text->file, text->line_number,
		problem);
	return false;
}

/*
 * ITEMS with room for one more behind the COUNT there are, zeroed.  NULL, and
 * ITEMS as they were, without memory.
 */
static void *make_room(void *items, size_t count, size_t item_bytes)
{
	char *grown = reallocarray(items, count + 1, item_bytes);

	if (!grown) {
		fputs("tftp-load: out of memory\n", stderr);
		return NULL;
	}
	memset(grown + count * item_bytes, 0, item_bytes);
	return grown;
}

/* --- Boards --- */

static bool boards_fill(struct text *text, struct boards *boards)
{
	const char *line;

	while ((line = text_next(text))) {
		char **names =
			make_room(boards->names, boards->count, sizeof(*names));

		if (!names)
			return false;
		boards->names = names;
		names[boards->count] = strdup(line);
		if (!names[boards->count])
			return refuse_line(text, "out of memory");
		boards->count++;
	}
	if (!text_is_whole(text))
		return false;
	if (boards->count == 0)
		return refuse_line(text, "no board");
	return true;
}

bool boards_load(const char *file, struct boards *ret_boards)
{
	struct boards boards = { .names = NULL };
	_cleanup_(text_close) struct text text = { .stream = NULL };

	if (!text_open(&text, file))
		return false;
	if (!boards_fill(&text, &boards)) {
		boards_free(&boards);
		return false;
	}
	*ret_boards = boards;
	return true;
}

void boards_free(struct boards *boards)
{
	for (size_t i = 0; i < boards->count; i++)
		free(boards->names[i]);
	free(boards->names);
	*boards = (struct boards){ .names = NULL };
}

static size_t longest_name(const struct boards *boards)
{
	size_t longest = 0;

	for (size_t i = 0; i < boards->count; i++) {
		size_t chars = strlen(boards->names[i]);

		if (chars > longest)
			longest = chars;
	}
	return longest;
}

/* --- References --- */

/* The whole content of FD; false with errno. */
static bool reference_fill(struct reference *reference, int fd)
{
	struct stat status;
	size_t done = 0;

	if (fstat(fd, &status) < 0)
		return false;
	reference->size_bytes = (size_t)status.st_size;
	/* An empty file has a reference, too. */
	reference->bytes = malloc(reference->size_bytes + 1);
	if (!reference->bytes)
		return false;
	while (done < reference->size_bytes) {
		ssize_t got = read(fd, reference->bytes + done,
				   reference->size_bytes - done);

		if (got < 0)
			return false;
		if (got == 0) {
			errno = ESTALE;
			return false;
		}
		done += (size_t)got;
	}
	return true;
}

/* Files are few: each is looked for from the first. */
static bool find_reference(struct script *script, const char *name,
			   size_t *ret_index)
{
	for (size_t i = 0; i < script->reference_count; i++) {
		if (strcmp(script->references[i].name, name) == 0) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

static bool load_reference(struct script *script, const char *directory,
			   const char *name, size_t *ret_index)
{
	char path[PATH_MAX];
	struct reference *references;
	struct reference *reference;
	_cleanup_close_ int fd = -1;

	if (find_reference(script, name, ret_index))
		return true;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "tftp-load: %s: %s\n", path, strerror(errno));
		return false;
	}
	references = make_room(script->references, script->reference_count,
			       sizeof(*references));
	if (!references)
		return false;
	script->references = references;
	reference = &references[script->reference_count++];
	reference->name = strdup(name);
	if (!reference->name || !reference_fill(reference, fd)) {
		fprintf(stderr, "tftp-load: %s: %s\n", path, strerror(errno));
		return false;
	}
	*ret_index = script->reference_count - 1;
	return true;
}

/* --- Steps --- */

static const char *const step_words[] = {
	[STEP_GET] = "get",
	[STEP_PROBE] = "probe",
	[STEP_MISS] = "miss",
};

const char *step_word(enum step_kind kind)
{
	return step_words[kind];
}

static bool read_kind(const char *word, enum step_kind *ret_kind)
{
	for (size_t i = 0; i < sizeof(step_words) / sizeof(*step_words); i++) {
		if (strcmp(step_words[i], word) == 0) {
			*ret_kind = (enum step_kind)i;
			return true;
		}
	}
	return false;
}

static size_t count_percent(const char *path)
{
	size_t count = 0;

	for (; *path; path++)
		count += *path == '%';
	return count;
}

static bool check_path(const struct text *text, const char *path,
		       const struct boards *boards)
{
	size_t percents = count_percent(path);

	if (percents > 0 && boards->count == 0)
		return refuse_line(text, "% needs the boards' names (-B)");
	if (strlen(path) + percents * longest_name(boards) >
	    TFTP_PATH_MAX_CHARS)
		return refuse_line(text, "the path is too long");
	return true;
}

/* What a script is loaded from. */
struct origin {
	struct text text;
	const char *reference_dir;
	const struct boards *boards;
};

static bool add_step(struct script *script, struct origin *origin, char *line)
{
	const struct text *text = &origin->text;
	char *path = strpbrk(line, " \t");
	const char *name;
	enum step_kind kind;
	struct step *steps;
	struct step *step;

	if (!path)
		return refuse_line(text, "not a word and a path");
	*path++ = '\0';
	path += strspn(path, " \t");
	if (!read_kind(line, &kind))
		return refuse_line(text, "neither get, probe nor miss");
	if (!check_path(text, path, origin->boards))
		return false;
	steps = make_room(script->steps, script->step_count, sizeof(*steps));
	if (!steps)
		return false;
	script->steps = steps;
	step = &steps[script->step_count++];
	step->kind = kind;
	step->path = strdup(path);
	if (!step->path)
		return refuse_line(text, "out of memory");
	if (kind == STEP_MISS)
		return true;
	name = strncmp(path, "%/", 2) == 0 ? path + 2 : path;
	if (strchr(name, '%'))
		return refuse_line(text, "a file to compare with has no board "
					 "in its name but a leading %/");
	return load_reference(script, origin->reference_dir, name,
			      &step->reference);
}

bool script_load(const char *file, const char *reference_dir,
		 const struct boards *boards, struct script *ret_script)
{
	struct script script = { .steps = NULL };
	struct origin origin = {
		.reference_dir = reference_dir,
		.boards = boards,
	};
	bool good = text_open(&origin.text, file);
	char *line;

	while (good && (line = text_next(&origin.text)))
		good = add_step(&script, &origin, line);
	good = good && text_is_whole(&origin.text);
	if (good && script.step_count == 0)
		good = refuse_line(&origin.text, "no step");
	text_close(&origin.text);
	if (good)
		*ret_script = script;
	else
		script_free(&script);
	return good;
}

void script_free(struct script *script)
{
	for (size_t i = 0; i < script->step_count; i++)
		free(script->steps[i].path);
	for (size_t i = 0; i < script->reference_count; i++) {
		free(script->references[i].name);
		free(script->references[i].bytes);
	}
	free(script->steps);
	free(script->references);
	*script = (struct script){ .steps = NULL };
}

void step_path(const struct step *step, const struct boards *boards,
	       unsigned int client, char *path)
{
	size_t length = 0;

	for (const char *from = step->path; *from; from++) {
		const char *name;
		size_t chars;

		if (*from != '%') {
			path[length++] = *from;
			continue;
		}
		name = boards->names[client % boards->count];
		chars = strlen(name);
		memcpy(path + length, name, chars);
		length += chars;
	}
	path[length] = '\0';
}
