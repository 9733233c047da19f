/* SPDX-License-Identifier: BSD-2-Clause */
#include "user_data_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "yaml_event.h"

#define DEPTH_MAX 64u

/* What the items or values of a collection are. */
enum role {
	ROLE_OTHER,
	ROLE_ROOT,
	ROLE_PACKAGES, /* the list under packages: */
	ROLE_NAMES,    /* a list of the same kind inside it */
	ROLE_VERSION,  /* [name, version] */
	ROLE_MANAGERS, /* {apt: [names], snap: [names]} */
};

enum key {
	KEY_OTHER,
	KEY_UPDATE,
	KEY_PACKAGES,
	KEY_MERGE,
	KEY_APT,
};

/* A collection that has begun. */
struct frame {
	enum role role;
	bool is_flow;
	bool is_mapping;
	bool is_value_next;
	enum key key; /* the last one */
	size_t item_count;
};

struct scanner {
	const char *text;
	size_t length;
	const struct prep_user_data_wish *wish;
	yaml_parser_t yaml;
	struct frame stack[DEPTH_MAX];
	size_t depth;
	unsigned int document_count;
	char *packages_anchor;
	/* Its offsets count characters until the end, as libyaml does. */
	struct prep_user_data_scan scan;
	struct pbf_reason *why;
};

static void free_scanner(struct scanner *scanner)
{
	yaml_parser_delete(&scanner->yaml);
	free(scanner->packages_anchor);
}

static int refuse(const struct scanner *scanner, const yaml_event_t *event,
		  const char *sentence)
{
	return pbf_refuse(scanner->why, -EUCLEAN, PBF_REASON_NO_OFFSET,
			  "line %zu: %s", event->start_mark.line + 1, sentence);
}

static int refuse_yaml(const struct scanner *scanner)
{
	const yaml_parser_t *yaml = &scanner->yaml;

	if (yaml->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (yaml->error == YAML_READER_ERROR)
		return pbf_refuse(scanner->why, -EUCLEAN, PBF_REASON_NO_OFFSET,
				  "not YAML: byte %zu: %s",
				  yaml->problem_offset, yaml->problem);
	return pbf_refuse(scanner->why, -EUCLEAN, PBF_REASON_NO_OFFSET,
			  "not YAML: line %zu: %s", yaml->problem_mark.line + 1,
			  yaml->problem);
}

static struct frame *top(struct scanner *scanner)
{
	return scanner->depth > 0 ? &scanner->stack[scanner->depth - 1] : NULL;
}

static bool is_in_packages(const struct scanner *scanner)
{
	/* Lists of packages are values of the root's. */
	return scanner->depth > 1 && scanner->stack[1].role == ROLE_PACKAGES;
}

static enum prep_yaml_value kind_of(const yaml_event_t *event)
{
	if (prep_yaml_is_nothing(event))
		return PREP_YAML_NOTHING;
	if (prep_yaml_is_text_block(event))
		return PREP_YAML_OTHER;
	if (event->type == YAML_SCALAR_EVENT)
		return PREP_YAML_SCALAR;
	if (event->type != YAML_SEQUENCE_START_EVENT)
		return PREP_YAML_OTHER;
	return event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE ?
		       PREP_YAML_FLOW_LIST :
		       PREP_YAML_BLOCK_LIST;
}

static enum key key_of(const struct frame *frame, const yaml_event_t *event)
{
	if (event->type != YAML_SCALAR_EVENT)
		return KEY_OTHER;
	if (frame->role == ROLE_MANAGERS)
		return prep_yaml_is(event, "apt") ? KEY_APT : KEY_OTHER;
	if (frame->role != ROLE_ROOT)
		return KEY_OTHER;
	if (prep_yaml_is(event, "package_update"))
		return KEY_UPDATE;
	if (prep_yaml_is(event, "packages"))
		return KEY_PACKAGES;
	return prep_yaml_is(event, "<<") ? KEY_MERGE : KEY_OTHER;
}

static int take_key(struct scanner *scanner, struct frame *frame,
		    const yaml_event_t *event)
{
	struct prep_user_data_scan *scan = &scanner->scan;

	frame->key = key_of(frame, event);
	if (frame->role == ROLE_ROOT)
		scan->is_empty = false;
	if (frame->key == KEY_UPDATE && scan->update != PREP_YAML_ABSENT)
		return refuse(scanner, event, "a second \"package_update\"");
	if (frame->key == KEY_PACKAGES && scan->packages != PREP_YAML_ABSENT)
		return refuse(scanner, event, "a second \"packages\"");
	if (frame->key == KEY_MERGE)
		scan->has_merge_key = true;
	return 0;
}

static void take_update(struct scanner *scanner, const yaml_event_t *event)
{
	struct prep_user_data_scan *scan = &scanner->scan;

	scan->update = kind_of(event);
	scan->update_start = event->start_mark.index;
	scan->update_end = event->end_mark.index;
	scan->is_update_true =
		scan->update == PREP_YAML_SCALAR && prep_yaml_is_true(event);
	prep_yaml_properties(event, &scan->has_update_properties);
}

static int take_packages(struct scanner *scanner, const yaml_event_t *event)
{
	struct prep_user_data_scan *scan = &scanner->scan;
	const char *anchor =
		prep_yaml_properties(event, &scan->has_packages_properties);

	scan->packages = kind_of(event);
	scan->is_packages_empty = true;
	scan->packages_start = event->start_mark.index;
	scan->packages_end = event->end_mark.index;
	if (scan->packages == PREP_YAML_SCALAR)
		scan->is_packages_null = prep_yaml_is_null(event);
	/* A list of items has its mark before the first dash or behind it. */
	scan->dash_column = event->end_mark.column;
	if (anchor) {
		scanner->packages_anchor = strdup(anchor);
		if (!scanner->packages_anchor)
			return -ENOMEM;
	}
	return 0;
}

/*
 * Whether it is the package NAME as apt takes it: by itself, or with a version,
 * a release or an architecture.
 */
static bool is_package(const yaml_event_t *event, const char *name)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t length = strlen(name);

	return prep_starts_with(value, event->data.scalar.length, name) &&
	       (event->data.scalar.length == length ||
		memchr("=/:", value[length], 3));
}

/* Notes which package an item of a list of names is. */
static void take_name(struct scanner *scanner, const yaml_event_t *event)
{
	for (size_t i = 0; i < scanner->wish->package_count; i++)
		if (is_package(event, scanner->wish->packages[i]))
			scanner->scan.present |= UINT64_C(1) << i;
}

static int take_root(struct scanner *scanner, const yaml_event_t *event)
{
	struct prep_user_data_scan *scan = &scanner->scan;

	if (event->type == YAML_MAPPING_START_EVENT) {
		scan->head_offset = event->end_mark.index;
		scan->column = event->end_mark.column;
		scan->is_flow = event->data.mapping_start.style ==
				YAML_FLOW_MAPPING_STYLE;
		return 0;
	}
	if (prep_yaml_is_nothing(event))
		return 0;
	return refuse(scanner, event, "not a mapping of keys to values");
}

/* Takes what a key says or a list has; *RET_ROLE is for what is inside. */
static int take_value(struct scanner *scanner, struct frame *frame,
		      const yaml_event_t *event, enum role *ret_role)
{
	bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
	bool is_scalar = event->type == YAML_SCALAR_EVENT;

	switch (frame->role) {
	case ROLE_ROOT:
		if (frame->key == KEY_UPDATE)
			take_update(scanner, event);
		if (frame->key != KEY_PACKAGES)
			return 0;
		*ret_role = is_list ? ROLE_PACKAGES : ROLE_OTHER;
		return take_packages(scanner, event);
	case ROLE_PACKAGES:
		scanner->scan.is_packages_empty = false;
		if (event->type == YAML_MAPPING_START_EVENT)
			*ret_role = ROLE_MANAGERS;
		/* fall through */
	case ROLE_NAMES:
		if (is_list)
			*ret_role = ROLE_VERSION;
		if (is_scalar)
			take_name(scanner, event);
		return 0;
	case ROLE_VERSION:
		if (is_scalar && frame->item_count == 0)
			take_name(scanner, event);
		return 0;
	case ROLE_MANAGERS:
		if (is_list && frame->key == KEY_APT)
			*ret_role = ROLE_NAMES;
		return 0;
	case ROLE_OTHER:
		return 0;
	}
	return 0;
}

static int push(struct scanner *scanner, const yaml_event_t *event,
		enum role role)
{
	bool is_mapping = event->type == YAML_MAPPING_START_EVENT;

	if (scanner->depth == DEPTH_MAX)
		return refuse(scanner, event, "nested too deeply");
	scanner->stack[scanner->depth++] = (struct frame){
		.role = role,
		.is_mapping = is_mapping,
		.is_flow = is_mapping ? event->data.mapping_start.style ==
						YAML_FLOW_MAPPING_STYLE :
					event->data.sequence_start.style ==
						YAML_FLOW_SEQUENCE_STYLE,
	};
	return 0;
}

/* A scalar, an alias or the beginning of a collection. */
static int take_node(struct scanner *scanner, const yaml_event_t *event)
{
	struct frame *frame = top(scanner);
	enum role role = ROLE_OTHER;
	int error = 0;

	if (!frame) {
		error = take_root(scanner, event);
		role = ROLE_ROOT;
	} else if (frame->is_mapping && !frame->is_value_next) {
		error = take_key(scanner, frame, event);
		frame->is_value_next = true;
	} else {
		error = take_value(scanner, frame, event, &role);
		frame->is_value_next = false;
		frame->item_count++;
	}
	if (error == 0 && (event->type == YAML_MAPPING_START_EVENT ||
			   event->type == YAML_SEQUENCE_START_EVENT))
		error = push(scanner, event, role);
	return error;
}

/*
 * Notes how far what is there reaches.  For a collection in lines, libyaml
 * takes the beginning of the next thing for its end, and so it may for a key
 * or value that is not there.
 */
static void take_end(struct scanner *scanner, const yaml_event_t *event)
{
	struct prep_user_data_scan *scan = &scanner->scan;
	const struct frame *frame;
	bool is_leaf = event->type == YAML_SCALAR_EVENT ||
		       event->type == YAML_ALIAS_EVENT;
	bool is_end = event->type == YAML_SEQUENCE_END_EVENT ||
		      event->type == YAML_MAPPING_END_EVENT;

	if (is_leaf && !prep_yaml_is_nothing(event))
		scan->is_tail_open = prep_yaml_is_text_block(event);
	if (!is_in_packages(scanner))
		return;
	frame = &scanner->stack[scanner->depth - 1];
	if (prep_yaml_is_text_block(event))
		scan->has_packages_text = true;
	/* Of an item that is not there, it says where its dash ends. */
	if (is_leaf && prep_yaml_is_nothing(event) && frame->is_mapping)
		return;
	/* Depth 2: the list itself. */
	if (is_leaf || (is_end && scanner->depth > 2 && frame->is_flow))
		scan->packages_end = event->end_mark.index;
	else if (!is_end && scanner->depth > 2)
		scan->packages_end = event->start_mark.index;
}

static int take_event(struct scanner *scanner, const yaml_event_t *event)
{
	struct prep_user_data_scan *scan = &scanner->scan;
	int error = 0;

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++scanner->document_count > 1)
			return refuse(scanner, event, "a second document");
		return 0;
	case YAML_DOCUMENT_END_EVENT:
		if (!event->data.document_end.implicit)
			scan->tail_offset = event->start_mark.index;
		return 0;
	case YAML_ALIAS_EVENT:
		if (scanner->packages_anchor &&
		    strcmp(scanner->packages_anchor,
			   (const char *)event->data.alias.anchor) == 0)
			scan->is_packages_shared = true;
		/* fall through */
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		error = take_node(scanner, event);
		take_end(scanner, event);
		return error;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		take_end(scanner, event);
		scanner->depth--;
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
		return 0;
	}
	return 0;
}

/* The byte at which this character of the UTF-8 text begins. */
static size_t byte_of(const struct scanner *scanner, size_t character)
{
	size_t i = 0;

	for (; i < scanner->length; i++)
		if (((unsigned char)scanner->text[i] & 0xc0) != 0x80 &&
		    character-- == 0)
			break;
	return i;
}

static void count_bytes(struct scanner *scanner)
{
	struct prep_user_data_scan *scan = &scanner->scan;
	size_t *const offsets[] = {
		&scan->tail_offset, &scan->head_offset,	   &scan->update_start,
		&scan->update_end,  &scan->packages_start, &scan->packages_end
	};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		*offsets[i] = byte_of(scanner, *offsets[i]);
}

static int scan_events(struct scanner *scanner)
{
	yaml_event_type_t type = YAML_NO_EVENT;
	yaml_event_t event;
	size_t dash = 0;
	int error = 0;

	while (error == 0 && type != YAML_STREAM_END_EVENT) {
		if (!yaml_parser_parse(&scanner->yaml, &event))
			return refuse_yaml(scanner);
		type = event.type;
		error = take_event(scanner, &event);
		if (is_in_packages(scanner) && dash == 0)
			dash = event.end_mark.index;
		yaml_event_delete(&event);
	}
	if (error < 0)
		return error;
	count_bytes(scanner);
	dash = byte_of(scanner, dash);
	if (scanner->scan.packages == PREP_YAML_BLOCK_LIST &&
	    (dash == scanner->length || scanner->text[dash] != '-'))
		scanner->scan.dash_column--;
	return 0;
}

int prep_user_data_scan(const char *text, size_t length,
			const struct prep_user_data_wish *wish,
			struct prep_user_data_scan *ret_scan,
			struct pbf_reason *why)
{
	struct scanner scanner = {
		.text = text,
		.length = length,
		.wish = wish,
		.scan = { .tail_offset = SIZE_MAX, .is_empty = true },
		.why = why,
	};
	int error;

	if (!yaml_parser_initialize(&scanner.yaml))
		return -ENOMEM;
	yaml_parser_set_encoding(&scanner.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&scanner.yaml, (const unsigned char *)text,
				     length);
	error = scan_events(&scanner);
	if (error == 0)
		*ret_scan = scanner.scan;
	free_scanner(&scanner);
	return error;
}
