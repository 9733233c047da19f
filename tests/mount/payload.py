# SPDX-License-Identifier: BSD-2-Clause
"""File content that says where it comes from.

Every 512-byte sector of a payload names its file, its version and its own
index, and the size of a version is known, so a reader can prove that what it
got is one version of one file, whole and in order, or say where it is not.
"""

import functools
import re

SECTOR_BYTES = 512

_HEADER = re.compile(rb"FILE=(\S+) V=(\d+) SEC=(\d+) ")


class Torn(AssertionError):
    """The bytes are not exactly one version of one file."""


@functools.lru_cache(maxsize=64)
def content(name, version, size_bytes):
    """The first `size_bytes` of `name` in `version`."""
    sectors = (size_bytes + SECTOR_BYTES - 1) // SECTOR_BYTES
    head = f"FILE={name} V={version:04d} SEC="
    whole = b"".join(
        f"{head}{i:06d} ".encode().ljust(SECTOR_BYTES - 1, b".") + b"\n"
        for i in range(sectors))
    return whole[:size_bytes]


class Payload:
    """A file in all its versions; `size_of(version)` is a version's size."""

    def __init__(self, name, size_of):
        self.name = name
        self.size_of = size_of

    def content(self, version):
        return content(self.name, version, self.size_of(version))

    def version_of(self, data):
        """The version that `data` is, exactly and whole; else Torn."""
        found = _HEADER.match(data)
        if found and found[1].decode() == self.name:
            version = int(found[2])
            if data == self.content(version):
                return version
        raise Torn(f"{len(data)} bytes are no version of {self.name}: "
                   f"{describe(data)}")


def describe(data):
    """The runs of sectors in `data` that belong together, for a message."""
    runs = []
    for at in range(0, len(data), SECTOR_BYTES):
        found = _HEADER.match(data, at)
        index = at // SECTOR_BYTES
        owner = "no payload"
        if found:
            owner = f"{found[1].decode()} version {int(found[2])}"
            if int(found[3]) != index:
                owner += f" shifted by {int(found[3]) - index} sectors"
        if not runs or runs[-1][1] != owner:
            runs.append((index, owner))
    return "; ".join(f"sector {start}: {owner}"
                     for start, owner in runs[:12]) or "nothing"
