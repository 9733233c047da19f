/* SPDX-License-Identifier: BSD-2-Clause */
#include "operations.h"

#include <errno.h>
#include <sys/statvfs.h>

#include "dir_ops.h"
#include "file_ops.h"
#include "lookup_ops.h"
#include "nodes.h"
#include "server.h"
#include "xattr_ops.h"

/*
 * Readahead counts as background requests; with the default of 12, as many
 * readers of a disk that hangs would stop all others.
 */
#define MAX_BACKGROUND 1024u

static void init(void *userdata, struct fuse_conn_info *connection)
{
	struct server *server = userdata;

	/*
	 * AUTO_INVAL_DATA: versions do not change, and with it every read(2)
	 * is a GETATTR.  READDIRPLUS: "ls" would open every image.  The
	 * splices: bytes are to be what they were when they were checked.
	 */
	connection->want &= ~(
		unsigned int)(FUSE_CAP_AUTO_INVAL_DATA |
			      FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_ASYNC_DIO |
			      FUSE_CAP_HANDLE_KILLPRIV | FUSE_CAP_READDIRPLUS |
			      FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_SPLICE_READ |
			      FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
	/* Has an effect from libfuse 3.17 on. */
	connection->want |= connection->capable & FUSE_CAP_PARALLEL_DIROPS;
	connection->max_background = MAX_BACKGROUND;
	connection->congestion_threshold = MAX_BACKGROUND * 3 / 4;
	server->ready(server->ready_context);
}

static void getattr(fuse_req_t fuse, fuse_ino_t inode,
		    struct fuse_file_info *file)
{
	struct server *server = fuse_req_userdata(fuse);
	_cleanup_node_ struct node node = { 0 };
	struct stat attributes;
	int error = nodes_get(server->nodes, inode, &node);

	(void)file;
	if (error < 0) {
		fuse_reply_err(fuse, -error);
		return;
	}
	server_attributes(server, &node, &attributes);
	fuse_reply_attr(fuse, &attributes,
			server_attributes_timeout(server, &node));
}

static void forget(fuse_req_t fuse, fuse_ino_t inode, uint64_t count)
{
	struct server *server = fuse_req_userdata(fuse);

	nodes_forget(server->nodes, inode, count);
	fuse_reply_none(fuse);
}

static void forget_multi(fuse_req_t fuse, size_t count,
			 struct fuse_forget_data *forgets)
{
	struct server *server = fuse_req_userdata(fuse);

	for (size_t i = 0; i < count; i++)
		nodes_forget(server->nodes, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(fuse);
}

/* Sizes would say nothing: images share their disks with everything else. */
static void statfs(fuse_req_t fuse, fuse_ino_t inode)
{
	const struct statvfs facts = {
		.f_bsize = 4096,
		.f_frsize = 4096,
		.f_namemax = 255,
	};

	(void)inode;
	fuse_reply_statfs(fuse, &facts);
}

const struct fuse_lowlevel_ops operations = {
	.init = init,
	.lookup = lookup_ops_lookup,
	.forget = forget,
	.forget_multi = forget_multi,
	.getattr = getattr,
	.open = file_ops_open,
	.read = file_ops_read,
	.release = file_ops_release,
	.opendir = dir_ops_opendir,
	.readdir = dir_ops_readdir,
	.releasedir = dir_ops_releasedir,
	.statfs = statfs,
	.getxattr = xattr_ops_get,
	.listxattr = xattr_ops_list,
};
