# SPDX-License-Identifier: BSD-2-Clause
"""A file whose chain of clusters is broken costs an EIO at open, before any
byte, and one log line; everything beside it goes on."""

import errno
import re
import struct

import pytest

import fatwrite
from fatread import BAD, END
from tree import assert_good, expect_error, names, open_error

pytestmark = pytest.mark.usefixtures("good_board")
DATA = bytes(range(256)) * 8            # four clusters of 512 bytes
OFFSET = r"0x[0-9a-f]+|\b(byte|offset) \d+"


@pytest.fixture(params=(12, 16, 32))
def volume(request, images):
    """v.img with FILE.BIN, four clusters; one run for each FAT type."""
    made = fatwrite.small_volume(images / "v.img", request.param,
                                 5000 if request.param == 16 else 200)
    made.add("", b"BEFORE  TXT", b"before")
    made.entry = made.add("", b"FILE    BIN", DATA)
    made.file = made.chain(made.find("FILE.BIN").first_cluster)
    made.add("", b"BEHIND  TXT", b"behind")
    return made


def assert_only_the_file_is_lost(daemon, *why):
    """FILE.BIN fails at open with one log line, all else is served."""
    board = daemon.path / "v"
    assert names(board) == ["BEFORE.TXT", "BEHIND.TXT", "FILE.BIN"]
    for _ in range(3):
        open_error(errno.EIO, board / "file.bin")
    assert (board / "before.txt").read_bytes() == b"before"
    assert (board / "behind.txt").read_bytes() == b"behind"
    assert_good(daemon)
    lines = [line for line in daemon.final_log_lines(r"v\.img")
             if "the image ends within" not in line]
    assert len(lines) == 1, lines
    for pattern in (OFFSET, *why):
        assert re.search(pattern, lines[0], re.IGNORECASE), lines[0]


def max_cluster(volume):
    return volume.clusters + 1


DAMAGES = {
    "free at its start": (lambda v: v.fat_put(v.file[0], 0), "free"),
    "free in the middle": (lambda v: v.fat_put(v.file[1], 0), "free"),
    "free at its end": (lambda v: v.fat_put(v.file[3], 0), "free"),
    "wholly free": (lambda v: [v.fat_put(c, 0) for c in v.file], "free"),
    "short": (lambda v: v.fat_put(v.file[2], END[v.fat]), "short|end"),
    "one cluster long": (lambda v: v.fat_put(v.file[0], END[v.fat]),
                         "short|end"),
    "a loop of one": (lambda v: v.fat_put(v.file[1], v.file[1]), "loop"),
    "a loop to its start": (lambda v: v.fat_put(v.file[2], v.file[0]),
                            "loop"),
    "leading to cluster 1": (lambda v: v.fat_put(v.file[1], 1), ""),
    "leading to the first cluster there is not":
        (lambda v: v.fat_put(v.file[1], max_cluster(v) + 1), ""),
    "leading to a reserved number":
        (lambda v: v.fat_put(v.file[1], BAD[v.fat] - 1), ""),
    "leading to a bad cluster":
        (lambda v: v.fat_put(v.file[1], BAD[v.fat]), ""),
    "starting at cluster 0":
        (lambda v: v.set_entry(v.entry, cluster=0), ""),
    "starting at cluster 1":
        (lambda v: v.set_entry(v.entry, cluster=1), ""),
    "starting beyond the volume":
        (lambda v: v.set_entry(v.entry, cluster=max_cluster(v) + 1), ""),
    "too short for a size of 4 GiB":
        (lambda v: v.set_entry(v.entry, size=0xffffffff), ""),
    "a loop and of 4 GiB":
        (lambda v: (v.fat_put(v.file[3], v.file[0]),
                    v.set_entry(v.entry, size=0xffffffff)), ""),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_chain_that_is(kind, volume, mount):
    damage, why = DAMAGES[kind]
    damage(volume)
    assert_only_the_file_is_lost(mount(), *([why] if why else []))


def test_a_chain_of_one_cluster_that_is_free(volume, mount):
    volume.set_entry(volume.entry, size=100)
    volume.fat_put(volume.file[0], 0)
    assert_only_the_file_is_lost(mount(), "free")


HARMLESS = {
    "longer than the size": lambda v: v.set_entry(v.entry, size=700),
    "damaged behind what the size needs":
        lambda v: (v.set_entry(v.entry, size=700), v.fat_put(v.file[2], 0)),
    "ended by the lowest end mark":
        lambda v: v.fat_put(v.file[3], END[v.fat]),
    "ended by a bad mark where it is complete":
        lambda v: v.fat_put(v.file[3], BAD[v.fat]),
    "looped behind what the size needs":
        lambda v: (v.set_entry(v.entry, size=700),
                   v.fat_put(v.file[1], v.file[0])),
    "out of order": lambda v: None,
    "shared with another file":
        lambda v: v.add("", b"SHARED  BIN", cluster=v.file[0], size=2048),
    "different in the second table only":
        lambda v: v.fat_put(v.file[1], 0, copies=[1]),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_chain_is_served_though_it_is(kind, volume, mount):
    HARMLESS[kind](volume)
    if kind == "out of order":
        first, second, third, fourth = volume.file
        volume.link([first, third, second, fourth])
        volume.put(volume.cluster_offset(second), DATA[1024:1536])
        volume.put(volume.cluster_offset(third), DATA[512:1024])
    size = volume.find("FILE.BIN").size
    board = mount().path / "v"
    assert (board / "file.bin").read_bytes() == DATA[:size]
    if kind == "shared with another file":
        assert (board / "shared.bin").read_bytes() == DATA


def test_a_loop_behind_a_size_of_one_cluster_is_harmless(volume, mount):
    volume.set_entry(volume.entry, size=512)
    volume.fat_put(volume.file[0], volume.file[0])
    assert (mount().path / "v/file.bin").read_bytes() == DATA[:512]


@pytest.mark.parametrize("volume", (32,), indirect=True)
def test_the_high_four_bits_of_a_fat32_entry_do_not_count(volume, mount):
    for cluster in volume.file:
        offset = volume.fat_offset(cluster)
        high = volume.get(offset + 3, 1)[0]
        volume.put(offset + 3, bytes([high | 0xf0]))
    assert (mount().path / "v/file.bin").read_bytes() == DATA


@pytest.mark.parametrize("volume", (32,), indirect=True)
@pytest.mark.parametrize("flags, active", ((0x0000, 0), (0x0001, 0),
                                           (0x0080, 0), (0x0081, 1)))
def test_without_mirroring_the_active_table_counts(flags, active, volume,
                                                   mount):
    volume.patch(0x28, struct.pack("<H", flags))
    for cluster in volume.file:
        volume.fat_put(cluster, 0, copies=[1 - active])
    assert (mount().path / "v/file.bin").read_bytes() == DATA


@pytest.mark.parametrize("volume", (32,), indirect=True)
@pytest.mark.parametrize("flags", (0x0082, 0x008f))
def test_an_active_table_that_does_not_exist_crashes_nothing(flags, volume,
                                                             mount):
    volume.patch(0x28, struct.pack("<H", flags))
    daemon = mount()
    try:
        assert (daemon.path / "v/file.bin").read_bytes() == DATA
    except OSError as error:
        assert error.errno == errno.EIO
    assert_good(daemon)


def test_a_repaired_chain_is_served_again(volume, mount):
    board = mount().path / "v"
    assert (board / "file.bin").read_bytes() == DATA
    volume.fat_put(volume.file[1], 0)
    open_error(errno.EIO, board / "file.bin")
    volume.fat_put(volume.file[1], volume.file[2])
    assert (board / "file.bin").read_bytes() == DATA


def test_another_fault_of_the_same_file_is_logged_anew(volume, mount):
    daemon = mount()
    board = daemon.path / "v"
    volume.fat_put(volume.file[1], 0)
    open_error(errno.EIO, board / "file.bin")
    volume.fat_put(volume.file[1], volume.file[0])
    open_error(errno.EIO, board / "file.bin")
    assert len(daemon.final_log_lines(r"v\.img")) == 2


def test_a_freed_chain_is_explained_to_the_administrator(volume, mount):
    for cluster in volume.file:
        volume.fat_put(cluster, 0)
    daemon = mount()
    open_error(errno.EIO, daemon.path / "v/file.bin")
    (line,) = daemon.final_log_lines(r"v\.img")
    assert "sync" in line


def test_a_file_of_some_cluster_beyond_the_end_of_the_image(volume,
                                                            mount):
    cluster = volume.clusters
    assert volume.fat_get(cluster) == 0
    volume.set_entry(volume.entry, cluster=cluster, size=512)
    volume.fat_put(cluster, END[volume.fat])
    with volume.path.open("r+b") as file:
        file.truncate(volume.cluster_offset(cluster) + 100)
    assert_only_the_file_is_lost(mount())


def test_a_mount_over_a_broken_chain_can_be_stat(volume, mount):
    volume.fat_put(volume.file[0], 0)
    path = mount().path / "v/file.bin"
    assert path.stat().st_size == len(DATA)
    expect_error(errno.EIO, path.read_bytes)
