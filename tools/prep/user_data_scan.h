/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where in a cloud-config things are: what it says about packages, and at
 * which byte one would have to write to say more.  Nothing is changed here.
 */
#ifndef PREP_USER_DATA_SCAN_H
#define PREP_USER_DATA_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"

/* What there is under a key of the outermost mapping. */
enum prep_yaml_value {
	PREP_YAML_ABSENT,
	PREP_YAML_NOTHING, /* the key, a colon and no more */
	PREP_YAML_SCALAR,
	PREP_YAML_BLOCK_LIST, /* - one item to a line */
	PREP_YAML_FLOW_LIST,  /* [items, in, brackets] */
	PREP_YAML_OTHER,      /* a mapping, or an alias of something */
};

struct prep_user_data_scan {
	/*
	 * Where a further key can be written: at the end, or before the first
	 * key.  After the last key's value TAIL_OFFSET is the end of the text
	 * or of the document; IS_TAIL_OPEN says that there is a block of text
	 * (| or >), which would notice a line break that was not there.
	 */
	size_t tail_offset;
	bool is_tail_open;
	size_t head_offset;
	size_t column;	    /* of the keys, counted from 0 */
	bool is_flow;	    /* {all: of, it: in, braces} */
	bool is_empty;	    /* no keys */
	bool has_merge_key; /* "<<", which brings in keys from elsewhere */

	/* package_update: whether it says so already; the bytes of its value.
	 */
	enum prep_yaml_value update;
	bool is_update_true;
	bool has_update_properties; /* an anchor or a tag */
	size_t update_start, update_end;

	/*
	 * packages: for NOTHING and SCALAR, its bytes; for FLOW_LIST, where
	 * the last item ends, or the bracket if there is none; for BLOCK_LIST,
	 * the last byte of its last line that is not a comment.
	 */
	enum prep_yaml_value packages;
	bool is_packages_null; /* a scalar that says so */
	bool is_packages_empty;
	bool is_packages_shared; /* by an alias elsewhere */
	bool has_packages_properties;
	bool has_packages_text; /* a block of text in it */
	size_t packages_start, packages_end;
	size_t dash_column; /* of BLOCK_LIST */
	/*
	 * Bit N says that package N of the wish is in the list: by itself, as
	 * name=version, name/release or name:architecture, as [name, version],
	 * or under "apt:".
	 */
	uint64_t present;
};

/* What is looked for, at most 64 packages; borrowed. */
struct prep_user_data_wish {
	const char *const *packages;
	size_t package_count;
};

/*
 * Scans TEXT, which is right for cloud-init if it is YAML with one mapping or
 * nothing in it.  -EUCLEAN, and WHY says which line, for what is not YAML, has
 * several documents, says one of these keys twice or is nested deeply;
 * -ENOMEM.
 */
int prep_user_data_scan(const char *text, size_t length,
			const struct prep_user_data_wish *wish,
			struct prep_user_data_scan *ret_scan,
			struct pbf_reason *why);

#endif
