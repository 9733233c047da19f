# SPDX-License-Identifier: BSD-2-Clause
"""Broken volumes and directories: the smallest thing possible is lost, with
one log line, and nothing hangs or crashes."""

import errno
import os
import struct

import pytest

import fatwrite
from fatread import LAST
from harness import run
from tree import (assert_good, attempt, expect_error, names, open_error,
                  read_all, walk_all)

pytestmark = pytest.mark.usefixtures("good_board")


@pytest.fixture(params=(12, 16, 32))
def volume(request, images):
    """v.img with CONFIG.TXT and SUB/FILE.BIN, once for each FAT type."""
    return filled(images, request.param)


@pytest.fixture
def fat32(images):
    return filled(images, 32)


def filled(images, fat):
    made = fatwrite.small_volume(images / "v.img", fat,
                                 5000 if fat == 16 else 200)
    made.add("", b"CONFIG  TXT", b"config")
    made.sub = made.add_directory("", b"SUB        ")
    made.add("SUB", b"FILE    BIN", b"x" * 3000)
    return made


# Boot sectors

SOUND = {"no signature": (510, b"\0\0"), "no jump": (0, b"\0\0\0"),
         "another media byte": (0x15, b"\x00"),
         "an odd OEM name": (3, b"\xff" * 8),
         "no type string": (0x52, b"\0" * 8),
         "hidden sectors": (0x1c, b"\xff" * 4),
         "a bad FSInfo number": (0x30, b"\xff\xff"),
         "a version": (0x2a, b"\1\1"),
         "a dirty flag": (0x41, b"\1"),
         "no sizes": (0x13, b"\0\0"),
         "root entries": (0x11, b"\x10\0")}


@pytest.mark.parametrize("kind", SOUND)
def test_a_fat32_boot_sector_is_taken_with(kind, fat32, mount):
    fat32.patch(*SOUND[kind])
    board = mount().path / "v"
    assert read_all(board) == {"CONFIG.TXT": b"config",
                               "SUB/FILE.BIN": b"x" * 3000}


def test_a_dirty_volume_is_served_and_named_once(fat32, mount):
    fat32.patch(0x41, b"\1")
    daemon = mount()
    for name in ("config.txt", "sub/file.bin"):
        (daemon.path / "v" / name).read_bytes()
    line, = daemon.final_log_lines(r"v\.img")
    assert "dirty" in line


UNSOUND = {"bytes per sector 0": (0x0b, b"\0\0"),
           "bytes per sector 513": (0x0b, b"\x01\x02"),
           "bytes per sector 256": (0x0b, b"\0\1"),
           "bytes per sector 32768": (0x0b, b"\0\x80"),
           "sectors per cluster 0": (0x0d, b"\0"),
           "sectors per cluster 3": (0x0d, b"\3"),
           "reserved sectors 0": (0x0e, b"\0\0"),
           "no FATs": (0x10, b"\0"),
           "FAT sizes 0": (0x24, b"\0" * 4),
           "a size before the data": (0x13, b"\x21\0"),
           "a table that wraps 32 bits": (0x24, struct.pack("<I",
                                                            0x80000001)),
           "exFAT": (3, b"EXFAT   "), "NTFS": (3, b"NTFS    "),
           "BitLocker": (3, b"-FVE-FS-")}


@pytest.mark.parametrize("kind", UNSOUND)
def test_a_boot_sector_is_refused_for(kind, fat32, mount):
    fat32.patch(*UNSOUND[kind])
    daemon = mount()
    for _ in range(3):
        expect_error(errno.EIO, os.listdir, daemon.path / "v")
        open_error((errno.EIO, errno.ENOENT), daemon.path / "v/config.txt")
    assert_good(daemon)
    lines = daemon.final_log_lines(r"v\.img")
    assert len(lines) == 1, lines


EXTREME = {"255 FATs": [(0x10, b"\xff")],
           "255 FATs that wrap": [(0x10, b"\xff"),
                                  (0x24, struct.pack("<I", 0x01010102))],
           "two FATs that wrap": [(0x24, struct.pack("<I", 0x80000000))],
           "reserved sectors 65535": [(0x0e, b"\xff\xff")],
           "total sectors 2^32-1": [(0x13, b"\0\0"), (0x20, b"\xff" * 4)],
           "a root cluster 0": [(0x2c, b"\0" * 4)],
           "a root cluster 1": [(0x2c, b"\1\0\0\0")],
           "a root cluster beyond": [(0x2c, b"\xff\xff\xff\x0f")],
           "clusters of 512 KiB": [(0x0b, b"\0\x10"), (0x0d, b"\x80")],
           "sectors of 4096": [(0x0b, b"\0\x10")],
           "a FAT16 size": [(0x16, b"\x10\0")],
           "sizes that disagree": [(0x13, b"\xff\0")]}


@pytest.mark.parametrize("kind", EXTREME)
def test_no_harm_comes_from(kind, fat32, mount):
    for offset, data in EXTREME[kind]:
        fat32.patch(offset, data)
    daemon = mount()
    walk_all(daemon.path / "v")
    assert_good(daemon)


def test_a_huge_volume_by_its_own_account_takes_little_memory(fat32, mount):
    fat32.set_total_sectors(0xffffffff)
    fat32.patch(0x24, struct.pack("<I", 0x00100000))
    daemon = mount()
    walk_all(daemon.path / "v")
    assert_good(daemon)
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as status:
        peak = next(int(line.split()[1]) for line in status
                    if line.startswith("VmHWM"))
    assert peak < 300 * 1024, f"{peak} KiB"


def test_a_volume_whose_data_begin_beyond_the_image_is_refused(fat32, mount):
    with fat32.path.open("r+b") as file:
        file.truncate(fat32.fat_start)
    daemon = mount()
    expect_error(errno.EIO, os.listdir, daemon.path / "v")
    assert_good(daemon)
    assert len(daemon.final_log_lines(r"v\.img")) == 1


@pytest.mark.parametrize("size", (0, 1, 23, 511, 512, 4096))
@pytest.mark.parametrize("byte", (b"\0", b"\xff", b"\x55"))
def test_an_image_of_so_many_equal_bytes_is_refused(size, byte, images,
                                                    mount):
    (images / "v.img").write_bytes(byte * size)
    daemon = mount()
    expect_error(errno.EIO, os.listdir, daemon.path / "v")
    assert_good(daemon)
    assert len(daemon.final_log_lines(r"v\.img")) == 1


# Directories

@pytest.mark.parametrize("kind", ("first cluster 0", "first cluster 1",
                                  "beyond the volume", "free"))
def test_a_directory_that_leads_nowhere_costs_itself_only(kind, volume,
                                                          mount):
    first = volume.find("SUB").first_cluster
    if kind == "free":
        volume.fat_put(first, 0)
    else:
        volume.set_entry(volume.sub, cluster={
            "first cluster 0": 0, "first cluster 1": 1,
            "beyond the volume": volume.clusters + 2}[kind])
    daemon = mount()
    board = daemon.path / "v"
    assert "CONFIG.TXT" in names(board)
    for _ in range(3):
        expect_error(errno.EIO, os.listdir, board / "sub")
        open_error(errno.EIO, board / "sub/file.bin")
    assert (board / "config.txt").read_bytes() == b"config"
    assert_good(daemon)
    lines = daemon.final_log_lines(r"v\.img", r"0x[0-9a-f]+")
    assert len(lines) == 1, lines


def test_a_directory_that_is_the_root_again_is_refused(fat32, mount):
    fat32.set_entry(fat32.sub, cluster=fat32.root_cluster)
    daemon = mount()
    expect_error((errno.EIO, errno.ELOOP), os.listdir, daemon.path / "v/sub")
    assert (daemon.path / "v/config.txt").read_bytes() == b"config"


@pytest.mark.parametrize("target", ("itself", "its parent"))
def test_a_directory_that_contains_itself_ends(target, volume, mount):
    volume.add_directory("SUB", b"INNER      ")
    first = volume.find("SUB").first_cluster
    inner = volume.find("SUB/INNER")
    if target == "itself":
        volume.add_slots("SUB/INNER", fatwrite.short_entry(
            b"LOOP       ", 0x10, inner.first_cluster))
    else:
        volume.add_slots("SUB/INNER", fatwrite.short_entry(
            b"LOOP       ", 0x10, first))
    daemon = mount()
    board = daemon.path / "v"
    assert names(board / "sub/inner") == ["LOOP"]
    expect_error((errno.EIO, errno.ELOOP), os.listdir,
                 board / "sub/inner/loop")
    found = run("find", board, check=False).stdout.splitlines()
    assert len(found) < 10
    assert (board / "sub/file.bin").read_bytes() == b"x" * 3000
    assert_good(daemon)


def test_directories_deeper_than_a_path_can_be_end(images, mount):
    volume = fatwrite.small_volume(images / "v.img", 12, 400)
    path = ""
    for _ in range(80):
        volume.add_directory(path, b"D          ")
        path = f"{path}/D".strip("/")
    daemon = mount()
    board = daemon.path / "v"
    assert names(board / "/".join("d" * 60)) == ["D"]
    run("find", board, check=False)
    assert_good(daemon)


def test_a_directory_whose_chain_loops_ends(volume, mount):
    first = volume.find("SUB").first_cluster
    slots = volume.cluster_bytes // 32
    volume.add_slots("SUB", b"".join(
        fatwrite.short_entry(b"F%07d   " % i) for i in range(slots - 3)))
    volume.fat_put(first, first)
    daemon = mount()
    attempt(os.listdir, daemon.path / "v/sub")
    open_error((errno.EIO, errno.ENOENT), daemon.path / "v/sub/nothing")
    assert (daemon.path / "v/config.txt").read_bytes() == b"config"
    assert_good(daemon)
    assert len(daemon.final_log_lines(r"v\.img")) == 1


@pytest.mark.parametrize("value", (0, 1, None))
def test_a_root_directory_with_a_broken_chain_keeps_what_comes_before(
        value, fat32, mount):
    root = fat32.root_cluster
    slots = len(fat32.directory_slots()) - 2
    fat32.add_slots("", b"".join(fatwrite.short_entry(b"F%07d   " % i)
                                 for i in range(slots + 5)))
    fat32.fat_put(root, root if value is None else value)
    daemon = mount()
    board = daemon.path / "v"
    assert (board / "config.txt").read_bytes() == b"config"
    assert (board / "sub/file.bin").read_bytes() == b"x" * 3000
    attempt(os.listdir, board)
    open_error((errno.EIO, errno.ENOENT), board / "nothing")
    assert_good(daemon)


def test_a_directory_of_more_than_65536_entries_ends(images, mount):
    volume = fatwrite.small_volume(images / "v.img", 16, 5000, 8192)
    first, = volume.free_clusters(1)
    count = 70000 * 32 // 8192 + 1
    clusters = volume.free_clusters(count)
    volume.link(clusters)
    entries = b"".join(fatwrite.short_entry(b"F%07d   " % i)
                       for i in range(70000))
    volume.put(volume.cluster_offset(first), entries)
    volume.add_slots("", fatwrite.short_entry(b"BIG        ", 0x10, first))
    volume.add("", b"CONFIG  TXT", b"config")
    daemon = mount()
    listed = attempt(os.listdir, daemon.path / "v/big")
    assert listed is None or len(listed) <= 65536
    assert (daemon.path / "v/big/f0000007").stat().st_size == 0
    assert (daemon.path / "v/config.txt").read_bytes() == b"config"
    assert_good(daemon)


# Truncation

@pytest.mark.parametrize("fat", (12, 32))
def test_an_image_cut_at_any_sector_gives_whole_files_or_errors(fat, images,
                                                                mount):
    volume = filled(images, fat)
    path = images / "v.img"
    end = max(volume.cluster_offset(c) for c in volume.chain(
        volume.find("SUB/FILE.BIN").first_cluster)) + 1024
    whole = path.read_bytes()
    wanted = {"config.txt": b"config", "sub/file.bin": b"x" * 3000}
    daemon = mount()
    served = 0
    for size in range(0, end, 512):
        path.write_bytes(whole[:size])
        for name, data in wanted.items():
            found = attempt((daemon.path / "v" / name).read_bytes)
            assert found in (None, data)
            served += found is not None
        attempt(os.listdir, daemon.path / "v")
    assert served > 0
    path.write_bytes(whole)
    assert (daemon.path / "v/sub/file.bin").read_bytes() == b"x" * 3000
    assert_good(daemon)


def test_an_image_truncated_under_an_open_file_never_shortens_it(volume,
                                                                 mount):
    daemon = mount()
    path = daemon.path / "v/sub/file.bin"
    with path.open("rb", buffering=0) as file:
        os.truncate(volume.path, 1024)
        found = attempt(file.read, 5000)
        assert found in (None, b"x" * 3000)
    open_error((errno.EIO, errno.ENOENT), path)
    assert_good(daemon)


def test_a_file_once_read_survives_the_truncation_of_its_image(volume, mount):
    daemon = mount()
    with (daemon.path / "v/sub/file.bin").open("rb", buffering=0) as file:
        assert file.read(5000) == b"x" * 3000
        os.truncate(volume.path, 0)
        assert os.pread(file.fileno(), 5000, 0) == b"x" * 3000
    expect_error(errno.EIO, os.listdir, daemon.path / "v")
    assert_good(daemon)


def test_a_fault_that_went_and_came_back_is_logged_again(volume, mount):
    daemon = mount()
    first = volume.find("SUB").first_cluster
    for _ in range(2):
        volume.fat_put(first, 0)
        expect_error(errno.EIO, os.listdir, daemon.path / "v/sub")
        volume.fat_put(first, LAST[volume.fat])
        attempt(os.listdir, daemon.path / "v/sub")
    assert 1 <= len(daemon.final_log_lines(r"v\.img")) <= 2
