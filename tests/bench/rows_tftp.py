# SPDX-License-Identifier: BSD-2-Clause
"""Rows 1 to 4 and 9: dnsmasq on pibootfs beside dnsmasq on a plain directory."""

import contextlib
import json
import subprocess
import sys

import harness
import measure
import servers
import setting
from measure import Result, at_least
from setting import KERNEL

MIB = 1 << 20
LOAD_GENERATOR = harness.REPOSITORY / "build/tests/bench/tftp-load"
BLOCK_SIZES = (1024, 1468)
TFTP_MAX = 1000             # dnsmasq's own limit is 50 transfers
ROOT_PARTITION_WRITES = 1000    # a second

# What a Pi 4 asks for, in its order; from captures in the field.
PI4_MISSES = ("recovery.elf", "recover4.elf", "pieeprom.sig",
              "pieeprom.upd", "bootcfg.txt", "dt-blob.bin", "armstub8-gic.bin",
              "overlays/overlay_map.dtb", "recovery8.img", "vl805.sig")
PI4_FILES = ("start4.elf", "fixup4.dat", "config.txt", "cmdline.txt",
             "bcm2711-rpi-4-b.dtb")


class Side:
    """A dnsmasq on one tree, and the load generator's view of it."""

    def __init__(self, stack, tree, reference):
        self.tree = tree
        self.reference = reference
        self.network = stack.enter_context(servers.Network())
        stack.enter_context(servers.dnsmasq(
            self.network, tree, f"--tftp-max={TFTP_MAX}"))

    def load(self, script, clients, blksize, boards):
        """Run the script with so many clients; the generator's report."""
        names = self.reference / "boards"
        names.write_text("".join(f"{board}\n" for board in boards))
        lines = self.reference / "script"
        lines.write_text("".join(f"{line}\n" for line in script))
        result = self.network.run(
            LOAD_GENERATOR, "-b", blksize, "-c", clients, "-B", names,
            "-r", self.reference, "127.0.0.1:69", lines, timeout=1800)
        return json.loads(result.stdout)

    def rate(self, *load):
        """MiB/s over all clients."""
        report = self.load(*load)
        return report["bytes"] / MIB / report["seconds"]

    def requests(self, *load):
        """Answered requests a second over all clients."""
        report = self.load(*load)
        return ((report["transfers"] + report["probes"] + report["misses"])
                / report["seconds"])


@contextlib.contextmanager
def both(directory, images, boards, files):
    """A Side on pibootfs and one on a plain directory with the same files.

    `boards` are shared out among so many images.
    """
    (directory / "images").mkdir()
    plain = directory / "plain"
    reference = directory / "reference"
    write_files(reference, files)
    for number in range(images):
        setting.boot_image(directory / f"images/image{number}.img", files)
        write_files(plain / f"image{number}", files)
    for number, board in enumerate(boards):
        (directory / "images" / board).symlink_to(
            f"image{number % images}.img")
        (plain / board).symlink_to(f"image{number % images}")
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(setting.mounted(directory))
        yield (Side(stack, daemon.path, reference),
               Side(stack, plain, reference))


def write_files(directory, files):
    for name, data in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def board_names(count):
    return [f"{0x10000000 + number:08x}" for number in range(count)]


def compare_rates(directory, load, row, mark, images, client_counts):
    """MiB/s for each number of clients and each block size."""
    results = []
    size = load.file_bytes
    boards = board_names(max(client_counts))
    script = [f"get %/{KERNEL}"]
    with both(directory, images, boards,
              {KERNEL: setting.content(size)}) as (ours, plain):
        for clients in client_counts:
            for blksize in BLOCK_SIZES:
                what = (f"TFTP, {size // MIB} MiB, {clients} clients on "
                        f"{images} images, blksize {blksize}")
                result = Result(row, what, "a plain directory", "MiB/s", mark)
                runs = load.runs if clients == 1 else load.heavy_runs
                measure.take_turns(
                    result, runs,
                    lambda: ours.rate(script, clients, blksize, boards),
                    lambda: plain.rate(script, clients, blksize, boards))
                results.append(result)
    return results


def one_client(directory, load):
    """Row 1."""
    return compare_rates(directory, load, "1", at_least(0.95), 1, (1,))


def many_clients(directory, load):
    """Row 2."""
    return compare_rates(directory, load, "2", at_least(0.95), 1,
                         load.clients)


def many_images(directory, load):
    """Row 3."""
    return compare_rates(directory, load, "3", at_least(0.90), load.images,
                         (load.images,))


def pi4_script():
    """40 requests: probes, misses and small files, config.txt often."""
    lines = []
    for number, miss in enumerate(PI4_MISSES):
        lines.append(f"miss %/{miss}")
        lines.append(f"probe %/{PI4_FILES[number % len(PI4_FILES)]}")
        lines.append(f"get %/{PI4_FILES[number % len(PI4_FILES)]}")
        lines.append("get %/config.txt")
    return lines


def small_files(directory, load):
    """Row 4."""
    sizes = (48000, 5500, 1200, 200, 52000)
    files = {name: setting.content(size, seed)
             for seed, (name, size) in enumerate(zip(PI4_FILES, sizes))}
    boards = board_names(load.small_boards)
    script = pi4_script()
    result = Result("4", f"{len(script)} requests for small files as of a "
                    f"Pi 4, {load.small_boards} boards", "a plain directory",
                    "requests/s", at_least(0.80))
    with both(directory, 1, boards, files) as (ours, plain):
        args = (script, load.small_boards, 1468, boards)
        return [measure.take_turns(result, load.runs,
                                   lambda: ours.requests(*args),
                                   lambda: plain.requests(*args))]


@contextlib.contextmanager
def writing(image):
    """Another process writes to the root partition all the time."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, image, str(ROOT_PARTITION_WRITES)],
        stdin=subprocess.PIPE)
    try:
        yield
    finally:
        process.stdin.close()
        assert process.wait(10) == 0, "the writer could not keep up"


# The root partition is the last 64 MiB but one (setting.boot_image()).
WRITER = """
import os, random, select, sys, time
image, rate = sys.argv[1], int(sys.argv[2])
file = os.open(image, os.O_WRONLY)
end = os.fstat(file).st_size - (2 << 20)
block, started, done = bytes(range(256)) * 16, time.monotonic(), 0
while not select.select([sys.stdin], [], [], 0)[0]:
    due = int((time.monotonic() - started) * rate)
    for _ in range(due - done):
        os.pwrite(file, block, end - random.randrange(1, 15000) * 4096)
    done = due
    time.sleep(0.0005)
assert done >= 0.9 * (time.monotonic() - started) * rate
"""


def busy_image(directory, load):
    """Row 9."""
    size = load.file_bytes
    boards = board_names(1)
    args = ([f"get %/{KERNEL}"], 1, 1468, boards)
    result = Result("9", f"row 1 while {ROOT_PARTITION_WRITES} writes a "
                    "second go to the image's root partition",
                    "row 1 quiet", "MiB/s", at_least(0.80))
    with both(directory, 1, boards,
              {KERNEL: setting.content(size)}) as (ours, _):
        def while_written():
            with writing(directory / "images/image0.img"):
                return ours.rate(*args)
        return [measure.take_turns(result, load.runs, while_written,
                                   lambda: ours.rate(*args))]


ROWS = {"1": one_client, "2": many_clients, "3": many_images,
        "4": small_files, "9": busy_image}
