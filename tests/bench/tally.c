/* SPDX-License-Identifier: BSD-2-Clause */
#include "tally.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

_Static_assert(FAULT_KINDS <= 10, "the user is promised ten lines at most");

struct tally *tally_new(size_t requests)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	if (!tally)
		return NULL;
	tally->latency_capacity = requests;
	tally->latencies_ns = calloc(requests, sizeof(*tally->latencies_ns));
	if (!tally->latencies_ns) {
		free(tally);
		return NULL;
	}
	return tally;
}

void tally_free(struct tally *tally)
{
	if (!tally)
		return;
	free(tally->latencies_ns);
	free(tally);
}

void tally_latency(struct tally *tally, int64_t latency_ns)
{
	assert(tally->latency_count < tally->latency_capacity);
	tally->latencies_ns[tally->latency_count++] = latency_ns;
}

/* --- Faults --- */

void tally_fault(struct tally *tally, enum fault kind, const char *example)
{
	if (tally->faults[kind].count++ == 0)
		snprintf(tally->faults[kind].example,
			 sizeof(tally->faults[kind].example), "%s", example);
}

bool tally_has_faults(const struct tally *tally)
{
	for (size_t kind = 0; kind < FAULT_KINDS; kind++) {
		if (tally->faults[kind].count > 0)
			return true;
	}
	return false;
}

void tally_print_faults(const struct tally *tally, FILE *stream)
{
	for (size_t kind = 0; kind < FAULT_KINDS; kind++) {
		uint64_t count = tally->faults[kind].count;

		if (count == 0)
			continue;
		fprintf(stream, "tftp-load: %s", tally->faults[kind].example);
		if (count > 1)
			fprintf(stream, " (and %" PRIu64 " more of this kind)",
				count - 1);
		fputc('\n', stream);
	}
}

/* --- Result --- */

static int compare_ns(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The smallest latency that PERCENT of all do not exceed; null without any. */
static void print_percentile(const struct tally *tally, const char *name,
			     size_t percent, FILE *stream)
{
	size_t rank = (tally->latency_count * percent + 99) / 100;

	if (tally->latency_count == 0)
		fprintf(stream, "\"%s\":null", name);
	else
		fprintf(stream, "\"%s\":%.3f", name,
			(double)tally->latencies_ns[rank - 1] / 1e6);
}

void tally_print(struct tally *tally, unsigned int clients,
		 unsigned int blksize, FILE *stream)
{
	int64_t ns = tally->last_answer_ns - tally->first_request_ns;

	qsort(tally->latencies_ns, tally->latency_count,
	      sizeof(*tally->latencies_ns), compare_ns);
	fprintf(stream, "{\"clients\":%u,\"blksize\":%u,", clients, blksize);
	fprintf(stream,
		"\"transfers\":%" PRIu64 ",\"probes\":%" PRIu64
		",\"misses\":%" PRIu64 ",\"bytes\":%" PRIu64 ",",
		tally->gets, tally->probes, tally->misses, tally->bytes);
	fprintf(stream, "\"seconds\":%.6f,\"retransmits\":%" PRIu64 ",",
		ns > 0 ? (double)ns / 1e9 : 0.0, tally->retransmits);
	fputs("\"latency_ms\":{", stream);
	print_percentile(tally, "median", 50, stream);
	fputc(',', stream);
	print_percentile(tally, "p99", 99, stream);
	fputc(',', stream);
	print_percentile(tally, "max", 100, stream);
	fputs("}}\n", stream);
}
