# SPDX-License-Identifier: BSD-2-Clause
"""An independent reader of FAT volumes: the tests' oracle.

Written from the specification, for clarity and not for speed; it also says
where on the disk a thing is, so that a test can damage exactly that.
Offsets are absolute in the image file.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

READ_ONLY, HIDDEN, SYSTEM, LABEL, DIRECTORY, ARCHIVE = 1, 2, 4, 8, 16, 32
LONG_NAME = 0x0f
END = {12: 0xff8, 16: 0xfff8, 32: 0x0ffffff8}
LAST = {12: 0xfff, 16: 0xffff, 32: 0x0fffffff}
BAD = {12: 0xff7, 16: 0xfff7, 32: 0x0ffffff7}


@dataclass
class Entry:
    """A directory entry; `slots` are offsets of its long-name slots."""
    name: str
    short: str
    raw: bytes
    offset: int
    slots: list

    @property
    def attributes(self):
        return self.raw[0x0b]

    @property
    def is_directory(self):
        return bool(self.attributes & DIRECTORY)

    @property
    def size(self):
        return struct.unpack_from("<I", self.raw, 0x1c)[0]

    @property
    def first_cluster(self):
        high, = struct.unpack_from("<H", self.raw, 0x14)
        low, = struct.unpack_from("<H", self.raw, 0x1a)
        return high << 16 | low


def checksum(short11):
    """The checksum that ties long-name slots to their short name."""
    total = 0
    for byte in short11:
        total = ((total >> 1) + ((total & 1) << 7) + byte) & 0xff
    return total


def display_short(raw):
    """The short name as shown: 0x05, NT lower-case bits, CP437."""
    first = b"\xe5" if raw[0] == 0x05 else raw[:1]
    base = (first + raw[1:8]).decode("cp437").rstrip(" ")
    extension = raw[8:11].decode("cp437").rstrip(" ")
    if raw[0x0c] & 0x08:
        base = base.lower()
    if raw[0x0c] & 0x10:
        extension = extension.lower()
    return base + ("." + extension if extension else "")


class Volume:
    """A FAT volume at a byte offset of an image, read afresh each time."""

    def __init__(self, path, offset=0):
        self.path = Path(path)
        self.offset = offset
        boot = self.get(offset, 512)
        self.boot = boot
        (self.sector, sectors_per_cluster, reserved, self.fats, root_entries,
         total16, _, fat16) = struct.unpack_from("<HBHBHHBH", boot, 0x0b)
        total32, fat32 = struct.unpack_from("<II", boot, 0x20)
        self.cluster_bytes = self.sector * sectors_per_cluster
        self.fat_bytes = (fat16 or fat32) * self.sector
        self.fat_start = offset + reserved * self.sector
        self.root_start = self.fat_start + self.fats * self.fat_bytes
        root_sectors = -(-root_entries * 32 // self.sector)
        self.root_bytes = root_sectors * self.sector
        self.data_start = self.root_start + self.root_bytes
        data_sectors = (total16 or total32) - (
            self.data_start - offset) // self.sector
        self.clusters = data_sectors // sectors_per_cluster
        if fat16 == 0:
            self.fat = 32
        else:
            self.fat = 12 if self.clusters < 4085 else 16
        self.root_cluster = (struct.unpack_from("<I", boot, 0x2c)[0]
                             if self.fat == 32 else 0)

    @property
    def size(self):
        """The volume's size in bytes by its own account."""
        total16, = struct.unpack_from("<H", self.boot, 0x13)
        total32, = struct.unpack_from("<I", self.boot, 0x20)
        return (total16 or total32) * self.sector

    def get(self, offset, size):
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    # Clusters and the FAT

    def cluster_offset(self, cluster):
        return self.data_start + (cluster - 2) * self.cluster_bytes

    def fat_offset(self, cluster, copy=0):
        """Where the entry of `cluster` begins (FAT12: its first byte)."""
        index = {12: cluster * 3 // 2, 16: cluster * 2, 32: cluster * 4}
        return self.fat_start + copy * self.fat_bytes + index[self.fat]

    def fat_get(self, cluster, copy=0):
        width = 4 if self.fat == 32 else 2
        raw = self.get(self.fat_offset(cluster, copy), width)
        value = int.from_bytes(raw, "little")
        if self.fat == 12:
            return value >> 4 if cluster & 1 else value & 0xfff
        return value & LAST[self.fat]

    def chain(self, cluster):
        clusters = []
        while 2 <= cluster < self.clusters + 2:
            assert cluster not in clusters[-1:], "self-loop"
            clusters.append(cluster)
            assert len(clusters) <= self.clusters, "loop"
            cluster = self.fat_get(cluster)
        assert cluster >= END[self.fat], f"chain ends in {cluster:#x}"
        return clusters

    # Directories

    def directory_slots(self, path=""):
        """Offsets of all 32-byte slots of a directory, in order."""
        if not path.strip("/") and self.fat != 32:
            return list(range(self.root_start,
                              self.root_start + self.root_bytes, 32))
        first = (self.find(path).first_cluster if path.strip("/")
                 else self.root_cluster)
        return [self.cluster_offset(cluster) + position
                for cluster in self.chain(first)
                for position in range(0, self.cluster_bytes, 32)]

    def entries(self, path=""):
        """The entries of a directory, dot entries and labels left out."""
        result, units, slots, last, wanted = [], {}, [], 0, None
        for offset in self.directory_slots(path):
            raw = self.get(offset, 32)
            if raw[0] == 0:
                break
            if raw[0] != 0xe5 and raw[0x0b] & 0x3f == LONG_NAME:
                number = raw[0] & 0x1f
                if raw[0] & 0x40:
                    units, slots, last = {}, [], number
                    wanted = (raw[0x0d], number)
                if wanted == (raw[0x0d], number):
                    units[number] = raw[1:11] + raw[14:26] + raw[28:32]
                    slots.append(offset)
                    wanted = (raw[0x0d], number - 1)
                else:
                    wanted = None
                continue
            if raw[0] != 0xe5 and not raw[0x0b] & LABEL:
                name = short = display_short(raw)
                whole = wanted == (checksum(raw[:11]), 0) and last > 0
                if whole:
                    name = self._long_name(units, last) or short
                if short not in (".", ".."):
                    result.append(Entry(name, short, raw, offset,
                                        slots if whole else []))
            units, slots, last, wanted = {}, [], 0, None
        return result

    @staticmethod
    def _long_name(units, last):
        text = b"".join(units[n] for n in range(1, last + 1))
        values = struct.unpack(f"<{len(text) // 2}H", text)
        values = values[:values.index(0)] if 0 in values else values
        raw = struct.pack(f"<{len(values)}H", *values)
        return raw.decode("utf-16-le", "replace")

    def find(self, path):
        directory, _, name = path.strip("/").rpartition("/")
        for entry in self.entries(directory):
            if name.lower() in (entry.name.lower(), entry.short.lower()):
                return entry
        raise FileNotFoundError(path)

    def label(self):
        """The label entry of the root directory, or None."""
        for offset in self.directory_slots():
            raw = self.get(offset, 32)
            if raw[0] == 0:
                return None
            if raw[0] != 0xe5 and raw[0x0b] & 0x3f == LABEL:
                return raw[:11].decode("cp437").rstrip(" ")
        return None

    # Files

    def read(self, path):
        entry = self.find(path)
        if entry.size == 0:
            return b""
        chain = self.chain(entry.first_cluster)
        data = b"".join(self.get(self.cluster_offset(c), self.cluster_bytes)
                        for c in chain)
        assert len(data) >= entry.size, "chain too short"
        return data[:entry.size]

    def walk(self, path=""):
        """All paths below `path`: {path: Entry}."""
        found = {}
        for entry in self.entries(path):
            name = f"{path}/{entry.name}".strip("/")
            found[name] = entry
            if entry.is_directory:
                found.update(self.walk(name))
        return found
