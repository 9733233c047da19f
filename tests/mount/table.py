# SPDX-License-Identifier: BSD-2-Clause
"""Partition tables written by hand: the sector sizes sfdisk cannot give a
plain file, and the tables nobody should write.

`start` and `size` are in sectors of the disk.
"""

import struct
import uuid
import zlib

BASIC_DATA = uuid.UUID("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7").bytes_le
ENTRIES, ENTRY_BYTES = 128, 128
HEADER_BYTES = 92


def put(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def get(path, offset, size):
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(size)


def mbr_entry(start, size, kind=0x0c, boot=0):
    return struct.pack("<B3sB3sII", boot, b"\xff" * 3, kind, b"\xff" * 3,
                       start, size)


def write_mbr(path, entries, offset=0):
    """Write up to four raw entries; `offset` other than 0 is an EBR's."""
    table = b"".join(entries).ljust(64, b"\0")
    put(path, offset + 446, table + b"\x55\xaa")


def write_logical(path, extended, parts, sector):
    """An MBR with one extended partition and an EBR before each part.

    `extended` is (start, size), `parts` are (start, size); each EBR lies in
    the sector before its part, the first where the extended one begins.
    """
    base, length = extended
    write_mbr(path, [mbr_entry(base, length, 0x0f)])
    places = [base] + [start - 1 for start, _ in parts[1:]]
    for index, (start, size) in enumerate(parts):
        entries = [mbr_entry(start - places[index], size)]
        if index + 1 < len(parts):
            after = parts[index + 1]
            entries.append(mbr_entry(places[index + 1] - base,
                                     after[0] + after[1] - places[index + 1],
                                     0x05))
        write_mbr(path, entries, places[index] * sector)
    return places


def gpt_header(sector, total, evil, **places):
    """One GPT header with a right checksum; `evil` overrides fields."""
    fields = {"header_bytes": HEADER_BYTES, "entries": ENTRIES,
              "entry_bytes": ENTRY_BYTES, **places, **evil}
    table_sectors = -(-ENTRIES * ENTRY_BYTES // sector)

    def pack(crc):
        return struct.pack(
            "<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000,
            fields["header_bytes"], crc, 0, fields["this"], fields["other"],
            2 + table_sectors, total - 2 - table_sectors,
            uuid.UUID(int=0x1234).bytes_le, fields["entries_at"],
            fields["entries"], fields["entry_bytes"], fields["entries_crc"])

    size = min(max(fields["header_bytes"], HEADER_BYTES), sector)
    return pack(zlib.crc32(pack(0).ljust(size, b"\0"))).ljust(sector, b"\0")


def write_gpt(path, parts, sector=512, **evil):
    """A protective MBR, both headers and both entry tables."""
    total = path.stat().st_size // sector
    table_sectors = -(-ENTRIES * ENTRY_BYTES // sector)
    table = b"".join(
        struct.pack("<16s16sQQQ72s", BASIC_DATA,
                    uuid.UUID(int=0x5678 + index).bytes_le, start,
                    (start + size - 1) % (1 << 64), 0, f"p{index}".encode("utf-16-le"))
        for index, (start, size) in enumerate(parts))
    table = table.ljust(ENTRIES * ENTRY_BYTES, b"\0")
    crc = zlib.crc32(table)
    write_mbr(path, [mbr_entry(1, min(total - 1, 0xffffffff), 0xee)])
    put(path, sector, gpt_header(sector, total, evil, this=1,
                                 other=total - 1, entries_at=2,
                                 entries_crc=crc))
    put(path, 2 * sector, table)
    backup_table = total - 1 - table_sectors
    put(path, backup_table * sector, table)
    put(path, (total - 1) * sector,
        gpt_header(sector, total, evil, this=total - 1, other=1,
                   entries_at=backup_table, entries_crc=crc))
