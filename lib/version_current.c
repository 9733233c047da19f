/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a version is still what the disk has. */
#include "content.h"
#include "version_internal.h"

static bool times_equal(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool pbf_version_has_entry(const struct pbf_version *version,
			   const struct pbf_found *found)
{
	return version->size_bytes == found->size_bytes &&
	       version->first_cluster == found->first_cluster &&
	       times_equal(version->times.modified, found->modified) &&
	       times_equal(version->times.created, found->created);
}

/* Whether what SOURCE shows as FOUND is SNAPSHOT's content. */
static bool content_is(struct pbf_snapshot *snapshot, struct pbf_source *source,
		       struct pbf_found *found)
{
	struct pbf_content_comparison comparison = { .advance = NULL };
	struct pbf_digest digest;
	bool equal;

	if (pbf_source_chain(source, found, NULL) < 0)
		return false;
	if (!pbf_snapshot_pin(snapshot, &comparison.bytes))
		return pbf_content_hash(source, found, &digest, NULL) == 0 &&
		       pbf_digest_equal(&digest, pbf_snapshot_digest(snapshot));
	equal = pbf_content_compare(source, found, &comparison, NULL) == 0;
	pbf_snapshot_unpin(snapshot);
	return equal;
}

/* With the lock held. */
static void take_times(struct pbf_version *version,
		       const struct pbf_found *found)
{
	version->times = (struct pbf_version_times){
		.modified = found->modified,
		.created = found->created,
		.accessed = found->accessed,
	};
	version->first_cluster = found->first_cluster;
}

bool pbf_version_is_current(struct pbf_version *version,
			    struct pbf_source *source, struct pbf_found *found)
{
	const struct pbf_stamp *stamp = pbf_image_stamp(source->image);
	struct pbf_snapshot *snapshot = NULL;
	struct pbf_stamp after;
	bool current = false, proven;

	pthread_mutex_lock(&version->lock);
	if (version->state == PBF_DEAD ||
	    version->size_bytes != found->size_bytes)
		; /* another content, or none */
	else if (!version->snapshot)
		current = pbf_version_has_entry(version, found);
	else if (pbf_stamp_proves(&version->proof, stamp))
		current = true;
	else
		snapshot = pbf_snapshot_ref(version->snapshot);
	if (!snapshot && current)
		take_times(version, found);
	pthread_mutex_unlock(&version->lock);
	if (!snapshot)
		return current;

	current = content_is(snapshot, source, found);
	proven = current &&
		 pbf_catalog_stamp(version->shared->catalog, version->source,
				   PBF_ANYWHERE, &after) == 0 &&
		 pbf_stamp_proves(stamp, &after);
	pthread_mutex_lock(&version->lock);
	current = current && version->state != PBF_DEAD;
	if (current)
		take_times(version, found);
	if (current && proven)
		version->proof = *stamp;
	pthread_mutex_unlock(&version->lock);
	pbf_snapshot_unref(snapshot);
	return current;
}

bool pbf_version_is_alive(struct pbf_version *version)
{
	bool alive;

	pthread_mutex_lock(&version->lock);
	alive = version->state != PBF_DEAD;
	pthread_mutex_unlock(&version->lock);
	return alive;
}
