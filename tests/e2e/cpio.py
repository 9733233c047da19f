# SPDX-License-Identifier: BSD-2-Clause
"""A directory tree as a cpio archive in the form the kernel unpacks.

"newc": per file a header of a magic and thirteen numbers in eight hex digits
each, the name, the content, each padded to four bytes (Linux:
Documentation/driver-api/early-userspace/buffer-format.rst). All belongs to
root and has one time stamp, so equal trees give equal archives.
"""

import os
import stat
from pathlib import Path

MAGIC = b"070701"
TRAILER = "TRAILER!!!"


def archive(tree):
    """The archive of all that lies below `tree`, as bytes."""
    paths = [tree, *sorted(Path(tree).rglob("*"))]
    members = [_member(number, os.path.relpath(path, tree), path.lstat(),
                       _content(path))
               for number, path in enumerate(paths, 1)]
    return b"".join(members) + _header(0, 0, 1, 0, TRAILER)


def _content(path):
    if path.is_symlink():
        return os.fsencode(os.readlink(path))
    return path.read_bytes() if path.is_file() else b""


def _member(number, name, status, content):
    links = 2 if stat.S_ISDIR(status.st_mode) else 1
    return (_header(number, status.st_mode, links, len(content), name)
            + _padded(content))


def _header(number, mode, links, size, name):
    encoded = os.fsencode(name) + b"\0"
    # inode, mode, uid, gid, links, time, size, four device numbers, length
    # of the name, checksum
    fields = (number, mode, 0, 0, links, 0, size, 0, 0, 0, 0, len(encoded), 0)
    return _padded(MAGIC + b"".join(b"%08X" % field for field in fields)
                   + encoded)


def _padded(data):
    return data + bytes(-len(data) % 4)
