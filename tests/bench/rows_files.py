# SPDX-License-Identifier: BSD-2-Clause
"""Rows 5 to 8 and 10: single files, without a TFTP server."""

import itertools
import os
import tempfile
import time

import measure
import setting
from measure import Result, at_least, at_most, seconds
from setting import KERNEL, SETTLED_SECONDS, SMALL

MIB = 1 << 20


def kernel_rate(path, size_bytes):
    """MiB/s of one reading from beginning to end."""
    took = seconds(setting.read_whole, path)
    return size_bytes / MIB / took


def first_and_second_read(directory, load):
    """Rows 5 and 6, and what is left to gain: FUSE's own share."""
    size = load.file_bytes
    what = f"{size // MIB} MiB, image in the page cache"
    first = Result("5", f"first read of a new version, {what}",
                   "a plain file", "MiB/s", at_least(0.30))
    first_least = Result("5a", "the same through the least FUSE file system",
                         "a plain file", "MiB/s", None)
    second = Result("6", "second read", "a plain file", "MiB/s",
                    at_least(0.90))
    second_least = Result("6a", "the same through the least FUSE file system",
                          "a plain file", "MiB/s", None)
    second_tmpfs = Result("6b", "second read", "a file in tmpfs, whose pages "
                          "are as small as FUSE's", "MiB/s", None)
    (directory / "images").mkdir()
    volume = setting.boot_image(directory / "images/pi.img",
                                {KERNEL: setting.content(size)})
    (directory / "plain").mkdir()
    plain = directory / "plain" / KERNEL
    plain.write_bytes(setting.content(size))

    def read_twice(path, first_read, second_read):
        for result in (first_read, second_read):
            result.ours.append(kernel_rate(path, size))
            result.references.append(kernel_rate(plain, size))

    with setting.mounted(directory) as daemon, \
            tempfile.NamedTemporaryFile(dir="/dev/shm") as in_tmpfs:
        in_tmpfs.write(setting.content(size))
        in_tmpfs.flush()
        setting.read_whole(daemon.path / "pi" / KERNEL)
        for run in range(load.runs):
            volume.write(KERNEL, setting.content(size, seed=run + 2))
            with setting.minimal_fs(directory, plain.parent) as least:
                time.sleep(SETTLED_SECONDS)
                read_twice(daemon.path / "pi" / KERNEL, first, second)
                second_tmpfs.references.append(
                    kernel_rate(in_tmpfs.name, size))
                read_twice(least / "pi" / KERNEL, first_least, second_least)
    second_tmpfs.ours = second.ours
    return [first, first_least, second, second_least, second_tmpfs]


def small_file(directory, load):
    """Row 7."""
    result = Result("7", "open, read and close of a small unchanged file",
                    "the least FUSE file system", "µs", at_most(1.5))
    data = setting.content(1000)
    (directory / "images").mkdir()
    setting.boot_image(directory / "images/pi.img", {SMALL: data})
    (directory / "plain").mkdir()
    (directory / "plain" / SMALL).write_bytes(data)
    with setting.mounted(directory) as daemon, \
            setting.minimal_fs(directory, directory / "plain") as least:
        ours = daemon.path / "pi" / SMALL
        time.sleep(SETTLED_SECONDS)
        return [measure.take_turns(
            result, load.runs, lambda: small_time(ours, load),
            lambda: small_time(least / "pi" / SMALL, load))]


def small_time(path, load):
    """µs for one open, read and close."""
    setting.read_small(path, max(load.opens // 10, 1))
    return seconds(setting.read_small, path, load.opens) / load.opens * 1e6


def first_open_time(volume, numbers):
    """ms for the first open of the next of the volume's files."""
    path = volume / f"file{next(numbers)}"
    start = time.perf_counter()
    descriptor = os.open(path, os.O_RDONLY)
    took = time.perf_counter() - start
    os.close(descriptor)
    setting.read_whole(path)    # until the snapshot is there
    return took * 1000


def awkward_fat(directory, load):
    """Row 8: every fragment of the file is followed by one far from it."""
    size = load.file_bytes
    data = setting.content(size)
    links = size // 512
    images = directory / "images"
    images.mkdir()
    variants = {"8": (16, "in fragments of 8 KiB"),
                "8a": (links, "in one piece"),
                "8b": (1, "in fragments of 512 bytes")}
    make_scattered(images / "large.img", data, 65536, 1, load.start_runs * 3)
    for row, (fragment, _) in variants.items():
        make_scattered(images / f"small{row}.img", data, 512, fragment,
                       load.start_runs)
    results = []
    with setting.mounted(directory) as daemon:
        time.sleep(SETTLED_SECONDS)
        large = itertools.count()
        for row, (_, what) in variants.items():
            small = itertools.count()
            results.append(measure.take_turns(
                Result(row, f"first open of {size // MIB} MiB in {links} "
                       f"clusters of 512 bytes, {what}",
                       "clusters of 64 KiB, none beside the next", "ms",
                       at_most(1.5)), load.start_runs,
                lambda: first_open_time(daemon.path / f"small{row}", small),
                lambda: first_open_time(daemon.path / "large", large)))
    return results


def make_scattered(path, data, cluster_bytes, fragment, files):
    """Files in such fragments, each of which is followed by one far off."""
    count = len(data) // cluster_bytes
    fragments = count // fragment
    order = [number * fragment + cluster
             for number in (*range(0, fragments, 2), *range(1, fragments, 2))
             for cluster in range(fragment)]
    setting.scattered_volume(path, data, cluster_bytes, order, [
        f"FILE{number}".ljust(11).encode() for number in range(files)])


def many_boards(directory, load):
    """Row 10."""
    result = Result("10", f"row 7 with {load.many_boards} boards",
                    "with 1 board", "µs", at_most(1.1))
    for name in ("one", "many"):
        (directory / name).mkdir()
        setting.boot_image(directory / name / "pi.img",
                           {SMALL: setting.content(1000)})
    for board in range(load.many_boards - 1):
        (directory / "many" / f"{board:08x}").symlink_to("pi.img")
    board = f"{load.many_boards // 2:08x}"
    (directory / "one" / board).symlink_to("pi.img")
    with setting.mounted(directory, "mnt-one", "one") as one, \
            setting.mounted(directory, "mnt-many", "many") as many:
        time.sleep(SETTLED_SECONDS)
        return [measure.take_turns(
            result, load.runs,
            lambda: small_time(many.path / board / SMALL, load),
            lambda: small_time(one.path / board / SMALL, load))]


ROWS = {"5": first_and_second_read, "7": small_file, "8": awkward_fat,
        "10": many_boards}
