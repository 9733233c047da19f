/* SPDX-License-Identifier: BSD-2-Clause */
#include "xattr_ops.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board_path.h"
#include "board_request.h"
#include "fat_dir.h"
#include "log.h"
#include "server.h"

#define PREFIX "user.pibootfs."

enum directory_attribute {
	IMAGE,
	PARTITION,
	FAT_TYPE,
	LABEL
};

static const char *const directory_names[] = {
	[IMAGE] = PREFIX "image",
	[PARTITION] = PREFIX "partition",
	[FAT_TYPE] = PREFIX "fat_type",
	[LABEL] = PREFIX "label",
};
#define DIRECTORY_NAMES (sizeof(directory_names) / sizeof(directory_names[0]))

static const char version_name[] = PREFIX "version";

/* A value, or the list of names: the caller may first ask for its length. */
static void reply_value(fuse_req_t fuse, const char *value, size_t length,
			size_t size)
{
	if (size == 0)
		fuse_reply_xattr(fuse, length);
	else if (length > size)
		fuse_reply_err(fuse, ERANGE);
	else
		fuse_reply_buf(fuse, value, length);
}

/* --- Files --- */

static void get_version(fuse_req_t fuse, struct pbf_version *version,
			const char *name, size_t size)
{
	char hex[2 * PBF_DIGEST_BYTES + 1];
	struct pbf_digest digest;

	if (strcmp(name, version_name) != 0 ||
	    !pbf_version_digest(version, &digest)) {
		fuse_reply_err(fuse, ENODATA);
		return;
	}
	for (size_t i = 0; i < PBF_DIGEST_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest.bytes[i]);
	reply_value(fuse, hex, strlen(hex), size);
}

/* --- Directories: the value is in the image --- */

static void format_value(struct pbf_source *source, const char *image,
			 enum directory_attribute attribute, char *value,
			 size_t size)
{
	char label[PBF_FAT_ALIAS_BYTES];

	switch (attribute) {
	case IMAGE:
		snprintf(value, size, "%s", image);
		break;
	case PARTITION:
		snprintf(value, size, "%u", source->partition);
		break;
	case FAT_TYPE:
		snprintf(value, size, "FAT%d",
			 pbf_fat_volume_geometry(source->volume)->type);
		break;
	case LABEL:
		pbf_fat_label(source->volume, label);
		snprintf(value, size, "%s", label);
		break;
	}
}

static void work_on_attribute(struct request *request)
{
	struct server *server = request->server;
	char value[PBF_ENTRY_BYTES];
	struct pbf_reason why = { .offset_bytes = PBF_REASON_NO_OFFSET };
	_cleanup_source_ struct pbf_source source = { 0 };
	int error = pbf_source_open(server->catalog, request->board.source,
				    pbf_monotonic_ms() +
					    server->settings.io_timeout_ms,
				    &source, &why);

	if (error < 0) {
		log_refusal(LOG_WARNING, request->board.source, "", &why,
			    "answering with an I/O error");
		request_fail(request, -EIO);
		return;
	}
	format_value(&source, request->board.source,
		     (enum directory_attribute)request->attribute, value,
		     sizeof(value));
	if (request_claim(request))
		reply_value(request->fuse, value, strlen(value), request->size);
}

static void get_from_image(struct server *server, fuse_req_t fuse,
			   const char *path, const char *name, size_t size)
{
	struct pbf_board board;
	struct request *request;
	unsigned int attribute;
	int error;

	for (attribute = 0; attribute < DIRECTORY_NAMES; attribute++)
		if (strcmp(name, directory_names[attribute]) == 0)
			break;
	if (attribute == DIRECTORY_NAMES) {
		fuse_reply_err(fuse, ENODATA);
		return;
	}
	error = board_path_find(server->catalog, path, PBF_AT_ONCE, &board);
	request = board_request_new(server, fuse, strdup(path), error, &board,
				    work_on_attribute);
	if (!request)
		return;
	request->size = size;
	request->attribute = attribute;
	board_request_submit(request);
}

void xattr_ops_get(fuse_req_t fuse, fuse_ino_t inode, const char *name,
		   size_t size)
{
	struct server *server = fuse_req_userdata(fuse);
	_cleanup_node_ struct node node = { 0 };
	int error = nodes_get(server->nodes, inode, &node);

	if (error < 0)
		fuse_reply_err(fuse, -error);
	else if (node.version)
		get_version(fuse, node.version, name, size);
	else if (node.is_root)
		fuse_reply_err(fuse, ENODATA);
	else
		get_from_image(server, fuse, node.path, name, size);
}

void xattr_ops_list(fuse_req_t fuse, fuse_ino_t inode, size_t size)
{
	struct server *server = fuse_req_userdata(fuse);
	_cleanup_node_ struct node node = { 0 };
	struct pbf_digest digest;
	char list[256];
	size_t length = 0;
	int error = nodes_get(server->nodes, inode, &node);

	if (error < 0) {
		fuse_reply_err(fuse, -error);
		return;
	}
	if (node.version && pbf_version_digest(node.version, &digest)) {
		memcpy(list, version_name, sizeof(version_name));
		length = sizeof(version_name);
	}
	for (size_t i = 0;
	     !node.version && !node.is_root && i < DIRECTORY_NAMES; i++) {
		size_t name_length = strlen(directory_names[i]) + 1;

		memcpy(list + length, directory_names[i], name_length);
		length += name_length;
	}
	reply_value(fuse, list, length, size);
}
