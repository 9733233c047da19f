# SPDX-License-Identifier: BSD-2-Clause
"""The recorded kernel upgrade of traces/, as writes to replay.

dm-log-writes format, in sectors: a superblock (magic, version, number of
entries, sector size), then per entry one sector (sector, sectors, flags,
length) followed by the data, unless the entry is a discard.
"""

import lzma
import struct
from dataclasses import dataclass
from pathlib import Path

TRACES = Path(__file__).parent / "traces"
MAGIC = 0x6a736677736872
SECTOR_BYTES = 512
FLAG_DISCARD = 4
MARK_SECTOR = 328000


@dataclass
class Write:
    """One write of the client; `label` is the job's last time mark.

    Writes of one `burst` left the client together, within a second or so.
    """
    number: int
    burst: int
    offset: int
    data: bytes
    label: str


def base_image():
    """The volume before the first write."""
    return lzma.decompress((TRACES / "base.img.xz").read_bytes())


def writes():
    """All writes to the file system, in the order they reached the disk."""
    log = lzma.decompress(
        (TRACES / "upgrade.blklogwrites.xz").read_bytes())
    magic, _, entries, sector_bytes = struct.unpack_from("<QQQI", log)
    assert (magic, sector_bytes) == (MAGIC, SECTOR_BYTES)
    position, label, burst, result = SECTOR_BYTES, "", 0, []
    for number in range(entries):
        sector, sectors, flags, _ = struct.unpack_from("<QQQQ", log, position)
        position += SECTOR_BYTES
        length = 0 if flags & FLAG_DISCARD else sectors * SECTOR_BYTES
        data = log[position:position + length]
        position += length
        if sector == MARK_SECTOR:
            burst += 1
            words = data.split(b"\n")[0].decode().split()[2:]
            label = label if words == ["TICK"] else " ".join(words)
        elif data:
            result.append(Write(number, burst, sector * SECTOR_BYTES, data,
                                label))
    return result
