/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a run has come to: how much was loaded, how long the server took to
 * answer, and what was not as it should be.
 */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum fault {
	FAULT_SILENCE,	/* no progress for too long */
	FAULT_ERROR,	/* the server answered ERROR */
	FAULT_FOUND,	/* a file was there that should not be */
	FAULT_OPTIONS,	/* not the options that were asked for */
	FAULT_TSIZE,	/* another size than the reference's */
	FAULT_LENGTH,	/* a block of another length than the reference's */
	FAULT_CONTENT,	/* a block of another content */
	FAULT_PROTOCOL, /* a packet out of place */
	FAULT_SYSTEM,	/* a system call failed */
	FAULT_KINDS
};

struct tally {
	/* Steps that went as they should. */
	uint64_t gets;
	uint64_t probes;
	uint64_t misses;

	uint64_t bytes;	      /* of content, each compared with the reference */
	uint64_t retransmits; /* packets that this side sent again */
	int64_t first_request_ns;
	int64_t last_answer_ns;

	/* From the first RRQ of each request to its first answer. */
	int64_t *latencies_ns;
	size_t latency_count;
	size_t latency_capacity;

	struct {
		uint64_t count;
		char example[768];
	} faults[FAULT_KINDS];
};

/* With room for REQUESTS latencies.  NULL without memory; tally_free(). */
struct tally *tally_new(size_t requests);
void tally_free(struct tally *tally);

void tally_latency(struct tally *tally, int64_t latency_ns);

/* The first EXAMPLE of each kind is kept. */
void tally_fault(struct tally *tally, enum fault kind, const char *example);
bool tally_has_faults(const struct tally *tally);

/* One line for each kind of fault that there was. */
void tally_print_faults(const struct tally *tally, FILE *stream);

/*
 * Everything else, as one JSON object in one line.  Sorts the latencies.
 * CLIENTS and BLKSIZE are told again, so that a result speaks for itself.
 */
void tally_print(struct tally *tally, unsigned int clients,
		 unsigned int blksize, FILE *stream);

#endif
