# SPDX-License-Identifier: BSD-2-Clause
"""Rows 1 to 4 and 9: dnsmasq on pibootfs beside dnsmasq on a plain directory."""

import contextlib
import json
import subprocess
import sys
import time

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

# What a Pi 4 asks for, in its order, as seen in captures; the three large
# files only as far as their sizes. Names with a "-" before them are not there.
PI4_REQUESTS = """
?start4.elf config.txt -vl805.sig -pieeprom.sig -recover4.elf -recovery.elf
?start4.elf fixup4.dat -recovery.elf config.txt ?config.txt -dt-blob.bin
-recovery.elf config.txt -bootcfg.txt ?initramfs8 bcm2711-rpi-4-b.dtb
overlay_map.dtb config.txt vc4-kms-v3d-pi4.dtbo dwc2.dtbo i2c-fan.dtbo
rpi-poe.dtbo disable-bt.dtbo config.txt cmdline.txt -recovery8.img
-recovery8-32.img -recovery7l.img -recovery7.img -recovery.img ?kernel8.img
-armstub8-gic.bin config.txt bcm2711-rpi-4-b.dtb overlay_map.dtb
vc4-kms-v3d-pi4.dtbo config.txt cmdline.txt ?kernel8.img
""".split()
PI4_SIZES = {"start4.elf": 48000, "initramfs8": 48000, "kernel8.img": 48000,
             "config.txt": 2100, "cmdline.txt": 150, "fixup4.dat": 5448,
             "bcm2711-rpi-4-b.dtb": 56000, "overlay_map.dtb": 5200,
             "vc4-kms-v3d-pi4.dtbo": 3900, "dwc2.dtbo": 800,
             "i2c-fan.dtbo": 4300, "rpi-poe.dtbo": 2500,
             "disable-bt.dtbo": 1100}


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
                what = (f"TFTP, {size // MIB} MiB, {counted(clients, 'client')}"
                        f" on {counted(images, 'image')}, blksize {blksize}")
                result = Result(row, what, "a plain directory", "MiB/s", mark)
                runs = load.runs if clients == 1 else load.heavy_runs
                measure.take_turns(
                    result, runs,
                    lambda: ours.rate(script, clients, blksize, boards),
                    lambda: plain.rate(script, clients, blksize, boards))
                results.append(result)
    return results


def counted(number, noun):
    return f"{number} {noun}{'s' if number > 1 else ''}"


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
    """PI4_REQUESTS for the load generator."""
    verbs = {"-": "miss", "?": "probe"}
    return [f"{verbs.get(word[0], 'get')} %/{word.lstrip('-?')}"
            for word in PI4_REQUESTS]


def small_files(directory, load):
    """Row 4, and what is left to gain: FUSE's own share."""
    files = {name: setting.content(size, seed)
             for seed, (name, size) in enumerate(PI4_SIZES.items())}
    boards = board_names(load.small_boards)
    script = pi4_script()
    what = (f"{len(script)} requests for small files as of a Pi 4, "
            f"{load.small_boards} boards")
    result = Result("4", what, "a plain directory", "requests/s",
                    at_least(0.80))
    least = Result("4a", "the same through the least FUSE file system",
                   "a plain directory", "requests/s", None)
    args = (script, load.small_boards, 1468, boards)
    with both(directory, 1, boards, files) as (ours, plain), \
            contextlib.ExitStack() as stack:
        minimal = Side(stack, stack.enter_context(setting.minimal_fs(
            directory, directory / "plain/image0")), plain.reference)
        time.sleep(setting.SETTLED_SECONDS)
        for _ in range(load.runs):
            measure.take_turns(result, 1, lambda: ours.requests(*args),
                               lambda: plain.requests(*args))
            measure.take_turns(least, 1, lambda: minimal.requests(*args),
                               lambda: plain.requests(*args))
    return [result, least]


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
