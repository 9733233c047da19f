/* SPDX-License-Identifier: BSD-2-Clause */
#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot_volume.h"
#include "fat_dir.h"

/* One read of content: large enough to be cheap, small enough to be shared. */
#define PIECE_BYTES (128u * 1024u)

/* Hands *SOURCE over; what is left needs no closing. */
static struct pbf_source take_source(struct pbf_source *source)
{
	struct pbf_source taken = *source;

	*source = (struct pbf_source){ 0 };
	return taken;
}

int pbf_source_open(struct pbf_catalog *catalog, const char *name,
		    int64_t give_up_at_ms, struct pbf_source *ret_source,
		    struct pbf_reason *why)
{
	_cleanup_source_ struct pbf_source source = { 0 };
	struct pbf_boot_choice choice = { 0 };
	struct pbf_image_conf conf;
	int error = pbf_catalog_open_image(catalog, name, &source.image, why);

	if (error < 0)
		return error;
	pbf_image_give_up_at(source.image, give_up_at_ms);
	if (strcmp(name, PBF_BOOTCODE) != 0) {
		error = pbf_catalog_conf(catalog, name, &conf, why);
		if (error == 0)
			error = pbf_boot_volume_open(
				source.image, conf.partition, &source.volume,
				&choice, why);
		if (error < 0)
			return error;
		source.partition = choice.partition;
		source.tryboot_alias = conf.tryboot_alias;
		source.deny = conf.deny;
		pbf_fat_volume_set_code_page(source.volume, conf.code_page);
	}
	*ret_source = take_source(&source);
	return 0;
}

void pbf_source_close(struct pbf_source *source)
{
	pbf_fat_volume_free(source->volume);
	pbf_image_free(source->image);
	*source = (struct pbf_source){ 0 };
}

static int find_plain_file(struct pbf_source *source, const char *path,
			   struct pbf_found *ret_found)
{
	const struct pbf_stamp *stamp = pbf_image_stamp(source->image);
	struct timespec modified = {
		.tv_sec = stamp->mtime_ns / 1000000000,
		.tv_nsec = stamp->mtime_ns % 1000000000,
	};
	char *copy;

	if (path[0] != '\0')
		return -ENOTDIR;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	*ret_found = (struct pbf_found){
		.path = copy,
		.size_bytes = pbf_image_size_bytes(source->image),
		.modified = modified,
		.created = modified,
		.accessed = modified,
	};
	return 0;
}

int pbf_source_find(struct pbf_source *source, const char *path,
		    struct pbf_found *ret_found, struct pbf_reason *why)
{
	struct pbf_fat_entry entry;
	char *stored;
	int error;

	if (!source->volume)
		return find_plain_file(source, path, ret_found);
	error = pbf_fat_resolve(source->volume, path, source->deny, &entry,
				&stored, why);
	if (error < 0)
		return error;
	*ret_found = (struct pbf_found){
		.path = stored,
		.is_directory = entry.is_directory,
		.first_cluster = entry.first_cluster,
		.size_bytes = entry.size_bytes,
		.slot_offset_bytes = entry.slot_offset_bytes,
		.modified = entry.modified,
		.created = entry.created,
		.accessed = entry.accessed,
	};
	return 0;
}

void pbf_found_release(struct pbf_found *found)
{
	free(found->path);
	pbf_chain_release(&found->chain);
	*found = (struct pbf_found){ 0 };
}

int pbf_source_chain(struct pbf_source *source, struct pbf_found *found,
		     struct pbf_reason *why)
{
	int error;

	if (!source->volume)
		return 0;
	pbf_chain_release(&found->chain);
	error = pbf_fat_chain(
		source->volume,
		pbf_fat_volume_geometry(source->volume)->active_fat,
		found->first_cluster, found->size_bytes, &found->chain, why);
	if (error == -EUCLEAN && why &&
	    why->offset_bytes == PBF_REASON_NO_OFFSET)
		why->offset_bytes = found->slot_offset_bytes;
	return error;
}

bool pbf_source_copies_agree(struct pbf_source *source,
			     const struct pbf_found *found)
{
	const struct pbf_fat_geometry *geometry;

	if (!source->volume)
		return true;
	geometry = pbf_fat_volume_geometry(source->volume);
	for (uint32_t i = 0; i < geometry->fat_count; i++)
		if (i != geometry->active_fat &&
		    !pbf_chain_is_in_copy(source->volume, i, &found->chain))
			return false;
	return true;
}

/* A reading under way. */
struct content_walk {
	struct pbf_source *source;
	const struct pbf_reading *reading;
	unsigned char *scratch; /* NULL when there is a place for the content */
	uint64_t done_bytes;	/* of the file, given to reading->take */
	size_t held_bytes;	/* read beyond that: not a whole piece yet */
	uint64_t size_bytes;
	struct pbf_reason *why;
};

/* Hands over what was read since the last time. */
static int hand_over(struct content_walk *walk, const unsigned char *piece)
{
	const struct pbf_reading *reading = walk->reading;
	uint64_t offset_bytes = walk->done_bytes;
	size_t length = walk->held_bytes;

	walk->done_bytes += length;
	walk->held_bytes = 0;
	return reading->take(reading->context, offset_bytes, piece, length);
}

static int read_bytes(struct pbf_source *source, uint64_t offset_bytes,
		      void *buffer, size_t length, struct pbf_reason *why)
{
	if (source->volume)
		return pbf_fat_volume_read(source->volume, offset_bytes, buffer,
					   length, why);
	return pbf_image_read(source->image, offset_bytes, buffer, length, why);
}

/*
 * Reads LENGTH bytes from OFFSET in the volume, or in a plain file.  Pieces
 * are handed over whole, however scattered they lie.
 */
static int read_run(struct content_walk *walk, uint64_t offset_bytes,
		    uint64_t length_bytes)
{
	struct pbf_source *source = walk->source;
	unsigned char *into = walk->reading->into;

	while (length_bytes > 0) {
		unsigned char *piece =
			into ? into + walk->done_bytes : walk->scratch;
		size_t length = PIECE_BYTES - walk->held_bytes;
		int result;

		if (length > length_bytes)
			length = (size_t)length_bytes;
		result =
			read_bytes(source, offset_bytes,
				   piece + walk->held_bytes, length, walk->why);
		if (result == -EIO) {
			pbf_pause_ms(PBF_RETRY_MS);
			result = read_bytes(source, offset_bytes,
					    piece + walk->held_bytes, length,
					    walk->why);
		}
		if (result < 0)
			return result;
		walk->held_bytes += length;
		offset_bytes += length;
		length_bytes -= length;
		if (walk->held_bytes == PIECE_BYTES ||
		    walk->done_bytes + walk->held_bytes == walk->size_bytes)
			result = hand_over(walk, piece);
		if (result != 0)
			return result;
	}
	return 0;
}

/* Reads the clusters of a run, but not beyond the file's end. */
static int read_clusters(struct content_walk *walk,
			 const struct pbf_cluster_run *run)
{
	struct pbf_fat_volume *volume = walk->source->volume;
	uint64_t left = walk->size_bytes - walk->done_bytes - walk->held_bytes;
	uint64_t length = (uint64_t)run->cluster_count *
			  pbf_fat_volume_geometry(volume)->cluster_bytes;

	return read_run(walk,
			pbf_fat_cluster_offset(volume, run->first_cluster),
			length < left ? length : left);
}

int pbf_source_read(struct pbf_source *source, const struct pbf_found *found,
		    const struct pbf_reading *reading, struct pbf_reason *why)
{
	_cleanup_free_ unsigned char *scratch =
		reading->into ? NULL : malloc(PIECE_BYTES);
	struct content_walk walk = {
		.source = source,
		.reading = reading,
		.scratch = scratch,
		.size_bytes = found->size_bytes,
		.why = why,
	};
	int result = 0;

	if (!scratch && !reading->into)
		return -ENOMEM;
	if (!source->volume)
		return read_run(&walk, 0, found->size_bytes);
	for (size_t i = 0; i < found->chain.run_count && result == 0; i++)
		result = read_clusters(&walk, &found->chain.runs[i]);
	return result;
}
