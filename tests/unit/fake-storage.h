/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Storage under the control of a test.  A test that links this gets its own
 * pread(), of which one call can be made to go wrong.
 */
#ifndef PBF_UNIT_FAKE_STORAGE_H
#define PBF_UNIT_FAKE_STORAGE_H

enum fake_fault {
	FAKE_SOUND,
	FAKE_FAILS, /* EIO */
	FAKE_SHORT, /* less than was asked for; going on gives the rest */
	FAKE_ENDS,  /* nothing: the image was cut here, and grew again */
};
#define FAKE_FAULTS 4

/* Has the NTH read from now on, counted from 0, go wrong as FAULT says. */
void fake_storage_break(enum fake_fault fault, unsigned int nth);

/* Reads since then. */
unsigned int fake_storage_reads(void);

#endif
