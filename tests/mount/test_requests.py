# SPDX-License-Identifier: BSD-2-Clause
"""How often the kernel asks the daemon, and the daemon the image.

Times differ from run to run, these numbers do not: what makes pibootfs slow
shows here first.
"""

import collections
import contextlib
import os
import re
import signal
import subprocess
import time

import pytest

import disk
import fatwrite
import harness
import servers
from disk import MIB, Part

NAME = "kernel8.img"
SIZE = 8 * MIB
WINDOW = 128 * 1024         # the kernel's readahead, and the daemon's piece
CONTENT = bytes(range(256)) * (SIZE // 256)
OPEN_AND_CLOSE = ["LOOKUP", "LOOKUP", "OPEN", "RELEASE"]
SETTLED_SECONDS = 2.2       # PBF_SETTLED_MS, and a little
# What finding a file costs at most: table, boot sector, FAT, directories.
READS_TO_FIND = 12


@pytest.fixture
def counted(images, mount):
    """The board "pi" with NAME and config.txt, on an image left in peace."""
    disk.partitioned(images / "pi.img", "mbr", [
        Part(size=64 * MIB, fat=32, cluster=512,
             files={NAME: CONTENT, "config.txt": b"arm_64bit=1\n"}),
        Part(size=2 * MIB, fat=None, type="83")])
    time.sleep(SETTLED_SECONDS)
    return mount(args=["-d"])


@contextlib.contextmanager
def requests(daemon):
    """Collects the names of the requests that are made meanwhile.

    FORGET is left out: the kernel sends it when it likes.
    """
    found = []
    settle(daemon)
    before = len(daemon.log_lines(r"opcode: "))
    yield found
    settle(daemon)
    found.extend(
        name for name in (re.search(r"opcode: (\w+)", line)[1]
                          for line in daemon.log_lines(r"opcode: ")[before:])
        if not name.endswith("FORGET"))


def settle(daemon):
    """RELEASE comes after close(2) has returned: wait for the last."""
    def opcodes():
        return [re.search(r"opcode: (\w+)", line)[1]
                for line in daemon.log_lines(r"opcode: ")]

    def is_at_rest():
        before = opcodes()
        time.sleep(0.2)
        return before == opcodes() \
            and before.count("OPEN") == before.count("RELEASE")

    harness.eventually(is_at_rest, 30, "the last RELEASE")


@contextlib.contextmanager
def image_reads(daemon, work):
    """Collects the sizes of the reads from images that are made meanwhile."""
    found = []
    settle(daemon)
    trace = work / "trace"
    tracer = harness.start_process(
        ["strace", "-f", "-e", "trace=pread64", "-o", trace, "-p",
         daemon.pid], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    log = harness.Log(tracer.stderr)
    log.wait("attached", 10)
    time.sleep(0.2)         # to the last of the threads
    yield found
    settle(daemon)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(10)
    # One line for a call, or two, of which the second has the result.
    found.extend(map(int, re.findall(
        r"pread64(?:\(| resumed).*\) += (\d+)$", trace.read_text("latin-1"),
        re.MULTILINE)))


def read_whole(path):
    with open(path, "rb", buffering=0) as file:
        pieces = []
        while piece := file.read(WINDOW):
            pieces.append(piece)
    return b"".join(pieces)


def warm_requests(daemon, read):
    """The requests for read(), which was done before.

    The kernel may have dropped pages that it holds, and reads them again: then
    once more, a few times.
    """
    for _ in range(5):
        with requests(daemon) as made:
            read()
        if "READ" not in made:
            break
    return made


def test_a_cold_read_is_one_request_for_each_readahead_window(counted):
    with requests(counted) as made:
        assert read_whole(counted.path / "pi" / NAME) == CONTENT
    count = collections.Counter(made)
    # FLUSH is sent once in a mount's life, to learn that it is not wanted.
    assert count.pop("FLUSH", 0) <= 1
    assert count == {"LOOKUP": 2, "OPEN": 1, "READ": SIZE // WINDOW,
                     "RELEASE": 1}


def test_a_warm_read_is_lookup_lookup_open_release(counted):
    path = counted.path / "pi" / NAME
    assert read_whole(path) == CONTENT
    assert warm_requests(counted, lambda: read_whole(path)) == OPEN_AND_CLOSE


def test_a_missing_file_is_two_lookups(counted):
    for _ in range(2):
        with requests(counted) as made, pytest.raises(FileNotFoundError):
            os.stat(counted.path / "pi/dt-blob.bin")
        assert made == ["LOOKUP", "LOOKUP"]


def test_a_transfer_asks_no_more_than_a_read(counted):
    with servers.Network() as network, \
            servers.dnsmasq(network, counted.path):
        target = counted.images.parent / "loaded"
        with requests(counted) as made:
            servers.curl(network, f"pi/{NAME}", target, blksize=1468)
        assert target.read_bytes() == CONTENT
        count = collections.Counter(made)
        assert count.pop("FLUSH", 0) <= 1
        # dnsmasq asks for less than a window at a time, so that the kernel
        # begins with smaller ones.
        assert SIZE // WINDOW <= count.pop("READ") <= SIZE // WINDOW + 4
        assert count == {"LOOKUP": 2, "OPEN": 1, "RELEASE": 1}
        assert warm_requests(counted, lambda: servers.curl(
            network, f"pi/{NAME}", target, blksize=1468)) == OPEN_AND_CLOSE


def test_a_cold_read_reads_each_byte_of_the_image_once(counted, work):
    with image_reads(counted, work) as sizes:
        assert read_whole(counted.path / "pi" / NAME) == CONTENT
    content = [size for size in sizes if size == WINDOW]
    assert len(content) == SIZE // WINDOW
    # Found twice, for LOOKUP and for OPEN, with the file's part of the FAT.
    fat_reads = SIZE // 512 // 4096 + 1
    assert len(sizes) - len(content) <= 2 * (READS_TO_FIND + fat_reads)


def test_what_is_known_is_not_read_again(counted, work):
    paths = [counted.path / "pi" / NAME, counted.path / "pi/config.txt"]
    for path in paths:
        read_whole(path)
    with image_reads(counted, work) as sizes:
        for _ in range(3):
            for path in paths:
                read_whole(path)
            with contextlib.suppress(FileNotFoundError):
                os.stat(counted.path / "pi/overlays")
    # Only what is missing had to be looked for, the first time.
    assert len(sizes) <= READS_TO_FIND


def test_boards_of_one_image_share_what_is_read(counted, work):
    for number in range(10):
        (counted.images / f"{number:08x}").symlink_to("pi.img")
    read_whole(counted.path / "pi" / NAME)
    with image_reads(counted, work) as sizes:
        for number in range(10):
            assert read_whole(
                counted.path / f"{number:08x}" / NAME) == CONTENT
    assert not sizes


def test_a_write_elsewhere_costs_one_comparison(counted, work):
    path = counted.path / "pi" / NAME
    read_whole(path)
    with open(counted.images / "pi.img", "r+b", buffering=0) as image:
        image.seek(-MIB, os.SEEK_END)
        image.write(b"root file system")
    with image_reads(counted, work) as sizes:
        assert read_whole(path) == CONTENT
    assert sum(size == WINDOW for size in sizes) == SIZE // WINDOW


def test_a_scattered_file_is_read_run_by_run_and_its_fat_once(
        images, mount, work):
    """Every cluster of the file is followed by one that lies elsewhere."""
    count = 4000
    volume = fatwrite.small_volume(images / "v.img", 32, 2 * count + 100)
    clusters = volume.free_clusters(2 * count)[::2]
    volume.link(clusters)
    volume.add("", b"FILE    BIN", cluster=clusters[0], size=count * 512)
    time.sleep(SETTLED_SECONDS)
    daemon = mount(args=["-d"])
    with image_reads(daemon, work) as sizes:
        read_whole(daemon.path / "v/file.bin")
    runs = sum(size == 512 for size in sizes)
    assert count <= runs <= count + 2 * READS_TO_FIND
    # 4096 entries at a time, from two places of the table at most, for OPEN.
    assert sum(size > 512 for size in sizes) <= READS_TO_FIND
