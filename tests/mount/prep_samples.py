# SPDX-License-Identifier: BSD-2-Clause
"""Disk images in the shapes of those that people download, in small: the same
partitions, names and texts, with next to nothing in them.

`sample(NAME)` makes each one once in a run; `place(NAME, PATH)` copies it.
"""

import functools
import shutil
from dataclasses import dataclass

import disk
import harness
from disk import MIB
from harness import run
from prep_initrd import arm64_kernel, dracut, initramfs_tools
from prep_texts import (CONFIG, CMDLINE, NETWORK_CONFIG, USER_DATA)

JAMMY_KERNEL = "5.15.0-1061-raspi"
NOBLE_KERNEL = "6.8.0-1013-raspi"
QUESTING_KERNEL = "6.17.0-1003-raspi"
RPI_KERNEL = "6.6.31+rpt-rpi-v8"
RPI_KERNEL_2712 = "6.6.31+rpt-rpi-2712"
DISK_ID = "4e639091"
ROOT_UUID = "8f9ad0ac-7bd0-4b3f-9a94-6f0b5a2d1c77"
SYSTEM_PARTUUID = ("0b7b4ab1-6e31-4f0b-9f24-5a2d37b0aa04",
                   "0b7b4ab1-6e31-4f0b-9f24-5a2d37b0aa05",
                   "0b7b4ab1-6e31-4f0b-9f24-5a2d37b0aa06")
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
BASIC_DATA = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"

PI4_DTBS = ("bcm2711-rpi-4-b.dtb", "bcm2711-rpi-400.dtb",
            "bcm2711-rpi-cm4.dtb")
PI3_DTBS = ("bcm2710-rpi-3-b.dtb", "bcm2710-rpi-3-b-plus.dtb",
            "bcm2710-rpi-zero-2-w.dtb")
PI5_DTBS = ("bcm2712-rpi-5-b.dtb", "bcm2712d0-rpi-5-b.dtb",
            "bcm2712-rpi-500.dtb")


@dataclass
class Layout:
    """Where things are; `boot` and `root` are partition numbers."""
    boot: int
    root: int
    starts: dict    # {number: byte}


def _dtb(name):
    return b"\xd0\x0d\xfe\xed" + name.encode().ljust(2000, b".")


def _firmware():
    return {"bootcode.bin": b"bootcode" * 300, "start.elf": b"start" * 1500,
            "fixup.dat": b"fixup" * 200, "start4.elf": b"start4" * 1500,
            "fixup4.dat": b"fixup4" * 200}


def _overlays(prefix=""):
    return {prefix + "overlays/README": b"Introduction\n============\n",
            prefix + "overlays/overlay_map.dtb": _dtb("overlay_map"),
            prefix + "overlays/dwc2.dtbo": _dtb("dwc2"),
            prefix + "overlays/vc4-kms-v3d.dtbo": _dtb("vc4-kms-v3d")}


def _dtbs(names, prefix=""):
    return {prefix + name: _dtb(name) for name in names}


def _cloud_init(release):
    return {"user-data": USER_DATA[release], "network-config": NETWORK_CONFIG,
            "meta-data": b"dsmode: local\ninstance_id: cloud-image\n"}


def jammy_files():
    """Ubuntu 22.04: neither nbd.ko nor nbd-client in its initrd."""
    return {**_firmware(), **_overlays(), **_dtbs(PI3_DTBS + PI4_DTBS),
            **_cloud_init("jammy"),
            "config.txt": CONFIG["jammy"], "cmdline.txt": CMDLINE["jammy"],
            "README": b"An overview of the files on the /boot/firmware\n",
            "vmlinuz": arm64_kernel(JAMMY_KERNEL),
            "initrd.img": initramfs_tools(JAMMY_KERNEL, False, False)}


def noble_files():
    """Ubuntu 24.04: nbd.ko in its initrd, but no nbd-client."""
    return {**_firmware(), **_overlays(),
            **_dtbs(PI3_DTBS + PI4_DTBS + PI5_DTBS), **_cloud_init("noble"),
            "config.txt": CONFIG["noble"], "cmdline.txt": CMDLINE["noble"],
            "vmlinuz": arm64_kernel(NOBLE_KERNEL),
            "initrd.img": initramfs_tools(NOBLE_KERNEL, True, False)}


def questing_files():
    """Ubuntu 25.10: all that an upgrade replaces is in current/; dracut."""
    return {**_firmware(), **_overlays("current/"), **_cloud_init("noble"),
            **_dtbs(PI3_DTBS + PI4_DTBS + PI5_DTBS, "current/"),
            "config.txt": CONFIG["questing"],
            "autoboot.txt": b"[all]\ntryboot_a_b=1\n",
            "current/state": b"good\n",
            "current/cmdline.txt": CMDLINE["questing"],
            "current/vmlinuz": arm64_kernel(QUESTING_KERNEL),
            "current/initrd.img": dracut(QUESTING_KERNEL)}


def bookworm_files():
    """Raspberry Pi OS: a kernel with its initramfs for two kinds of board."""
    return {**_firmware(), **_overlays(),
            **_dtbs(PI3_DTBS + PI4_DTBS + PI5_DTBS),
            "config.txt": CONFIG["bookworm"],
            "cmdline.txt": CMDLINE["bookworm"],
            "issue.txt": b"Raspberry Pi reference 2024-07-04\n",
            "kernel8.img": arm64_kernel(RPI_KERNEL),
            "kernel_2712.img": arm64_kernel(RPI_KERNEL_2712),
            "initramfs8": initramfs_tools(RPI_KERNEL),
            "initramfs_2712": initramfs_tools(RPI_KERNEL_2712)}


def slot_files():
    """A slot of an image by rpi-image-gen."""
    return {**_firmware(), **_overlays(), **_dtbs(PI5_DTBS),
            "config.txt": CONFIG["slots"], "cmdline.txt": CMDLINE["slots"],
            "kernel_2712.img": arm64_kernel(RPI_KERNEL_2712),
            "initramfs_2712": initramfs_tools(RPI_KERNEL_2712)}


def write_volume(path, start, files, size, label, cluster=512):
    """Format a FAT32 volume in an image and put `files` on it."""
    volume = disk.fat_volume(path, size, 32, cluster, label=label,
                             offset=start)
    put_files(volume, files)
    return volume


def put_files(volume, files):
    """Write files with their directories, by one run of mcopy."""
    staging = harness.session_directory() / "staging"
    for name, data in files.items():
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).write_bytes(data)
    run("mcopy", "-s", "-o", "-i", f"{volume.path}@@{volume.offset}",
        *sorted(staging.iterdir()), "::/", env=disk.ENVIRONMENT)
    shutil.rmtree(staging)


def write_ext4(path, start, size, label, uuid="random"):
    run("mkfs.ext4", "-q", "-F", "-L", label, "-U", uuid, "-E",
        f"offset={start}", path, f"{size // 1024}k")


def write_table(path, size, script):
    with path.open("wb") as file:
        file.truncate(size)
    run("sfdisk", "-q", "--no-reread", "--no-tell-kernel", path,
        input=script)


def _mbr_image(path, files, boot_start, labels, cluster):
    """An MBR with a FAT32 and an ext4 partition, as most images have."""
    boot_size = {512: 36, 1024: 70}[cluster] * MIB
    root_start, root_size = boot_start + boot_size, 8 * MIB
    write_table(path, root_start + root_size,
                f"label: dos\nlabel-id: 0x{DISK_ID}\n"
                f"1 : start={boot_start // 512}, size={boot_size // 512}, "
                "type=c, bootable\n"
                f"2 : start={root_start // 512}, size={root_size // 512}, "
                "type=83\n")
    write_volume(path, boot_start, files, boot_size, labels[0], cluster)
    write_ext4(path, root_start, root_size, labels[1], ROOT_UUID)
    return Layout(1, 2, {1: boot_start, 2: root_start})


def make_ubuntu(path, files):
    return _mbr_image(path, files, MIB, ("system-boot", "writable"), 1024)


def make_raspberry_pi_os(path, files):
    return _mbr_image(path, files, 8 * MIB, ("bootfs", "rootfs"), 512)


def make_slots(path, files):
    """GPT: BOOTCONFIG, two boot partitions alike, two systems and data."""
    sizes = [4, 36, 36, 6, 6, 6]
    starts, position = [], 8
    for size in sizes:
        starts.append(position * MIB)
        position += size
    script = ["label: gpt"]
    for number, (start, size) in enumerate(zip(starts, sizes), 1):
        kind = BASIC_DATA if number <= 3 else LINUX
        unique = (f", uuid={SYSTEM_PARTUUID[number - 4]}" if number > 3
                  else "")
        script.append(f"{number} : start={start // 512}, "
                      f"size={size * MIB // 512}, type={kind}{unique}")
    write_table(path, (position + 8) * MIB, "\n".join(script) + "\n")
    chooser = disk.fat_volume(path, sizes[0] * MIB, 16, 512,
                              label="BOOTCONFIG", offset=starts[0])
    chooser.write("autoboot.txt", b"[all]\ntryboot_a_b=1\nboot_partition=2\n"
                                  b"[tryboot]\nboot_partition=3\n")
    for start in starts[1:3]:
        write_volume(path, start, files, 36 * MIB, "BOOT")
    for start, label in zip(starts[3:], ("system_a", "system_b", "data")):
        write_ext4(path, start, 6 * MIB, label)
    return Layout(2, 4, dict(enumerate(starts, 1)))


SHAPES = {"jammy": (make_ubuntu, jammy_files),
          "noble": (make_ubuntu, noble_files),
          "questing": (make_ubuntu, questing_files),
          "bookworm": (make_raspberry_pi_os, bookworm_files),
          "slots": (make_slots, slot_files)}


def _directory():
    directory = harness.session_directory() / "samples"
    directory.mkdir(exist_ok=True)
    return directory


@functools.lru_cache(maxsize=None)
def sample(shape):
    """The image of a shape, which nobody may change: (path, Layout)."""
    make, files = SHAPES[shape]
    path = _directory() / f"{shape}.img"
    return path, make(path, files())


@functools.lru_cache(maxsize=None)
def packed(shape, suffix):
    """The same, compressed: .xz, .gz, .zst or .bz2."""
    path, _ = sample(shape)
    program = {".xz": ("xz", "-0", "-T2"), ".gz": ("gzip", "-1"),
               ".zst": ("zstd", "-q", "-1"), ".bz2": ("bzip2", "-1")}[suffix]
    target = path.with_name(path.name + suffix)
    with target.open("wb") as file:
        run(*program, "-c", path, stdout=file)
    return target


def place(shape, path):
    """A copy of a sample at `path`; its Layout."""
    source, layout = sample(shape)
    run("cp", "--sparse=always", source, path)
    return layout


def small(path, files=None, size=8 * MIB, root=True):
    """A small FAT16 and ext4 image in the shape of Ubuntu's, made anew."""
    files = jammy_files() if files is None else files
    write_table(path, size + 8 * MIB,
                f"label: dos\nlabel-id: 0x{DISK_ID}\n"
                f"1 : start=2048, size={size // 512}, type=c, bootable\n"
                f"2 : start={2048 + size // 512}, size={6 * MIB // 512}, "
                "type=83\n")
    volume = disk.fat_volume(path, size, 16,
                             1024 if size <= 60 * MIB else 4096,
                             label="system-boot", offset=MIB)
    put_files(volume, files)
    if root:
        write_ext4(path, MIB + size, 6 * MIB, "writable", ROOT_UUID)
    return volume


def boot_ready(path):
    """A small image with an initrd that can mount its root over NBD."""
    return small(path, {**jammy_files(),
                        "initrd.img": initramfs_tools(JAMMY_KERNEL)})
