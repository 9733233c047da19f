# SPDX-License-Identifier: BSD-2-Clause
"""A Pi 3's disk image, of Debian's packages, as it is on an SD card.

An MBR, a FAT32 boot partition in the manner of Raspberry Pi OS (clusters of
512 bytes), a small ext4 root partition. No mounts, no loop devices. In the
root lies what a package manager would have downloaded: /upgrade/VERSION with
kernel and initramfs, for both kernels.
"""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import debian
import initramfs
from initramfs import GUEST, install

MIB = 1 << 20
SECTOR_BYTES = 512
BOOT_START = MIB
BOOT_SIZE = 256 * MIB
ROOT_START = BOOT_START + BOOT_SIZE
ROOT_SIZE = 256 * MIB
DISK_ID = "7069626f"
FIRMWARE = {"bootcode.bin": 52460, "start.elf": 2973536, "fixup.dat": 7262}
DTB = "bcm2710-rpi-3-b.dtb"         # as the firmware asks for it
DEBIAN_DTB = "bcm2837-rpi-3-b.dtb"  # the same board's, by Linux's name
PI3_FILE_BYTES_MAX = 65535 * 512    # over TFTP: rom_tftp.c
UNAVAILABLE = 75    # make-image's status without packages: EX_TEMPFAIL

CONFIG_TXT = """\
# For a Raspberry Pi 3
arm_64bit=1
enable_uart=1
kernel=kernel8.img
initramfs initramfs8 followkernel
"""
CMDLINE_TXT = (f"console=ttyS1,115200 root=PARTUUID={DISK_ID}-02 "
               "rootfstype=ext4 fsck.repair=yes rootwait\n")
FSTAB = """\
LABEL=rootfs    /               ext4    defaults,noatime        0 1
LABEL=BOOTFS    /boot/firmware  vfat    defaults                0 2
"""


@dataclass(frozen=True)
class Kernel:
    """One kernel, in Debian's package."""
    package: str
    PATTERNS = ["./boot/vmlinuz-*",
                f"./usr/lib/linux-image-*/broadcom/{DEBIAN_DTB}",
                *initramfs.MODULE_PATTERNS]

    @property
    def version(self):
        """As `uname -r` has it."""
        return self.package.removeprefix("linux-image-")


@dataclass(frozen=True)
class Made:
    """What is in an image that was made; as text, what make-image says."""
    old: str        # kernels' versions
    new: str
    firmware: str

    def __str__(self):
        return (f"boots Linux {self.old}, has {self.new} to upgrade to; "
                f"its firmware is {self.firmware}")

    @classmethod
    def parse(cls, text):
        """What make-image has said, as it was before."""
        return cls(*re.search(r"boots Linux (\S+), has (\S+) to upgrade to; "
                              r"its firmware is (.*)", text).groups())


def make(path, cache=None):
    """Make the image at `path`; returns a Made. May raise Unavailable."""
    with debian.archive(cache) as archive, \
            tempfile.TemporaryDirectory(prefix="pibootfs-image-") as work:
        kernels = [Kernel(package) for package in archive.kernels()]
        boot, root = Path(work, "boot"), Path(work, "root")
        for kernel in kernels:
            make_upgrade(root / "upgrade" / kernel.version, kernel, archive,
                         work)
        fill_boot(boot, root / "upgrade" / kernels[0].version)
        firmware = add_firmware(boot, archive)
        fill_root(root, kernels, archive)
        write_disk(path, boot, root)
    return Made(*(kernel.version for kernel in kernels), firmware)


def make_upgrade(directory, kernel, archive, workspace):
    """What belongs to one kernel, under the names it has when booted."""
    files = archive.unpacked(kernel.package, *kernel.PATTERNS)
    install(files / f"boot/vmlinuz-{kernel.version}",
            directory / "kernel8.img", 0o644)
    size = (directory / "kernel8.img").stat().st_size
    if size > PI3_FILE_BYTES_MAX:
        raise RuntimeError(f"Linux {kernel.version} has {size} bytes; a Pi 3 "
                           f"loads {PI3_FILE_BYTES_MAX} at the most")
    install(files / f"usr/lib/{kernel.package}/broadcom/{DEBIAN_DTB}",
            directory / DTB, 0o644)
    initramfs.write(directory / "initramfs8", archive, kernel, workspace)


def fill_boot(boot, upgrade):
    """The boot partition of a system with that kernel."""
    shutil.copytree(upgrade, boot)
    (boot / "config.txt").write_text(CONFIG_TXT)
    (boot / "cmdline.txt").write_text(CMDLINE_TXT)
    (boot / "issue.txt").write_text("Debian, made for a test\n")
    (boot / "overlays").mkdir()
    (boot / "overlays/README").write_text("No overlays are needed here.\n")


def add_firmware(boot, archive):
    """What the board runs before Linux; says whose it is."""
    package = "raspi-firmware"
    if archive.has(package):
        files = archive.unpacked(package) / "usr/lib/raspi-firmware"
        for name in FIRMWARE:
            install(files / name, boot / name, 0o644)
        return f"Debian's, {package} {archive.version(package)}"
    # It is not free, and not everywhere. Nothing here executes it.
    for name, size in FIRMWARE.items():
        (boot / name).write_bytes(name.encode().ljust(size, b"."))
    return f"made up: there is no {package}"


def fill_root(root, kernels, archive):
    """A root file system: busybox and the files in guest/."""
    for name in ("bin", "boot/firmware", "dev", "etc", "proc", "root", "run",
                 "sbin", "sys", "tmp", "usr/bin", "usr/sbin"):
        (root / name).mkdir(parents=True)
    install(archive.unpacked("busybox-static") / "bin/busybox",
            root / "bin/busybox")
    # guest/init adds the others.
    for name in ("mount", "sh"):
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/fstab").write_text(FSTAB)
    install(GUEST / "init", root / "sbin/init")
    for name in ("agent", "restart"):
        install(GUEST / name, root / "usr/local/sbin" / name)
    for kernel in kernels:
        initramfs.copy_modules(root, kernel, archive)


def write_disk(path, boot, root):
    """The image with these contents of its partitions."""
    path = Path(path)
    with path.open("wb") as file:
        file.truncate(ROOT_START + ROOT_SIZE + MIB)
    _run("sfdisk", "-q", "--no-reread", "--no-tell-kernel", path, input=(
        "label: dos\n"
        f"label-id: 0x{DISK_ID}\n"
        f"start={BOOT_START // SECTOR_BYTES}, "
        f"size={BOOT_SIZE // SECTOR_BYTES}, type=c\n"
        f"start={ROOT_START // SECTOR_BYTES}, "
        f"size={ROOT_SIZE // SECTOR_BYTES}, type=83\n"))
    _run("mkfs.vfat", "-F", 32, "-s", 1, "-n", "BOOTFS", "--offset",
         BOOT_START // SECTOR_BYTES, path, BOOT_SIZE // 1024)
    _run("mcopy", "-s", "-i", boot_volume(path), *sorted(boot.iterdir()),
         "::")
    _run("mke2fs", "-q", "-t", "ext4", "-L", "rootfs", "-d", root, "-E",
         f"offset={ROOT_START},root_owner=0:0", path,
         f"{ROOT_SIZE // 1024}k")


def boot_volume(path):
    """The boot partition, as mtools take it."""
    return f"{path}@@{BOOT_START}"


def _run(*command, input=b""):
    """Run a command to its end; its output. It must succeed."""
    data = input.encode() if isinstance(input, str) else input
    result = subprocess.run([str(word) for word in command], input=data,
                            capture_output=True, check=False, timeout=120)
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]}: {result.stderr.decode().strip()}")
    return result.stdout
