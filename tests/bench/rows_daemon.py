# SPDX-License-Identifier: BSD-2-Clause
"""Rows 11 to 13: the daemon itself."""

import contextlib
import os
import statistics
import threading
import time

import harness
import measure
import setting
import storage
from measure import Result, at_most
from setting import KERNEL, SMALL

MIB = 1 << 20


def fill_with_boards(images, count, files):
    """An image, and so many links to it that there are `count` boards."""
    images.mkdir()
    setting.boot_image(images / "pi.img", files)
    for board in range(count - 1):
        (images / f"{board:08x}").symlink_to("pi.img")


def start(directory, name):
    """ms from the start of `pibootfs` until it has left a mount behind."""
    took = measure.seconds(harness.run, harness.PIBOOTFS, directory / name,
                           directory / "mnt") * 1000
    harness.run("umount", directory / "mnt")
    return took


def start_with_many_boards(directory, load):
    """Row 11."""
    (directory / "mnt").mkdir()
    fill_with_boards(directory / "one", 1, {SMALL: b"x"})
    fill_with_boards(directory / "many", load.many_boards, {SMALL: b"x"})
    result = Result("11", f"start with {load.many_boards} boards",
                    "with 1 board", "ms", at_most(1.5))
    measure.take_turns(result, load.start_runs,
                       lambda: start(directory, "many"),
                       lambda: start(directory, "one"))
    total = Result("11", "the same, in all", "", "ms", at_most(100),
                   ours=list(result.ours))
    return [result, total]


def lookup_time(path, load):
    """µs for one stat of a file, the median: hangs show in the others."""
    times = []
    for _ in range(load.opens):
        begin = time.perf_counter()
        os.stat(path)
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e6


def open_and_fail(path):
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDONLY))


def hanging_storage(directory, load):
    """Row 12: lookups on one board while another's image does not answer."""
    images = directory / "images"
    images.mkdir()
    setting.boot_image(images / "pi.img", {SMALL: b"x"})
    hanging = storage.Hanging(directory)
    (images / "slow.img").symlink_to(hanging.path)
    result = Result("12", "a lookup while another image's storage hangs",
                    "before the hang", "µs", at_most(2))
    try:
        with setting.mounted(directory) as daemon:
            path = daemon.path / "pi" / SMALL
            for _ in range(load.runs):
                result.references.append(lookup_time(path, load))
                hanging.stop()
                waiting = threading.Thread(
                    target=open_and_fail,
                    args=(daemon.path / "slow/large.bin",))
                waiting.start()
                result.ours.append(lookup_time(path, load))
                hanging.go_on()
                waiting.join()
    finally:
        hanging.close()
    return [result]


def resident_mib(daemon):
    for line in (open(f"/proc/{daemon.pid}/status", encoding="ascii")):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


def memory(directory, load):
    """Row 13."""
    size = load.file_bytes
    fill_with_boards(directory / "images", load.many_boards,
                     {KERNEL: setting.content(size)})
    idle = Result("13", "resident memory, idle", "", "MiB", at_most(8))
    listed = Result("13", f"the same, {load.many_boards} boards listed", "",
                    "MiB", at_most(24))
    busy = Result("13", f"the same, {size // MIB} MiB open by "
                  f"{load.small_boards} clients on as many boards", "", "MiB",
                  at_most(size // MIB + 16))
    with setting.mounted(directory) as daemon:
        idle.ours.append(resident_mib(daemon))
        with os.scandir(daemon.path) as entries:
            for entry in entries:
                entry.stat()
        listed.ours.append(resident_mib(daemon))
    (directory / "mnt").rmdir()
    with setting.mounted(directory) as daemon:
        busy.ours.append(resident_while_read(daemon, load))
    return [idle, listed, busy]


def resident_while_read(daemon, load):
    """MiB while each client has the kernel open and has read it all."""
    opened, peak = [], 0.0
    try:
        for board in range(load.small_boards):
            opened.append(os.open(daemon.path / f"{board:08x}" / KERNEL,
                                  os.O_RDONLY))
        for descriptor in opened:
            while os.read(descriptor, MIB):
                pass
            peak = max(peak, resident_mib(daemon))
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return peak


ROWS = {"11": start_with_many_boards, "12": hanging_storage, "13": memory}
