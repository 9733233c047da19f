# SPDX-License-Identifier: BSD-2-Clause
"""Images made to do harm, and images of noise: the daemon lives on."""

import os
import random

import pytest

import disk
import fatwrite
import table
from disk import MIB, Part
from harness import start_process
from tree import assert_good, walk_all

pytestmark = pytest.mark.usefixtures("good_board")

CONFIG = {"config.txt": b"arm_64bit=1\n"}

EVIL_HEADERS = (
    {"entries": 0}, {"entries": 0xffffffff}, {"entries": 0x80000000},
    {"entry_bytes": 0}, {"entry_bytes": 1}, {"entry_bytes": 127},
    {"entry_bytes": 0x80000000}, {"entry_bytes": 0xffffffff},
    {"header_bytes": 0}, {"header_bytes": 91}, {"header_bytes": 0xffffffff},
    {"header_bytes": 513}, {"entries_at": 0}, {"entries_at": 1 << 63},
    {"entries_at": (1 << 64) - 1}, {"this": 1 << 63}, {"this": 7},
    {"other": (1 << 64) - 1}, {"entries_crc": 0},
    {"entries": 0x02000001, "entry_bytes": 128})


@pytest.mark.parametrize("fields", EVIL_HEADERS, ids=str)
def test_a_gpt_header_with_a_right_checksum_and(fields, images, mount):
    path = images / "v.img"
    disk.partitioned(path, "gpt", [Part(files=CONFIG)])
    table.write_gpt(path, [(2048, 65536)], **fields)
    daemon = mount()
    walk_all(daemon.path / "v")
    assert_good(daemon)


@pytest.mark.parametrize("start, size", (
    (1 << 63, 10), ((1 << 64) - 1, 2), (1 << 54, 1 << 54), (0, 10), (1, 1),
    (2048, 0), (2048, 1 << 62), (1 << 55, 1 << 9)))
def test_a_gpt_partition_at_an_impossible_place(start, size, images, mount):
    path = images / "v.img"
    (made,) = disk.partitioned(path, "gpt", [Part(files=CONFIG)])
    good_part = (made.offset // 512, made.size // 512)
    table.write_gpt(path, [(start, size), good_part])
    daemon = mount()
    assert (daemon.path / "v/config.txt").read_bytes() == CONFIG["config.txt"]
    assert_good(daemon)


@pytest.mark.parametrize("start, size, kind", (
    (0xffffffff, 0xffffffff, 0x0c), (0, 0xffffffff, 0x0c), (1, 0, 0x0c),
    (0xffffffff, 2, 0x05), (0, 0xffffffff, 0x0f), (2048, 0, 0x05),
    (0xfffff000, 0x2000, 0x05)))
def test_an_mbr_entry_at_an_impossible_place(start, size, kind, images,
                                             mount):
    path = images / "v.img"
    (made,) = disk.partitioned(path, "mbr", [Part(files=CONFIG)])
    table.write_mbr(path, [
        table.mbr_entry(start, size, kind),
        table.mbr_entry(made.offset // 512, made.size // 512)])
    daemon = mount()
    assert (daemon.path / "v/config.txt").read_bytes() == CONFIG["config.txt"]
    assert_good(daemon)


@pytest.mark.parametrize("offset, size", (
    (0xffffffff, 0xffffffff), (0xfffff800, 2048), (0, 1), (1 << 31, 1 << 31)))
def test_a_logical_partition_at_an_impossible_place(offset, size, images,
                                                    mount):
    path = images / "v.img"
    disk.partitioned(path, "mbr-logical", [Part(files=CONFIG)])
    table.put(path, MIB + 446 + 16, table.mbr_entry(offset, size, 0x05))
    daemon = mount()
    assert (daemon.path / "v/config.txt").read_bytes() == CONFIG["config.txt"]
    assert_good(daemon)


@pytest.mark.parametrize("seed", range(5))
def test_noise_as_an_image(seed, images, mount):
    rng = random.Random(seed)
    noise = bytearray(rng.randbytes(70000))
    if seed & 1:
        noise[510:512] = b"\x55\xaa"
    (images / "v.img").write_bytes(noise)
    daemon = mount()
    walk_all(daemon.path / "v")
    assert_good(daemon)


def seeded_volume(path, fat):
    """A volume with something of everything; its bytes."""
    volume = fatwrite.small_volume(path, fat, 4200 if fat == 16 else 100)
    volume.add("", b"CONFIG  TXT", b"config")
    volume.add("", b"KERNEL  IMG", b"k" * 2500, long="kernel image.img")
    volume.add_directory("", b"SUB        ")
    volume.add("SUB", b"FILE    BIN", b"x" * 1500, long="日本語の長い名前.bin")
    volume.add_directory("SUB", b"INNER      ")
    volume.add("SUB/INNER", b"DEEP    TXT", b"deep")
    return volume


def targets(volume):
    """Byte ranges worth mutating: boot sector, FAT, directories."""
    yield volume.offset, 90
    yield volume.fat_start, 120
    for directory in ("", "SUB", "SUB/INNER"):
        slots = volume.directory_slots(directory)
        yield slots[0], 8 * 32


@pytest.mark.parametrize("fat", (12, 16, 32))
def test_mutated_volumes_give_errors_at_most(fat, images, mount):
    volume = seeded_volume(images / "v.img", fat)
    places = list(targets(volume))
    daemon = mount()
    rng = random.Random(fat)
    for _ in range(60):
        changed = {}
        for _ in range(rng.randrange(1, 6)):
            start, length = rng.choice(places)
            offset = start + rng.randrange(length)
            changed.setdefault(offset, volume.get(offset, 1))
            volume.put(offset, bytes([rng.choice(
                (0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)))]))
        walk_all(daemon.path / "v")
        for offset, old in changed.items():
            volume.put(offset, old)
    assert (daemon.path / "v/config.txt").read_bytes() == b"config"
    assert_good(daemon)


def test_an_image_that_changes_during_every_walk_gives_errors_at_most(
        images, mount):
    volume = seeded_volume(images / "v.img", 32)
    places = list(targets(volume))
    whole = volume.path.read_bytes()
    daemon = mount()
    rng = random.Random(99)
    walker = start_process(["sh", "-c",
                            'for i in $(seq 60); do find "$0" -type f '
                            '-exec cat {} + ; done >/dev/null 2>&1',
                            daemon.path / "v"])
    while walker.poll() is None:
        start, length = rng.choice(places)
        volume.put(start + rng.randrange(length), rng.randbytes(4))
        if rng.randrange(8) == 0:
            volume.put(0, whole)
    volume.put(0, whole)
    assert (daemon.path / "v/config.txt").read_bytes() == b"config"
    assert_good(daemon)


def test_an_image_cut_and_written_again_during_every_walk_harms_nothing(
        images, mount):
    """Its table has a page that sectors do not divide: FAT12, 4096 bytes."""
    volume = fatwrite.small_volume(images / "v.img", 12, 3960, 4096, 4096)
    volume.link([4039, 2800, 4038])
    volume.add("", b"CONFIG  TXT", cluster=4039, size=3 * 4096)
    head = volume.get(0, volume.cluster_offset(2))
    size = volume.path.stat().st_size
    daemon = mount()
    walker = start_process(["timeout", "4", "sh", "-c",
                            'while :; do cat "$0" "$0" "$0"; done >/dev/null '
                            '2>&1', daemon.path / "v/config.txt"])
    while walker.poll() is None:
        os.truncate(volume.path, 4096)
        os.truncate(volume.path, size)
        volume.put(0, head)
    assert (daemon.path / "v/config.txt").read_bytes() == bytes(3 * 4096)
    assert_good(daemon)


def test_every_long_name_slot_number_is_tolerated(images, mount):
    volume = fatwrite.small_volume(images / "v.img", 12, 800)
    slots = []
    for number in range(256):
        short = b"N%07d   " % number
        one = bytearray(fatwrite.long_name_slots("n", short))
        one[0] = number or 1
        slots.append(bytes(one) * 3 + fatwrite.short_entry(short))
    volume.add_directory("", b"SUB        ")
    volume.add_slots("SUB", b"".join(slots))
    daemon = mount()
    walk_all(daemon.path / "v")
    assert len(os.listdir(daemon.path / "v/sub")) >= 250
    assert_good(daemon)


def test_a_full_table_of_tables_is_bounded(images, mount):
    path = images / "v.img"
    with path.open("wb") as file:
        file.truncate(8 << 30)
    entries = [table.mbr_entry(2048 + i, 1 << 20, 0x05) for i in range(4)]
    table.write_mbr(path, entries)
    for i in range(4):
        table.write_mbr(path, entries, (2048 + i) * 512)
    daemon = mount()
    walk_all(daemon.path / "v")
    assert_good(daemon)
