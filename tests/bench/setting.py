# SPDX-License-Identifier: BSD-2-Clause
"""What the rows are measured on: images, daemons and their references."""

import array
import contextlib
import os
import random
import subprocess

import disk
import fatwrite
import harness
from fatread import LAST

MIB = 1 << 20
KERNEL = "kernel8.img"
SMALL = "config.txt"
SETTLED_SECONDS = 2.2       # PBF_SETTLED_MS, and a little
MINIMAL_FS = harness.REPOSITORY / "build/tests/bench/minimal-fs"


def content(size_bytes, seed=1):
    """Bytes that nothing can guess or compress, the same each time."""
    return random.Random(seed).randbytes(size_bytes)


def boot_image(path, files, size=None):
    """An image as Raspberry Pi's own: FAT32, and a root partition behind."""
    total = sum(map(len, files.values()))
    size = size or max(256 * MIB, -(-total // MIB) * MIB + 64 * MIB)
    boot, _ = disk.partitioned(path, "mbr", [
        disk.Part(size, 32, files=files),
        disk.Part(64 * MIB, None, type="83")])
    return boot.volume


@contextlib.contextmanager
def mounted(directory, name="mnt", images="images"):
    """pibootfs on DIRECTORY/images; gives the daemon."""
    (directory / name).mkdir()
    daemon = harness.Mount(directory / images, directory / name)
    try:
        yield daemon
    finally:
        daemon.stop()


@contextlib.contextmanager
def minimal_fs(directory, files):
    """The least FUSE file system with what lies in `files`; gives its place.

    Every name in its root is a board.
    """
    mountpoint = directory / "minimal"
    mountpoint.mkdir(exist_ok=True)
    process = harness.start_process([MINIMAL_FS, mountpoint, files],
                                    stdin=subprocess.DEVNULL)
    try:
        harness.eventually(lambda: harness.is_mounted(mountpoint)
                           or process.poll() is not None, what="minimal-fs")
        yield mountpoint
    finally:
        process.terminate()
        process.wait(10)
        harness.unmount_all(mountpoint)


def scattered_volume(path, data, cluster_bytes, order, names):
    """A FAT32 volume with files of one chain that visits `order`.

    `order` holds the numbers of data's pieces, as they lie on the disk: the
    piece order[i] is in the i-th of the file's clusters on the disk. All
    `names`, of 11 bytes, have the same clusters.
    """
    count = len(order)
    size = (count + 66000) * cluster_bytes if cluster_bytes == 512 \
        else len(data) + 4 * MIB
    disk.fat_volume(path, size, 32, cluster_bytes)
    volume = fatwrite.Writer(path)
    first = volume.free_clusters(1)[0]
    cluster_of = array.array("I", bytes(4 * count))
    for place, piece in enumerate(order):
        cluster_of[piece] = first + place
    links = array.array("I", bytes(4 * count))
    for piece in range(count):
        links[cluster_of[piece] - first] = (
            cluster_of[piece + 1] if piece + 1 < count else LAST[32])
    for copy in range(volume.fats):
        volume.put(volume.fat_offset(first, copy), links.tobytes())
    volume.put(volume.cluster_offset(first), b"".join(
        data[piece * cluster_bytes:(piece + 1) * cluster_bytes]
        .ljust(cluster_bytes, b"\0") for piece in order))
    for name in names:
        volume.add("", name, cluster=cluster_of[0], size=len(data))


def read_whole(path, buffer=bytearray(128 * 1024)):
    """Read as cat does; returns the number of bytes."""
    total = 0
    descriptor = os.open(path, os.O_RDONLY)
    try:
        while count := os.readv(descriptor, [buffer]):
            total += count
    finally:
        os.close(descriptor)
    return total


def read_small(path, times):
    """Open, read and close `path`."""
    for _ in range(times):
        descriptor = os.open(path, os.O_RDONLY)
        os.read(descriptor, 4096)
        os.close(descriptor)
