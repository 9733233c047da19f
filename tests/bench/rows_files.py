# SPDX-License-Identifier: BSD-2-Clause
"""Rows 5 to 8 and 10: single files, without a TFTP server."""

import os
import time

import measure
import setting
from measure import Result, at_least, at_most, seconds
from setting import KERNEL, SMALL

MIB = 1 << 20
SETTLED_SECONDS = 2.2       # PBF_SETTLED_MS, and a little


def kernel_rate(path, size_bytes):
    """MiB/s of one reading from beginning to end."""
    took = seconds(setting.read_whole, path)
    return size_bytes / MIB / took


def first_and_second_read(directory, load):
    """Rows 5 and 6."""
    size = load.file_bytes
    first = Result("5", f"first read of a new version, {size // MIB} MiB, "
                   "image in the page cache", "a plain file", "MiB/s",
                   at_least(0.30))
    second = Result("6", "second read", "a plain file", "MiB/s",
                    at_least(0.90))
    control = Result("6a", "second read, through the least FUSE file system",
                     "a plain file", "MiB/s", None)
    (directory / "images").mkdir()
    volume = setting.boot_image(directory / "images/pi.img",
                                {KERNEL: setting.content(size)})
    plain = directory / KERNEL
    plain.write_bytes(setting.content(size))
    with setting.mounted(directory) as daemon, \
            setting.minimal_fs(directory, plain) as least:
        ours = daemon.path / "pi" / KERNEL
        setting.read_whole(least)
        for run in range(load.runs):
            volume.write(KERNEL, setting.content(size, seed=run + 2))
            time.sleep(SETTLED_SECONDS)
            for result, path in ((first, ours), (second, ours),
                                 (control, least)):
                result.ours.append(kernel_rate(path, size))
                result.references.append(kernel_rate(plain, size))
    return [first, second, control]


def small_file(directory, load):
    """Row 7."""
    result = Result("7", "open, read and close of a small unchanged file",
                    "the least FUSE file system", "µs", at_most(1.5))
    data = setting.content(1000)
    (directory / "images").mkdir()
    setting.boot_image(directory / "images/pi.img", {SMALL: data})
    (directory / SMALL).write_bytes(data)
    with setting.mounted(directory) as daemon, \
            setting.minimal_fs(directory, directory / SMALL) as least:
        ours = daemon.path / "pi" / SMALL
        time.sleep(SETTLED_SECONDS)
        return [measure.take_turns(
            result, load.runs, lambda: small_time(ours, load),
            lambda: small_time(least, load))]


def small_time(path, load):
    """µs for one open, read and close."""
    setting.read_small(path, max(load.opens // 10, 1))
    return seconds(setting.read_small, path, load.opens) / load.opens * 1e6


def first_open_time(directory, name):
    """ms for the first open of the kernel, by a daemon that just began."""
    with setting.mounted(directory, images=name) as daemon:
        setting.read_small(daemon.path / "pi" / SMALL, 1)
        path = daemon.path / "pi" / KERNEL
        start = time.perf_counter()
        descriptor = os.open(path, os.O_RDONLY)
        took = time.perf_counter() - start
        os.close(descriptor)
    daemon.path.rmdir()
    return took * 1000


def awkward_fat(directory, load):
    """Row 8: every cluster of the file is followed by one far from it."""
    size = load.file_bytes
    data = setting.content(size)
    for name, cluster in (("large", 65536), ("small", 512)):
        (directory / name).mkdir()
        count = size // cluster
        order = [*range(0, count, 2), *range(1, count, 2)]
        setting.scattered_volume(directory / name / "pi.img", data, cluster,
                                 order)
    time.sleep(SETTLED_SECONDS)
    result = Result("8", f"first open of {size // MIB} MiB in {size // 512} "
                    "fragments of 512 bytes", "fragments of 64 KiB", "ms",
                    at_most(1.5))
    return [measure.take_turns(
        result, load.start_runs,
        lambda: first_open_time(directory, "small"),
        lambda: first_open_time(directory, "large"))]


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
