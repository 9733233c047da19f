# SPDX-License-Identifier: BSD-2-Clause
"""Writes what mtools refuses to write: small FAT32 volumes, foreign and
broken long names, bare directory entries, damage of every kind."""

import array
import struct

from disk import fat_volume
from fatread import (ARCHIVE, DIRECTORY, LAST, LONG_NAME, Volume, checksum)


def long_name_slots(name, short11, sum_=None):
    """The slots of a long name, as on the disk (last part first).

    `name` is text or ready-made UTF-16LE bytes, so that a test can write
    what is no Unicode.
    """
    units = name if isinstance(name, bytes) else name.encode("utf-16-le")
    count = -(-len(units) // 26)
    if len(units) % 26:
        units = (units + b"\0\0").ljust(count * 26, b"\xff")
    sum_ = checksum(short11) if sum_ is None else sum_
    slots = []
    for number in range(count, 0, -1):
        part = units[(number - 1) * 26:number * 26]
        first = number | (0x40 if number == count else 0)
        slots.append(bytes([first]) + part[:10]
                     + bytes([LONG_NAME, 0, sum_]) + part[10:22]
                     + b"\0\0" + part[22:26])
    return b"".join(slots)


def short_entry(short11, attributes=ARCHIVE, cluster=0, size=0, nt=0,
                date=0x5a21, time=0x6000):
    """A 32-byte directory entry. The default date is 2025-01-01 12:00."""
    assert len(short11) == 11
    return struct.pack("<11sBBBHHHHHHHI", short11, attributes, nt, 0, time,
                       date, date, cluster >> 16, time, date,
                       cluster & 0xffff, size)


class Writer(Volume):
    """A volume that can be changed, byte by byte if need be."""

    def put(self, offset, data):
        with self.path.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    def patch(self, offset_in_volume, data):
        """Overwrite bytes of the volume, the boot sector say."""
        self.put(self.offset + offset_in_volume, data)

    def fat_put(self, cluster, value, copies=None):
        """Set a FAT entry in all copies, or in those named."""
        for copy in range(self.fats) if copies is None else copies:
            offset = self.fat_offset(cluster, copy)
            if self.fat == 12:
                old, = struct.unpack("<H", self.get(offset, 2))
                value_here = ((old & 0x000f) | value << 4 if cluster & 1
                              else (old & 0xf000) | value)
                self.put(offset, struct.pack("<H", value_here))
            else:
                self.put(offset, value.to_bytes(4 if self.fat == 32 else 2,
                                                "little"))

    def free_clusters(self, count):
        """The first `count` free clusters."""
        width = {12: 1.5, 16: 2, 32: 4}[self.fat]
        table = self.get(self.fat_start, int((self.clusters + 2) * width) + 2)
        found = []
        for cluster in range(2, self.clusters + 2):
            if self.fat == 12:
                pair, = struct.unpack_from("<H", table, cluster * 3 // 2)
                value = pair >> 4 if cluster & 1 else pair & 0xfff
            else:
                size = int(width)
                value = int.from_bytes(
                    table[cluster * size:(cluster + 1) * size], "little")
            if value == 0:
                found.append(cluster)
                if len(found) == count:
                    return found
        raise AssertionError("the volume is full")

    def link(self, clusters):
        """Chain the clusters in the FAT, the last one ending the chain."""
        for this, after in zip(clusters, [*clusters[1:], LAST[self.fat]]):
            self.fat_put(this, after)

    def store(self, data):
        """Put data into free clusters; the first cluster, or 0."""
        if not data:
            return 0
        clusters = self.free_clusters(-(-len(data) // self.cluster_bytes))
        self.link(clusters)
        for index, cluster in enumerate(clusters):
            part = data[index * self.cluster_bytes:
                        (index + 1) * self.cluster_bytes]
            self.put(self.cluster_offset(cluster), part)
        return clusters[0]

    def reserve(self, count):
        """Chain `count` clusters in a row without writing them (FAT32)."""
        assert self.fat == 32
        first = self.free_clusters(1)[0]
        links = array.array("I", range(first + 1, first + count + 1))
        links[-1] = LAST[32]
        for copy in range(self.fats):
            self.put(self.fat_offset(first, copy), links.tobytes())
        return first

    def add_slots(self, directory, raw):
        """Write slots at the end of a directory, growing it if needed."""
        while True:
            offsets = self.directory_slots(directory)
            used = next((i for i, offset in enumerate(offsets)
                         if self.get(offset, 1) == b"\0"), len(offsets))
            if len(offsets) - used >= len(raw) // 32:
                break
            self._grow(directory)
        first = None
        for index in range(len(raw) // 32):
            self.put(offsets[used + index], raw[index * 32:index * 32 + 32])
            first = offsets[used + index]
        return first

    def _grow(self, directory):
        first = (self.find(directory).first_cluster if directory.strip("/")
                 else self.root_cluster)
        assert first, "the root directory of FAT12/16 cannot grow"
        (cluster,) = self.free_clusters(1)
        self.put(self.cluster_offset(cluster), bytes(self.cluster_bytes))
        self.fat_put(self.chain(first)[-1], cluster)
        self.fat_put(cluster, LAST[self.fat])

    def add(self, directory, short11, data=b"", long=None, sum_=None,
            **entry):
        """Add a file; returns the offset of its short entry.

        `cluster` and `size` in `entry` override what the data needs.
        """
        entry = {"cluster": self.store(data), "size": len(data), **entry}
        slots = long_name_slots(long, short11, sum_) if long else b""
        return self.add_slots(directory, slots + short_entry(short11, **entry))

    def add_directory(self, parent, short11, long=None, **entry):
        """Add an empty directory; returns the offset of its entry."""
        (cluster,) = self.free_clusters(1)
        above = self.find(parent).first_cluster if parent.strip("/") else 0
        self.fat_put(cluster, LAST[self.fat])
        dots = (short_entry(b".".ljust(11), DIRECTORY, cluster)
                + short_entry(b"..".ljust(11), DIRECTORY, above))
        self.put(self.cluster_offset(cluster),
                 dots.ljust(self.cluster_bytes, b"\0"))
        slots = long_name_slots(long, short11) if long else b""
        entry = {"attributes": DIRECTORY, "cluster": cluster, **entry}
        return self.add_slots(parent, slots + short_entry(short11, **entry))

    def set_entry(self, offset, cluster=None, size=None, attributes=None):
        """Change fields of a directory entry in place."""
        if cluster is not None:
            self.put(offset + 0x14, struct.pack("<H", cluster >> 16))
            self.put(offset + 0x1a, struct.pack("<H", cluster & 0xffff))
        if size is not None:
            self.put(offset + 0x1c, struct.pack("<I", size))
        if attributes is not None:
            self.put(offset + 0x0b, bytes([attributes]))

    def set_total_sectors(self, count):
        """What the boot sector says of the volume's size."""
        self.patch(0x13, struct.pack("<H", 0))
        self.patch(0x20, struct.pack("<I", count))


def small_volume(path, fat=32, clusters=200, cluster=512, sector=512,
                 offset=0, **options):
    """A small volume, FAT32 too (mtools does not take it); a Writer."""
    size = (clusters + 40) * cluster + 64 * sector
    fat_volume(path, size, fat, cluster, sector, offset=offset, **options)
    return Writer(path, offset)
