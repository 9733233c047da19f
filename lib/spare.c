/* SPDX-License-Identifier: BSD-2-Clause */
#include "spare.h"

#include <sys/mman.h>

void pbf_spare_drop(struct pbf_spare *spare)
{
	if (spare->memory)
		munmap(spare->memory, spare->size_bytes);
	*spare = (struct pbf_spare){ 0 };
}

unsigned char *pbf_spare_use(struct pbf_spare *spare, size_t size_bytes)
{
	void *memory = MAP_FAILED;

	if (spare->memory && size_bytes >= PBF_SPARE_BYTES_MIN)
		memory = mremap(spare->memory, spare->size_bytes, size_bytes,
				MREMAP_MAYMOVE);
	if (memory != MAP_FAILED)
		*spare = (struct pbf_spare){ 0 };
	else
		memory = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	/* Filling page by page would cost a fault for each. */
	madvise(memory, size_bytes, MADV_HUGEPAGE);
	return memory;
}

void pbf_spare_keep(struct pbf_spare *spare, unsigned char *memory,
		    size_t size_bytes)
{
	if (size_bytes < PBF_SPARE_BYTES_MIN ||
	    size_bytes <= spare->size_bytes) {
		munmap(memory, size_bytes);
		return;
	}
	pbf_spare_drop(spare);
	madvise(memory, size_bytes, MADV_FREE);
	*spare = (struct pbf_spare){ .memory = memory,
				     .size_bytes = size_bytes };
}
