/* SPDX-License-Identifier: BSD-2-Clause */
#include "user_data_write.h"

#include <errno.h>
#include <string.h>

/* package_update, packages, and keys that were not there */
#define EDITS_MAX 3u

/* REMOVED bytes at OFFSET give way to INSERTED. */
struct edit {
	size_t offset;
	size_t removed;
	struct prep_text inserted;
};

struct editor {
	const char *text;
	size_t length;
	const char *line_break;
	const char *const *packages;
	size_t package_count;
	struct prep_user_data_scan scan;
	struct edit edits[EDITS_MAX];
	size_t edit_count;
	struct prep_builder out;
	struct pbf_reason *why;
};

static int refuse(struct pbf_reason *why, const char *sentence)
{
	return pbf_refuse(why, -EUCLEAN, PBF_REASON_NO_OFFSET, "%s", sentence);
}

static bool is_missing(const struct editor *editor, size_t package)
{
	return !(editor->scan.present >> package & 1);
}

static bool is_any_missing(const struct editor *editor)
{
	for (size_t i = 0; i < editor->package_count; i++)
		if (is_missing(editor, i))
			return true;
	return false;
}

/* Writes a name so that YAML takes it for a string. */
static void put_name(struct editor *editor, const char *name)
{
	/* A word in lower case that YAML 1.1 takes for something else. */
	static const char *const words[] = { "on",   "no",   "off",  "yes",
					     "true", "null", "false" };
	bool is_plain = name[0] >= 'a' && name[0] <= 'z';

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(name, words[i]) == 0)
			is_plain = false;
	prep_builder_print(&editor->out, is_plain ? "%s" : "\"%s\"", name);
}

/* The missing names, each with BEFORE ahead of it, but for the first FIRST. */
static void put_names(struct editor *editor, const char *first,
		      const char *before)
{
	for (size_t i = 0; i < editor->package_count; i++)
		if (is_missing(editor, i)) {
			prep_builder_print(&editor->out, "%s", first);
			put_name(editor, editor->packages[i]);
			first = before;
		}
}

static void put_break(struct editor *editor, size_t indent)
{
	prep_builder_print(&editor->out, "%s%*s", editor->line_break,
			   (int)indent, "");
}

static int begin_edit(struct editor *editor)
{
	prep_builder_free(&editor->out);
	return prep_builder_start(&editor->out);
}

/* What was put since begin_edit() goes there.  Edits are kept in order. */
static int end_edit(struct editor *editor, size_t offset, size_t removed)
{
	struct edit edit = { .offset = offset, .removed = removed };
	size_t place = editor->edit_count;
	int error;

	error = prep_builder_finish(&editor->out, &edit.inserted);
	if (error < 0)
		return error;
	for (; place > 0 && editor->edits[place - 1].offset > offset; place--)
		editor->edits[place] = editor->edits[place - 1];
	editor->edits[place] = edit;
	editor->edit_count++;
	return 0;
}

/* Ends an edit inside a line: without a blank before it, # is no comment. */
static int end_inline(struct editor *editor, size_t offset, size_t removed)
{
	if (offset + removed < editor->length &&
	    editor->text[offset + removed] == '#')
		prep_builder_add(&editor->out, " ", 1);
	return end_edit(editor, offset, removed);
}

static bool is_after_colon(const struct editor *editor, size_t offset)
{
	return offset > 0 && editor->text[offset - 1] == ':';
}

static int edit_update(struct editor *editor)
{
	const struct prep_user_data_scan *scan = &editor->scan;
	bool is_written = scan->update == PREP_YAML_SCALAR;
	int error;

	if (scan->update == PREP_YAML_ABSENT || scan->is_update_true)
		return 0;
	if ((!is_written && !is_after_colon(editor, scan->update_start)) ||
	    (scan->update != PREP_YAML_NOTHING && !is_written) ||
	    scan->has_update_properties)
		return refuse(editor->why,
			      "what it says of package_update is more than a "
			      "word: make it \"package_update: true\"");
	error = begin_edit(editor);
	if (error < 0)
		return error;
	prep_builder_print(&editor->out, is_written ? "true" : " true");
	return end_inline(editor, scan->update_start,
			  scan->update_end - scan->update_start);
}

/* The bytes of a line break at OFFSET, as YAML has them; 0 for none. */
static size_t break_at(const struct editor *editor, size_t offset)
{
	static const char *const breaks[] = { "\r\n",	      "\n",
					      "\r",	      "\xc2\x85",
					      "\xe2\x80\xa8", "\xe2\x80\xa9" };

	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++)
		if (prep_starts_with(editor->text + offset,
				     editor->length - offset, breaks[i]))
			return strlen(breaks[i]);
	return 0;
}

/* Whether a line begins at OFFSET. */
static bool is_line_start(const struct editor *editor, size_t offset)
{
	for (size_t bytes = 1; bytes <= 3 && bytes <= offset; bytes++)
		if (break_at(editor, offset - bytes) == bytes)
			return true;
	return offset == 0;
}

/* More items for a list of lines, behind its last. */
static int extend_block_list(struct editor *editor)
{
	size_t end = editor->scan.packages_end, line_break = 0;
	size_t indent = editor->scan.dash_column;
	int error = begin_edit(editor);

	if (error < 0)
		return error;
	while (end < editor->length && line_break == 0) {
		line_break = break_at(editor, end);
		end += line_break > 0 ? line_break : 1;
	}
	for (size_t i = 0; i < editor->package_count; i++) {
		if (!is_missing(editor, i))
			continue;
		if (line_break == 0)
			put_break(editor, indent);
		else
			prep_builder_print(&editor->out, "%*s", (int)indent,
					   "");
		prep_builder_print(&editor->out, "- ");
		put_name(editor, editor->packages[i]);
		if (line_break > 0)
			put_break(editor, 0);
	}
	return end_edit(editor, end, 0);
}

/* A list in brackets in the place of nothing or of a null. */
static int write_flow_list(struct editor *editor)
{
	const struct prep_user_data_scan *scan = &editor->scan;
	bool is_nothing = scan->packages == PREP_YAML_NOTHING;
	int error = begin_edit(editor);

	if (error < 0)
		return error;
	put_names(editor, is_nothing ? " [" : "[", ", ");
	prep_builder_add(&editor->out, "]", 1);
	return end_inline(editor, scan->packages_start,
			  scan->packages_end - scan->packages_start);
}

static int edit_packages(struct editor *editor)
{
	const struct prep_user_data_scan *scan = &editor->scan;
	int error;

	if (scan->packages == PREP_YAML_ABSENT || !is_any_missing(editor))
		return 0;
	if (scan->is_packages_shared || scan->has_packages_text)
		return refuse(editor->why,
			      "its list of packages has an alias or a block "
			      "of text: put the packages into it by hand");
	if (scan->packages == PREP_YAML_BLOCK_LIST)
		return extend_block_list(editor);
	if (scan->packages == PREP_YAML_FLOW_LIST) {
		error = begin_edit(editor);
		if (error < 0)
			return error;
		put_names(editor, scan->is_packages_empty ? "" : ", ", ", ");
		return end_inline(editor, scan->packages_end, 0);
	}
	if (!scan->has_packages_properties &&
	    (scan->packages == PREP_YAML_NOTHING ?
		     is_after_colon(editor, scan->packages_start) :
		     scan->is_packages_null))
		return write_flow_list(editor);
	return refuse(editor->why, "what it has under packages: is no list");
}

/* The keys that are not there, with INDENT before each line but the first. */
static void put_keys(struct editor *editor, size_t indent)
{
	bool is_update_there = editor->scan.update != PREP_YAML_ABSENT;

	if (!is_update_there)
		prep_builder_print(&editor->out, "package_update: true");
	if (editor->scan.packages != PREP_YAML_ABSENT ||
	    !is_any_missing(editor))
		return;
	if (!is_update_there)
		put_break(editor, indent);
	prep_builder_print(&editor->out, "packages:");
	for (size_t i = 0; i < editor->package_count; i++) {
		put_break(editor, indent);
		prep_builder_print(&editor->out, "- ");
		put_name(editor, editor->packages[i]);
	}
}

static void put_flow_keys(struct editor *editor)
{
	const struct prep_user_data_scan *scan = &editor->scan;
	const char *before = "";

	if (scan->update == PREP_YAML_ABSENT) {
		prep_builder_print(&editor->out, "package_update: true");
		before = ", ";
	}
	if (scan->packages == PREP_YAML_ABSENT && is_any_missing(editor)) {
		prep_builder_print(&editor->out, "%spackages: [", before);
		put_names(editor, "", ", ");
		prep_builder_add(&editor->out, "]", 1);
	}
	if (!scan->is_empty)
		prep_builder_add(&editor->out, ", ", 2);
}

static int add_keys(struct editor *editor)
{
	const struct prep_user_data_scan *scan = &editor->scan;
	bool is_on_line = is_line_start(editor, scan->tail_offset);
	int error;

	if (scan->update != PREP_YAML_ABSENT &&
	    (scan->packages != PREP_YAML_ABSENT || !is_any_missing(editor)))
		return 0;
	if (scan->has_merge_key)
		return refuse(editor->why,
			      "it takes keys from elsewhere with \"<<\": put "
			      "package_update and packages into it by hand");
	error = begin_edit(editor);
	if (error < 0)
		return error;
	if (scan->is_flow) {
		put_flow_keys(editor);
		return end_inline(editor, scan->head_offset, 0);
	}
	/* A line break would become part of a text that has none. */
	if (scan->is_tail_open && !is_on_line) {
		put_keys(editor, scan->column);
		put_break(editor, scan->column);
		return end_edit(editor, scan->head_offset, 0);
	}
	if (!is_on_line)
		put_break(editor, 0);
	prep_builder_print(&editor->out, "%*s", (int)scan->column, "");
	put_keys(editor, scan->column);
	if (is_on_line)
		put_break(editor, 0);
	return end_edit(editor, scan->tail_offset, 0);
}

static int apply(struct editor *editor, struct prep_text *ret_text)
{
	size_t done = 0;
	int error = begin_edit(editor);

	if (error < 0)
		return error;
	for (size_t i = 0; i < editor->edit_count; i++) {
		const struct edit *edit = &editor->edits[i];

		prep_builder_add(&editor->out, editor->text + done,
				 edit->offset - done);
		prep_builder_add(&editor->out, edit->inserted.bytes,
				 edit->inserted.length);
		done = edit->offset + edit->removed;
	}
	prep_builder_add(&editor->out, editor->text + done,
			 editor->length - done);
	return prep_builder_finish(&editor->out, ret_text);
}

static int edit(struct editor *editor, struct prep_text *ret_text)
{
	int error = edit_update(editor);

	if (error == 0)
		error = edit_packages(editor);
	if (error == 0)
		error = add_keys(editor);
	return error < 0 ? error : apply(editor, ret_text);
}

int prep_user_data_write(const char *text, size_t length,
			 const struct prep_user_data_wish *wish,
			 const struct prep_user_data_scan *scan,
			 struct prep_text *ret_text, struct pbf_reason *why)
{
	struct editor editor = {
		.text = text,
		.length = length,
		.line_break = prep_line_break(text, length),
		.packages = wish->packages,
		.package_count = wish->package_count,
		.scan = *scan,
		.why = why,
	};
	int error = edit(&editor, ret_text);

	for (size_t i = 0; i < editor.edit_count; i++)
		prep_text_free(&editor.edits[i].inserted);
	prep_builder_free(&editor.out);
	return error;
}
