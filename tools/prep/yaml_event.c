/* SPDX-License-Identifier: BSD-2-Clause */
#include "yaml_event.h"

#include <string.h>

bool prep_yaml_is_nothing(const yaml_event_t *event)
{
	return event->type == YAML_SCALAR_EVENT &&
	       event->start_mark.index == event->end_mark.index;
}

bool prep_yaml_is_text_block(const yaml_event_t *event)
{
	return event->type == YAML_SCALAR_EVENT &&
	       (event->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
		event->data.scalar.style == YAML_FOLDED_SCALAR_STYLE);
}

bool prep_yaml_is(const yaml_event_t *event, const char *string)
{
	return event->data.scalar.length == strlen(string) &&
	       memcmp(event->data.scalar.value, string, strlen(string)) == 0;
}

static bool is_one_of(const yaml_event_t *event, const char *const *list)
{
	const char *value = (const char *)event->data.scalar.value;

	for (; *list; list++)
		if (strcasecmp(value, *list) == 0)
			return true;
	return false;
}

bool prep_yaml_is_true(const yaml_event_t *event)
{
	static const char *const list[] = { "true", "yes", "on", "1", NULL };

	return is_one_of(event, list);
}

bool prep_yaml_is_null(const yaml_event_t *event)
{
	static const char *const list[] = { "null", "~", NULL };

	return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       is_one_of(event, list);
}

const char *prep_yaml_properties(const yaml_event_t *event, bool *ret_has)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	}
	*ret_has = anchor || tag;
	return (const char *)anchor;
}
