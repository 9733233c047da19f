# SPDX-License-Identifier: BSD-2-Clause
"""A disk that every model boots from, without a system on it: what is in it,
how it is upgraded, and what an independent reader finds there."""

import disk
import loader
from disk import MIB, Part
from rom_bench import noise

KERNELS = ["kernel8.img", "kernel_2712.img"]
REMOVED = ["overlays/README", "issue.txt"]
CONFIG = b"arm_64bit=1\ninitramfs initramfs8 followkernel\n"


def kernel_files(version):
    """What an upgrade replaces: of one size, as versions often are."""
    return {name: noise(f"{name} {version}", 3 * MIB)
            for name in (*KERNELS, "initramfs8")}


def make_disk(path, version=1):
    """A disk image that every model boots from; its boot partition."""
    small = ["bootcode.bin", "start.elf", "fixup.dat", "start4.elf",
             "fixup4.dat", "bcm2710-rpi-3-b.dtb", "bcm2711-rpi-4-b.dtb",
             "bcm2712-rpi-5-b.dtb"]
    boot, _ = disk.partitioned(path, "mbr", [
        Part(64 * MIB, 32, 512, files={
            "config.txt": CONFIG, "cmdline.txt": b"root=/dev/nbd0p2\n",
            "issue.txt": b"issue\n", "overlays/README": b"overlays\n",
            **{name: noise(name + path.name, 20_000) for name in small},
            **kernel_files(version)}),
        Part(4 * MIB, None, type="83")])
    return boot


def upgrade(fat, version=2):
    """As test_e2e's upgrade, through mtools."""
    for name, data in kernel_files(version).items():
        fat.replace(name, data)
    fat.write("upgraded.txt", b"version %d\n" % version)
    fat.write("empty.txt")
    fat.remove("overlays/README")
    fat.rename("issue.txt", "Issue of the day.txt")


def digests(fat, directory=""):
    """{path: digest} of all files, read with mtools."""
    found = {}
    for name in fat.list(directory):
        path = f"{directory}/{name}".strip("/")
        if name == "overlays":
            found.update(digests(fat, path))
        else:
            found[path] = loader.digest(fat.read(path))
    return found
