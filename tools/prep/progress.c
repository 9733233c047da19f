/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"

#include <stdio.h>
#include <string.h>

#include "image.h"

#define BAR_COLUMNS 32
#define INTERVAL_MS 200
#define MIB (1024.0 * 1024.0)

static void draw(uint64_t done_bytes, uint64_t total_bytes)
{
	char bar[BAR_COLUMNS + 1];
	double share = (double)done_bytes / (double)total_bytes;
	size_t filled = share < 1 ? (size_t)(share * BAR_COLUMNS) : BAR_COLUMNS;

	memset(bar, '.', BAR_COLUMNS);
	memset(bar, '#', filled);
	bar[BAR_COLUMNS] = '\0';
	fprintf(stderr, "\r%3.0f %% %s %.0f of %.0f MiB", share * 100, bar,
		(double)done_bytes / MIB, (double)total_bytes / MIB);
}

void prep_progress_show(void *context, uint64_t done_bytes,
			uint64_t total_bytes)
{
	struct prep_progress *progress = context;
	int64_t now = pbf_monotonic_ms();

	if (!progress->is_wanted || now - progress->shown_ms < INTERVAL_MS)
		return;
	progress->shown_ms = now;
	progress->is_shown = true;
	if (total_bytes > 0)
		draw(done_bytes, total_bytes);
	else
		fprintf(stderr, "\r%.0f MiB", (double)done_bytes / MIB);
	fflush(stderr);
}

void prep_progress_end(struct prep_progress *progress)
{
	/* Back to the first column, and nothing from there on (ECMA-48 EL). */
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}
