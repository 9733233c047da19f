/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a look at an image found, in sentences for a person: warnings say what
 * will go wrong and what to do, notes what is as it should be or does not
 * matter here.
 */
#ifndef PREP_FINDINGS_H
#define PREP_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"

struct prep_sentences {
	char **items;
	size_t count;
};

/* Zero it to begin with; give it back with prep_findings_free(). */
struct prep_findings {
	struct prep_sentences warnings;
	struct prep_sentences notes;
	bool is_out_of_memory; /* something is not in it */
};

/*
 * Adds a sentence, unless it is there already.  What an image says is in it as
 * it is: say() makes it harmless.
 */
__attribute__((format(printf, 2, 3))) void
prep_warn(struct prep_findings *findings, const char *format, ...);
__attribute__((format(printf, 2, 3))) void
prep_note(struct prep_findings *findings, const char *format, ...);

void prep_findings_free(struct prep_findings *findings);

#define _cleanup_findings_ _cleanup_(prep_findings_free)

#endif
