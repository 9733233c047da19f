/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one wants to know of libyaml's events.  Their marks count characters,
 * not bytes, and end where the next thing begins for collections in lines.
 */
#ifndef PREP_YAML_EVENT_H
#define PREP_YAML_EVENT_H

#include <stdbool.h>
#include <yaml.h>

/* Whether this is the value of a scalar. */
bool prep_yaml_is(const yaml_event_t *event, const char *string);

/* Whether it is a value that is not written: "key:" and no more. */
bool prep_yaml_is_nothing(const yaml_event_t *event);

/* Whether it is a block of text, begun with | or >. */
bool prep_yaml_is_text_block(const yaml_event_t *event);

/* Whether a scalar is what YAML 1.1 or, in quotes, cloud-init takes for true.
 */
bool prep_yaml_is_true(const yaml_event_t *event);

/* Whether a scalar is "null" or "~". */
bool prep_yaml_is_null(const yaml_event_t *event);

/*
 * The anchor of a scalar or of the beginning of a list, NULL for none; and
 * whether there is an anchor or a tag.
 */
const char *prep_yaml_properties(const yaml_event_t *event, bool *ret_has);

#endif
